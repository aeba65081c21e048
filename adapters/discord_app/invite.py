"""The link that adds the bot to a server, with the permissions that it uses and no others."""

from __future__ import annotations

import aiohttp
import discord

from adapters.discord_app.client import RestTrace, intents, log_in
from bot.errors import OperatorError
from bot.pacing import Governor


def permissions() -> discord.Permissions:
    """What the bot needs: to read and answer, to make threads, and to attach long answers."""
    return discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        create_public_threads=True,
        read_message_history=True,
        attach_files=True,
        add_reactions=True,
    )


async def invitation(token: str, api_url: str) -> str:
    """The link; raises OperatorError when Discord refuses the token or cannot be reached."""
    try:
        client = await log_in(token, api_url, intents(), RestTrace(Governor(overall=None)))
    except discord.LoginFailure:
        raise OperatorError("DISCORD_TOKEN: Discord refused the token") from None
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise OperatorError(f"DISCORD_API_URL: Discord cannot be reached ({type(error).__name__})") from None
    application = client.application_id or 0
    await client.close()
    return discord.utils.oauth_url(application, permissions=permissions(), scopes=("bot", "applications.commands"))
