"""From the failures of discord.py and aiohttp to the error tree."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import discord

from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure

# Discord's JSON error codes (documentation, topics/opcodes-and-status-codes).
UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
UNKNOWN_WEBHOOK: Final = 10015
UNKNOWN_INTERACTION: Final = 10062
EDIT_LIMIT_OF_OLD_MESSAGES: Final = 30046
INVALID_WEBHOOK_TOKEN: Final = 50027
THREAD_ARCHIVED: Final = 50083
NO_HISTORY_TO_REPLY: Final = 160002
THREAD_EXISTS: Final = 160004
AUTOMOD: Final = 200000
AUTOMOD_TITLE: Final = 200001

# Refusals with status 400 that say something about the place, not about what we sent.
_STATE_OF_THE_PLACE: Final = frozenset({THREAD_ARCHIVED, NO_HISTORY_TO_REPLY, THREAD_EXISTS})
# An interaction's token that Discord knows no more, or never did.
EXPIRED: Final = frozenset({UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN, UNKNOWN_INTERACTION})

_GONE = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE})
_TEXTS = {AUTOMOD: "automod", AUTOMOD_TITLE: "automod"}
_BAD_REQUEST: Final = 400

# One call may take so many seconds, discord.py's own retries included.
CALL_TIMEOUT = 15.0


@asynccontextmanager
async def translated(*, within: float = CALL_TIMEOUT) -> AsyncGenerator[None, None]:
    """Bound a call in time and raise its failures as PlatformError and its kin."""
    try:
        async with asyncio.timeout(within):
            yield
    except discord.RateLimited as error:
        raise PlatformError("rate limited", retry_after=error.retry_after) from error
    except discord.DiscordServerError as error:
        raise PlatformUnsure(f"Discord answered {error.status}") from error
    except discord.HTTPException as error:
        raise of_answer(error) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise PlatformUnsure(f"no answer: {type(error).__name__}") from error


def of_answer(error: discord.HTTPException) -> PlatformError:
    """The meaning of an error that Discord answered."""
    said = f"Discord answered {error.status} (code {error.code})"
    if error.status == 429 or error.code == EDIT_LIMIT_OF_OLD_MESSAGES:
        return PlatformError(said, retry_after=number_of(error.response.headers.get("Retry-After")))
    if error.code in _GONE or error.status == 404:
        return PlatformGone(said)
    ours = "unpostable" if error.status == _BAD_REQUEST and error.code not in _STATE_OF_THE_PLACE else "refused"
    return PlatformRefused(said, text=_TEXTS.get(error.code, ours))


def code_of(error: PlatformError) -> int:
    """The code that Discord answered, 0 when the error was no answer of Discord's."""
    cause = error.__cause__
    return cause.code if isinstance(cause, discord.HTTPException) else 0


def number_of(header: str | None) -> float | None:
    """A header's number; None for what is none: Discord's edge also sends dates."""
    try:
        number = float(header or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
