"""What Discord says no with: HTTP status, code and sentence."""

from __future__ import annotations

from playground.discord.model import Json

# code: (HTTP status, sentence); Discord docs, topics/opcodes-and-status-codes#json. The statuses are as client
# libraries report them.
KNOWN: dict[int, tuple[int, str]] = {
    0: (404, "404: Not Found"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10014: (400, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later."),
    40005: (413, "Request entity too large"),
    40058: (400, "Cannot send messages in a forum channel"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow-up messages"),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "Thread is locked"),
    200000: (400, "Message was blocked by automatic moderation"),
}


class Refusal(Exception):
    """An answer that is not 2xx; `extra` goes into its JSON."""

    def __init__(self, code: int, *, status: int = 0, message: str = "", extra: Json | None = None) -> None:
        known_status, known_message = KNOWN.get(code, (400, "Bad Request"))
        self.code = code
        self.status = status or known_status
        self.body: Json = {"message": message or known_message, "code": code, **(extra or {})}
        super().__init__(f"{self.status} {code}: {self.body['message']}")


class Impossible(Exception):
    """What a person tried cannot be done in Discord's client: no such button, option or right."""


def invalid_form(problems: list[tuple[str, str, str]]) -> Refusal:
    """The refusal of a body; each problem is (path with dots, code, sentence)."""
    tree: Json = {}
    for path, code, sentence in problems:
        node = tree
        for step in path.split("."):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": sentence})
    return Refusal(50035, extra={"errors": tree})
