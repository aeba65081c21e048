"""The command line."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot import logs, settings
from bot.errors import OperatorError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a mistake of the operator ends with status 2 and one line per problem on standard error."""
    given = parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], None] = given.act
    try:
        act(given)
    except OperatorError as error:
        print(error, file=sys.stderr)  # noqa: T201  # the command line's own words
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def parser() -> argparse.ArgumentParser:
    """What can be given on the command line; `act` of the result is the function that does it."""
    made = argparse.ArgumentParser(prog="glimmer", description="Answers in Discord and Slack with GLM models.")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="answer, until stopped")
    run.set_defaults(act=_run)
    play = commands.add_parser("play", help="try the bot with stand-ins for Discord, Slack and GLM")
    play.add_argument("--demo", action="store_true", help="play a scripted conversation and exit")
    play.set_defaults(act=_play)
    backup = commands.add_parser("backup", help="copy the database while the bot runs")
    backup.add_argument("target", help="the file to write")
    backup.set_defaults(act=_backup)
    export = commands.add_parser("export", help="write what is kept of somebody, or of a conversation, into a file")
    export.add_argument("target", help="the file to write; it must not be there yet")
    export.add_argument("--user", default="", help="whose questions, as platform/id")
    export.add_argument("--conversation", default="", help="the id of a conversation")
    export.add_argument("--format", default="md", choices=["md", "json"], help="md (Markdown) unless json is given")
    export.set_defaults(act=_export)
    forget = commands.add_parser("forget", help="remove what is kept of somebody, while the bot runs")
    forget.add_argument("user", help="who, as platform/id")
    forget.add_argument("--conversation", default="", help="only what is in the conversation with this id")
    forget.set_defaults(act=_forget)
    invite = commands.add_parser("invite", help="print the link that adds the bot to a server")
    invite.add_argument("platform", choices=["discord"])
    invite.set_defaults(act=_invite)
    manifest = commands.add_parser("manifest", help="print the manifest from which an app is made")
    manifest.add_argument("platform", choices=["slack"])
    manifest.add_argument("--url", default="", help="take events over HTTP at this public address, not over a socket")
    manifest.set_defaults(act=_manifest)
    doctor = commands.add_parser("doctor", help="say what is missing on each platform, and what to do about it")
    doctor.set_defaults(act=_doctor)
    return made


def _run(_given: argparse.Namespace) -> None:
    loaded = settings.load()
    settings.require_run(loaded)
    logs.configure(loaded.log_level, loaded.log_format)
    # What is imported stays: to look for garbage meanwhile takes 26 ms of the start, and to look through all of it
    # again 20 to 50 ms of each full collection.
    gc.disable()
    from bot.service import serve

    gc.freeze()
    gc.enable()
    asyncio.run(serve(loaded))


def _play(given: argparse.Namespace) -> None:
    from playground.play import play

    raise SystemExit(asyncio.run(play(demo=given.demo or not sys.stdout.isatty())))


def _backup(given: argparse.Namespace) -> None:
    from storage.sqlite import SqliteStore

    async def copy() -> None:
        async with SqliteStore.open(settings.load().database_path, exclusive=False) as store:
            await store.backup(given.target)

    asyncio.run(copy())


def _export(given: argparse.Namespace) -> None:
    from bot import archivist

    meant = archivist.whose(given.user, given.conversation)
    asyncio.run(archivist.export(settings.load(), meant, given.format, Path(given.target)))


def _forget(given: argparse.Namespace) -> None:
    from bot import archivist

    meant = archivist.whose(given.user, given.conversation)
    for line in asyncio.run(archivist.forget(settings.load(), meant)):
        print(line)  # noqa: T201  # the command's answer


def _invite(_given: argparse.Namespace) -> None:
    from adapters.discord_app.invite import invitation

    loaded = settings.load()
    if loaded.discord_token is None:
        raise OperatorError("DISCORD_TOKEN: not set; the link is made from the token's application")
    print(asyncio.run(invitation(loaded.discord_token.get_secret_value(), loaded.discord_api_url)))  # noqa: T201  # the command's answer


def _manifest(given: argparse.Namespace) -> None:
    from adapters.slack_app.manifest import manifest

    if given.url and not given.url.startswith("https://"):
        raise OperatorError("--url: must begin with https://, since Slack sends events to no other address")
    print(json.dumps(manifest(socket_mode=not given.url, url=given.url), indent=2))  # noqa: T201  # the command's answer


def _doctor(_given: argparse.Namespace) -> None:
    from bot.doctor import examine

    loaded = settings.load()
    settings.require_run(loaded)
    logs.configure("ERROR", loaded.log_format)
    raise SystemExit(asyncio.run(examine(loaded)))


if __name__ == "__main__":
    main()
