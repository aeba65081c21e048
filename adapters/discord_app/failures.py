"""From the failures of discord.py and aiohttp to the error tree."""

from __future__ import annotations

import asyncio
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
THREAD_EXISTS: Final = 160004
AUTOMOD: Final = 200000
AUTOMOD_TITLE: Final = 200001

_GONE = frozenset({UNKNOWN_CHANNEL, UNKNOWN_MESSAGE})
_TEXTS = {AUTOMOD: "automod", AUTOMOD_TITLE: "automod"}

# One call may take so many seconds, discord.py's own retries included.
CALL_TIMEOUT = 30.0


@asynccontextmanager
async def translated(*, seconds: float = CALL_TIMEOUT) -> AsyncGenerator[None, None]:
    """Bound a call in time and raise its failures as PlatformError and its kin."""
    try:
        async with asyncio.timeout(seconds):
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
        retry_after = error.response.headers.get("Retry-After")
        return PlatformError(said, retry_after=float(retry_after) if retry_after else None)
    if error.code in _GONE or error.status == 404:
        return PlatformGone(said)
    return PlatformRefused(said, text=_TEXTS.get(error.code, "refused"))
