"""Whether a provider would take a request: its fields, its model, and the order of its messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from playground.glm import media
from playground.glm.exchange import text_of
from playground.glm.models import MODELS, Served
from playground.glm.refusals import Problem, Reason
from playground.glm.rules import BODIES
from playground.glm.tokens import prompt_tokens

Body = Mapping[str, Any]
# docs.z.ai, the page of the tokenizer.
_COUNTED = frozenset({"model", "messages", "tools"})
_COUNTING = frozenset({"glm-4.6", "glm-4.6v", "glm-4.5"})


def check(provider: str, body: Body) -> Problem | None:
    """The first thing that this provider would refuse about a body, None when it would take it."""
    shape = BODIES[provider]
    if missing := shape.missing(body):
        return Problem(Reason.MISSING, missing)
    served = MODELS[provider].get(str(body["model"]))
    if served is None:
        return Problem(Reason.NO_MODEL, str(body["model"]))
    if complaint := shape.complaint(body, ""):
        return Problem(Reason.MESSAGES if complaint.startswith("messages") else Reason.PARAMETER, complaint)
    problems = (test(body, served) for test in _TESTS[provider])
    return next((problem for problem in problems if problem), None)


def check_submit(provider: str, body: Body) -> Problem | None:
    """The first thing that the provider would refuse about a request for an answer to be fetched later."""
    served = MODELS[provider].get(str(body.get("model")))
    if served is not None and not served.background:
        return Problem(Reason.NO_SUCH_CALL, str(body["model"]))
    if body.get("stream"):
        return Problem(Reason.PARAMETER, "stream: an answer to be fetched later is none")
    return check(provider, body)


def check_count(provider: str, body: Body) -> Problem | None:
    """The first thing that the provider would refuse about a prompt of which only the tokens are asked for."""
    strange = body.keys() - _COUNTED
    if strange:
        return Problem(Reason.PARAMETER, f"{min(strange)}: not a known field")
    problem = check(provider, body)
    if problem is None and body["model"] not in _COUNTING:
        problem = Problem(Reason.NO_SUCH_CALL, str(body["model"]))
    return problem


def _check_budget(body: Body, served: Served) -> Problem | None:
    if body.get("max_tokens", 1) > served.output:
        return Problem(Reason.PARAMETER, f"max_tokens: more than {served.output}")
    return None


def _check_thinking(body: Body, served: Served) -> Problem | None:
    thinking: Body | None = body.get("thinking")
    wanted = thinking["type"] if thinking else None
    if wanted is not None and wanted not in served.thinking:
        return Problem(Reason.PARAMETER, "This model always engages in thinking and cannot be disabled, or has none")
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in served.efforts:
        return Problem(Reason.PARAMETER, f"reasoning_effort: not one of {sorted(served.efforts)}")
    return None


def _check_media(body: Body, served: Served) -> Problem | None:
    complaint = media.complaint(body["messages"], served)
    return Problem(Reason.PARAMETER, complaint) if complaint else None


def _check_tools(body: Body, served: Served) -> Problem | None:
    searches = any(tool["type"] == "web_search" for tool in body.get("tools", ()))
    complaints = (
        ("tools: this model takes none", body.get("tools") and not served.tools),
        ("tools.type: models that see take functions only", searches and (served.images or served.videos)),
        ("tool_stream: this model does not know it", body.get("tool_stream") and not served.tool_stream),
        ("tool_stream: without stream", body.get("tool_stream") and not body.get("stream")),
    )
    return next((Problem(Reason.PARAMETER, why) for why, wrong in complaints if wrong), None)


def _check_order(body: Body, served: Served) -> Problem | None:
    messages: Sequence[Body] = body["messages"]
    roles = [message["role"] for message in messages]
    systems = roles.count("system")
    complaints = (
        ("system: not a role of this model", systems and not served.system),
        ("system: more than one, or not first", systems > 1 or "system" in roles[1:]),
        ("the first message after system must be the user's", roles[systems : systems + 1] != ["user"]),
        ("Input cannot be empty", any(_is_empty(message) for message in messages)),
        ("tool calls and results do not match", not _tools_match(messages)),
    )
    return next((Problem(Reason.MESSAGES, f"messages 参数非法: {why}") for why, wrong in complaints if wrong), None)


def _is_empty(message: Body) -> bool:
    if message["role"] == "tool" or "tool_calls" in message:
        return False
    content = message.get("content")
    return not content if isinstance(content, list) else not text_of(message).strip()


def _tools_match(messages: Sequence[Body]) -> bool:
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return False
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            return False
        else:
            open_calls = {call["id"] for call in message.get("tool_calls", ())}
    return not open_calls


def _check_length(body: Body, served: Served) -> Problem | None:
    if prompt_tokens(body["messages"]) > served.context:
        return Problem(Reason.TOO_LONG, f"Prompt exceeds max length {served.context}")
    return None


Test = Callable[[Body, Served], Problem | None]
_ZHIPU: tuple[Test, ...] = (_check_budget, _check_thinking, _check_media, _check_tools, _check_order, _check_length)
_RESELLER: tuple[Test, ...] = (_check_budget, _check_length)
_TESTS: Mapping[str, tuple[Test, ...]] = {
    "bigmodel": _ZHIPU,
    "zai": _ZHIPU,
    "aimlapi": _RESELLER,
    "acedata": _RESELLER,
}
