"""`glimmer run`: all parts wired together, from the first claim to the last hand-back."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from adapters.discord_app.app import DiscordAdapter, DiscordSettings
from bot import web
from bot.attachments import Attachments
from bot.core import Adapters, Decisions, Parts, assemble
from bot.dispatch import Dispatcher, Policy
from bot.errors import OperatorError
from bot.glm.answer import Bounds
from bot.glm.client import GlmModel, ProviderSettings
from bot.glm.wire import Options
from bot.pacing import Budget, Governor, Overall
from bot.ports import Adapter, Memory, Model, Store
from bot.questions import Terms
from bot.rulebooks import Operator
from bot.rules import Book, Ruleset, Verdict, read_quota
from bot.settings import Settings
from bot.tool_commands import Tools
from bot.tools.box import Toolbox
from bot.tools.commands import as_commands
from bot.tools.mcp_config import configured
from bot.tools.mcp_servers import McpServers
from bot.tools.registry import discover
from storage.blobs import BlobFolder
from storage.sqlite import SqliteStore

log = structlog.get_logger(__name__)

# How long running turns may take to end or be handed back after SIGTERM, in seconds.
DRAIN = 8.0
# The part of the requests a second that is left to calls which are not ours to pace: the gateway's, and retries.
SPARED = 0.04
# Warming imports what a connection needs, 50 ms: seconds after which the platforms' logins wait for their answers.
_WARM_AFTER = 0.05
_SALT = "salt"
# Discord does not say how many threads may be made. A guess that is too high costs one refusal, after which an answer
# becomes a reply; one that is too low would make replies of answers that could have had their thread.
_GUESSES = {"thread": Budget(limit=50, window=300.0)}


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that is turned on; `hooks` are where it sends its events over HTTP, by path."""

    adapter: Adapter
    governor: Governor
    hooks: Mapping[str, web.Hook] = field(default_factory=dict[str, web.Hook])


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises OperatorError for what only the operator can mend."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        opened = SqliteStore.open(settings.database_path, synchronous=settings.database_sync)
        store = await stack.enter_async_context(opened)
        salt = await _salt(store)
        model = _model(settings, salt)
        stack.push_async_callback(model.aclose)
        toolbox = Toolbox(discover(), _services(settings))
        stack.push_async_callback(toolbox.aclose)
        servers = _mcp_servers(settings, toolbox)
        stack.push_async_callback(servers.close)
        platforms = _platforms(settings, store, model, as_commands(toolbox.commands))
        adapters = {part.adapter.name: (part.adapter, part.governor) for part in platforms}
        attachments = _attachments(settings, store)
        stack.push_async_callback(attachments.close)
        core = assemble(Parts(store, model, adapters, attachments, toolbox), _decisions(settings, model, salt))
        stack.push_async_callback(core.close)
        health = web.serve(
            settings.host,
            settings.port,
            lambda: {part.adapter.name: part.adapter.ready for part in platforms},
            {path: hook for part in platforms for path, hook in part.hooks.items()},
        )
        port = await stack.enter_async_context(health)
        log.info("service.started", port=port, adapters=sorted(adapters), models=len(model.models()))
        for beside in (_warm(model), attachments.run(), core.jobs.run(), servers.run()):
            stack.callback(asyncio.create_task(beside).cancel)
        await _run(core.dispatcher, adapters, stop)
        log.info("service.stopped")


def _mcp_servers(settings: Settings, toolbox: Toolbox) -> McpServers:
    secrets_of = settings.mcp_secrets.get_secret_value() if settings.mcp_secrets else ""
    return McpServers(configured(settings.mcp_servers, secrets_of), toolbox)


async def _warm(model: GlmModel) -> None:
    await asyncio.sleep(_WARM_AFTER)
    await model.warm()


async def _salt(memory: Memory) -> str:
    """A random key of this database, under which providers know our users."""
    salt = await memory.recall(_SALT)
    if salt is None:
        salt = secrets.token_hex(16)
        await memory.remember(_SALT, salt)
    return salt


def _model(settings: Settings, salt: str) -> GlmModel:
    providers = [ProviderSettings(name, key, url) for name, (key, url) in settings.provider_keys().items()]
    options = Options(creativity=settings.glm_creativity, stream=settings.glm_stream)
    bounds = Bounds(silence=settings.glm_patience)
    return GlmModel(providers, user_salt=salt, options=options, bounds=bounds, fallbacks=settings.glm_fallbacks)


def _services(settings: Settings) -> Mapping[str, str]:
    """The services that tools are to find elsewhere than usual, by the tools' names for them."""
    roots = {"geocoding": settings.geocoding_url, "forecast": settings.weather_url}
    return {name: root for name, root in roots.items() if root}


