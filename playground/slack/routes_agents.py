"""Methods about agents: their sessions, status lines, suggested prompts and titles."""

from __future__ import annotations

from typing import Any, cast

from playground.slack.calls import Context, method
from playground.slack.model import Channel, Json
from playground.slack.refusals import Refusal
from playground.slack.tiers import STATUSES_A_MINUTE

STATUSES = ("active", "processing", "suspended", "closed")  # Slack docs, reference/methods/agents.sessions.setStatus
STOP_EVENT = "agent_session_stopped"  # without it Slack shows no Stop, and warns; same page
MAX_TITLE = 200  # characters; reported, KiroCrew#9822
LINE_LIFETIME = 120.0  # s; Slack docs, reference/methods/assistant.threads.setStatus: a timeout of two minutes
MAX_LOADING, MAX_LOADING_TEXT = 10, 50  # same page
MAX_PROMPTS = 4  # Slack docs, reference/methods/assistant.threads.setSuggestedPrompts


def set_session(context: Context, channel: Channel, thread: str, status: str) -> None:
    """Bring the session of a thread into a state; apps that are no agents have none."""
    if context.team.agent:
        session = context.world.session(channel.id, thread)
        if session.status != status:
            session.status = status
            context.service.note("status", channel.id, thread, context.bot.id, status)


def set_status(context: Context) -> Json:
    """Create a session or change its state."""
    channel, thread = _place(context)
    status, title = context.text("status"), context.text("title")
    if status not in STATUSES:
        raise _one_of("status", STATUSES)
    _check_title(title)
    set_session(context, channel, thread, status)
    if STOP_EVENT not in context.service.deliver.subscribed:
        context.warnings.append(f"missing_{STOP_EVENT}_event_subscription")
    if title:
        context.world.session(channel.id, thread).title = title
    return {}


def rename(context: Context) -> Json:
    """Name a session that is there."""
    channel, thread = _place(context)
    session = context.world.sessions.get((channel.id, thread))
    if session is None or not session.status:
        raise Refusal("session_not_found")
    _check_title(context.text("title"))
    session.title = context.text("title")
    context.service.note("title", channel.id, thread, context.bot.id, session.title)
    return {}


def set_line(context: Context) -> Json:
    """Show a status line below a thread for two minutes; an empty one takes it away."""
    channel = context.joined("channel_id")
    thread = context.stamp("thread_ts", "invalid_thread_ts")
    loading = context.args.get("loading_messages", [])
    if len(loading) > MAX_LOADING or any(len(str(text)) > MAX_LOADING_TEXT for text in loading):
        sentence = f"no more than {MAX_LOADING} items of {MAX_LOADING_TEXT} characters [json-pointer:/loading_messages]"
        raise Refusal("invalid_arguments", messages=[sentence], broken="loading_messages beyond their limits")
    session = context.world.session(channel.id, thread)
    session.line, session.loading_messages = context.text("status"), loading
    session.line_ends = context.world.clock.now() + LINE_LIFETIME
    context.service.note("status", channel.id, thread, context.bot.id, session.line)
    return {}


def set_title(context: Context) -> Json:
    """Name a thread of the app."""
    channel = context.joined("channel_id")
    thread, title = context.stamp("thread_ts", "invalid_thread_ts"), context.text("title")
    context.world.session(channel.id, thread).title = title
    context.service.note("title", channel.id, thread, context.bot.id, title)
    return {}


def set_prompts(context: Context) -> Json:
    """Suggest what to ask; with a thread it silently does nothing for an agent app (reported)."""
    channel = context.joined("channel_id")
    prompts = _prompts(context.args["prompts"])
    thread = context.stamp("thread_ts", "invalid_thread_ts")
    if not context.team.agent and not thread:
        raise Refusal("not_agent_app")
    if context.team.agent and thread:
        context.breach("assistant.threads.setSuggestedPrompts with thread_ts does nothing in an agent app")
        return {}
    context.world.prompts[channel.id] = prompts
    titles = "\n".join(p["title"] for p in prompts)
    context.service.note("prompts", channel.id, thread, context.bot.id, titles)
    return {}


def _place(context: Context) -> tuple[Channel, str]:
    """Channel and thread of a session, if the app is an agent."""
    if not context.team.agent:
        raise Refusal("not_authorized")
    return context.joined("channel_id"), context.stamp("thread_ts", "invalid_thread_ts")


def _check_title(title: str) -> None:
    if len(title) > MAX_TITLE:
        sentence = f"must be less than {MAX_TITLE + 1} characters [json-pointer:/title]"
        raise Refusal("invalid_arguments", messages=[sentence], broken=f"a session title of {len(title)} characters")


def _prompts(given: list[Any]) -> list[Json]:
    prompts = [cast("Json", p) for p in given if isinstance(p, dict)]
    whole = [p for p in prompts if isinstance(p.get("title"), str) and isinstance(p.get("message"), str)]
    if len(whole) != len(given) or not 1 <= len(given) <= MAX_PROMPTS:
        sentence = f"between 1 and {MAX_PROMPTS} prompts with title and message [json-pointer:/prompts]"
        raise Refusal("invalid_arguments", messages=[sentence], broken="suggested prompts beyond their limits")
    return whole


def _one_of(name: str, allowed: tuple[str, ...]) -> Refusal:
    sentence = f"must be one of: {', '.join(allowed)} [json-pointer:/{name}]"
    return Refusal("invalid_arguments", messages=[sentence], broken=sentence)


_LOOK = "icon_emoji icon_url username"
METHODS = [
    method(
        "agents.sessions.setStatus",
        set_status,
        "t3",
        "chat:write",
        f"channel_id! status! thread_ts title initiator_user_id {_LOOK}",
    ),
    method("agents.sessions.rename", rename, "t3", "chat:write", "channel_id! title! thread_ts"),
    method(
        "assistant.threads.setStatus",
        set_line,
        STATUSES_A_MINUTE,
        "chat:write",
        f"channel_id! thread_ts! status! loading_messages:list {_LOOK}",
    ),
    method("assistant.threads.setTitle", set_title, "t4", "assistant:write", "channel_id! thread_ts! title!"),
    method(
        "assistant.threads.setSuggestedPrompts",
        set_prompts,
        "t4",
        "assistant:write",
        "channel_id! prompts:list! thread_ts title",
    ),
]
