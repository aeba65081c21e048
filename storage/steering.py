"""What controls do: look turns up, stop, drop, withdraw, reset, reopen; and what is set and remembered."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.completion import ToolCall
from bot.messages import Address, Ask
from bot.ports import Summary
from storage import audit
from storage.connection import Transaction
from storage.rows import dump_ask, load_ask, load_summary


def turn(tx: Transaction, number: int) -> Summary | None:
    """A turn by its number."""
    row = tx.one("turn", turn=number)
    return None if row is None else load_summary(row)


def find_turn(tx: Transaction, query: str, value: str) -> Summary | None:
    """The turn that a query finds by its only parameter."""
    row = tx.one(query, value=value)
    return None if row is None or row["turn"] is None else turn(tx, row["turn"])


def forget_post(tx: Transaction, ref: str) -> None:
    """Forget a message of ours whose turn is delivered."""
    tx.run("forget_post", ref=ref)


def newest_conversation(tx: Transaction, address: Address, author: str) -> str:
    """Where this author asked last in this channel."""
    row = tx.one("newest_conversation", platform=address.platform, channel=address.channel, author=author)
    return "" if row is None else row["conversation"]


def drop_waiting(tx: Transaction, conversation: str, author: str) -> list[Ask]:
    """Drop this author's waiting mail, and return it oldest first."""
    rows = tx.all("waiting_of_author", conversation=conversation, author=author)
    for row in rows:
        tx.run("drop_ask", seq=row["seq"])
    tx.run("schedule", conversation=conversation)
    return [load_ask(row["body"]) for row in rows]


def rewrite_question(tx: Transaction, key: str, text: str, call: ToolCall | None) -> None:
    """Replace an ask's text and call unless it is being answered."""
    row = tx.one("ask_by_key", key=key)
    if row is None or row["body"] is None or row["forgotten"] or _running(tx, row["turn"]):
        return
    tx.run("rewrite_ask", seq=row["seq"], body=dump_ask(reworded(load_ask(row["body"]), text, call)))


def reworded(ask: Ask, text: str, call: ToolCall | None) -> Ask:
    """An ask in other words; a call is answered alone."""
    return replace(ask, text=text, call=call, alone=ask.alone or call is not None)


def _running(tx: Transaction, number: int | None) -> bool:
    found = None if number is None else turn(tx, number)
    return found is not None and found.state == "running"


def withdraw_question(tx: Transaction, key: str) -> bool:
    """Drop an ask or a note, also out of its turn; with its last ask a turn leaves the history, and has no job."""
    row = tx.one("ask_by_key", key=key)
    if row is None:
        return False
    # A note, too, is part of what its turn asked.
    if row["turn"] is not None:
        tx.run("forget_summaries", turn=row["turn"])
    if row["state"] == "asked":
        if not tx.run("drop_one_of_several", seq=row["seq"]):
            tx.run("withdraw_turn", turn=row["turn"])
            tx.run("cancel_job", turn=row["turn"])
        return False
    tx.run("drop_ask", seq=row["seq"])
    tx.run("schedule", conversation=row["conversation"])
    return row["state"] == "waiting"


def request_stop(tx: Transaction, number: int) -> None:
    """Mark a turn as stopped, and let one that waits for people be taken up at once."""
    for row in tx.all("request_stop", turn=number):
        tx.run("schedule", conversation=row["conversation"])


def stop_requested(tx: Transaction, number: int) -> bool:
    """Whether a turn is marked as stopped."""
    row = tx.one("stop_requested", turn=number)
    return row is not None and bool(row["stop"])


def reset(tx: Transaction, conversation: str) -> None:
    """Begin the history anew; notes that no turn has used leave with it."""
    tx.run("reset", conversation=conversation)
    tx.run("trim_notes", conversation=conversation, keep=0)


def rate(tx: Transaction, number: int, author: str, score: int) -> None:
    """Keep what somebody thinks of an answer."""
    tx.run("rate", turn=number, author=author, score=score)


def ratings(tx: Transaction, number: int) -> dict[str, int]:
    """What people think of an answer."""
    return {row["author"]: row["score"] for row in tx.all("ratings", turn=number)}


def reopen(tx: Transaction, number: int, keep: Collection[str]) -> bool:
    """Put the last turn of its conversation up to be asked again, of its calls with those of the tools to `keep`."""
    row = tx.one("reopen", turn=number)
    if row is None:
        return False
    tx.run("forget_seals", turn=number)
    tx.run("keep_calls", turn=number, tools=json.dumps(sorted(keep)))
    tx.run("cancel_job", turn=number)
    tx.run("schedule", conversation=row["conversation"])
    return True


def settings(tx: Transaction, names: Sequence[str], scopes: Sequence[str]) -> dict[tuple[str, str], str]:
    """The values of settings by name and scope."""
    rows = tx.all("settings", names=json.dumps(list(names)), scopes=json.dumps(list(scopes)))
    return {(row["name"], row["scope"]): row["value"] for row in rows}


def set_setting(tx: Transaction, scope: str, name: str, value: str | None, by: str) -> None:
    """Set or remove a value, and note what that changes for an actor."""
    row = tx.one("setting", scope=scope, name=name)
    before = None if row is None else row["value"]
    if by and before != value:
        audit.note_change(tx, by, scope, name, before, value)
    if value is None:
        tx.run("unset_setting", scope=scope, name=name)
    else:
        tx.run("set_setting", scope=scope, name=name, value=value)


def recall(tx: Transaction, name: str) -> str | None:
    """A value kept for an adapter."""
    row = tx.one("recall", name=name)
    return None if row is None else row["value"]


def remember(tx: Transaction, name: str, value: str) -> None:
    """Keep a value for an adapter."""
    tx.run("remember", name=name, value=value)


def active_channels(tx: Transaction, platform: str, since: float) -> list[str]:
    """Channels outside any workspace with asks since then, the latest first."""
    return [row["channel"] for row in tx.all("active_channels", platform=platform, since=since)]