def _platforms(settings: Settings, memory: Memory, model: Model, tools: Tools) -> Sequence[Platform]:
    names = [info.name for info in model.models()]
    platforms: list[Platform] = []
    if settings.discord_token is not None:
        platforms.append(_discord(settings, settings.discord_token.get_secret_value(), memory, names, tools))
    if settings.slack_bot_token is not None:
        platforms.append(_slack(settings, settings.slack_bot_token.get_secret_value(), names, tools))
    return platforms


def _discord(settings: Settings, token: str, memory: Memory, names: Sequence[str], tools: Tools) -> Platform:
    a_second = settings.discord_requests_per_second
    overall = Overall(limit=a_second - round(a_second * SPARED), window=1.0) if a_second else None
    governor = Governor(overall=overall, guesses=_GUESSES)
    discord = DiscordSettings(
        token,
        settings.discord_api_url,
        settings.discord_threads,
        frozenset(settings.discord_reply_channels),
    )
    return Platform(DiscordAdapter(discord, memory, governor, model_names=names, tools=tools), governor)


def _slack(settings: Settings, token: str, names: Sequence[str], tools: Tools) -> Platform:
    # Imported on use: Bolt would cost a bot on Discord alone a third of its start.
    from adapters.slack_app.app import SlackAdapter, SlackSettings
    from adapters.slack_app.client import GUESSES

    # Slack's answers do not tell what remains of a limit.
    governor = Governor(overall=None, guesses=GUESSES, sharing=(), headers=False)
    app_token, secret = settings.slack_app_token, settings.slack_signing_secret
    slack = SlackSettings(
        token,
        app_token.get_secret_value() if app_token else "",
        secret.get_secret_value() if secret else "",
        settings.slack_api_url,
        settings.slack_stream,
        settings.slack_strangers,
        settings.slack_operator,
    )
    adapter = SlackAdapter(slack, governor, model_names=names, tools=tools)
    return Platform(adapter, governor, {"/slack/events": adapter.hook})


def blobs_of(settings: Settings) -> BlobFolder:
    """Where files are kept: beside the database."""
    path = Path(settings.database_path)
    return BlobFolder(path.with_name(f"{path.name}.files"))


def _attachments(settings: Settings, store: Store) -> Attachments:
    return Attachments(
        store, blobs_of(settings), limit=settings.file_megabytes * 1_000_000, age=settings.file_days * 86_400.0
    )


def _decisions(settings: Settings, model: Model, salt: str) -> Decisions:
    names = [info.name for info in model.models()]
    seeing = [info.name for info in model.models() if info.images]
    return Decisions(
        Policy(settings.follow_up, settings.queue_limit, settings.max_turns),
        Terms(
            settings.system_prompt,
            settings.prompt_tokens,
            salt.encode(),
            _offered("GLM_VISION_MODEL", settings.glm_vision_model, seeing),
        ),
        _offered("GLM_MODEL", settings.glm_model, names) or names[0],
        _offered("GLM_SUMMARY_MODEL", settings.glm_summary_model, names),
        settings.glm_web_search,
        Operator(frozenset(settings.admins), _book(settings)),
        frozenset(settings.link_hosts),
    )


def _book(settings: Settings) -> Book:
    """The rules that stand in the settings."""
    allowed = dict.fromkeys(settings.access_allow, Verdict.ALLOW)
    denied = dict.fromkeys(settings.access_deny, Verdict.DENY)
    book = Book(Ruleset({**allowed, **denied}, Verdict.DENY if settings.default_deny else None))
    for text in settings.quotas:
        subject, unit, amount = read_quota(text)
        book = book.with_quota(subject, {**book.quotas.get(subject, {}), unit: amount})
    return book


def _offered(variable: str, name: str, names: Sequence[str]) -> str:
    """The name, "" if none was set; raises OperatorError for one that is not among those offered."""
    if name and name not in names:
        raise OperatorError(f"{variable}: no configured provider offers {name!r}; choose from {list(names)}")
    return name


async def _until(event: asyncio.Event) -> None:
    await event.wait()


async def _run(dispatcher: Dispatcher, adapters: Adapters, stop: asyncio.Event) -> None:
    """Run everything until `stop`, then let turns end or hand them back; raises what the first part to fail raised."""
    parts = [asyncio.create_task(dispatcher.run(), name="dispatcher")]
    parts += [asyncio.create_task(adapter.run(dispatcher), name=name) for name, (adapter, _) in adapters.items()]
    stopped = asyncio.create_task(_until(stop))
    try:
        done, _ = await asyncio.wait([*parts, stopped], return_when=asyncio.FIRST_COMPLETED)
        log.info("service.draining", turns=dispatcher.load)
        await dispatcher.drain(DRAIN)
        for part in done - {stopped}:
            part.result()
    finally:
        for adapter, _ in adapters.values():
            await adapter.close()
        for part in (*parts, stopped):
            part.cancel()
        await asyncio.gather(*parts, stopped, return_exceptions=True)
