"""The Web API of a stand-in in which the app is installed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

from adapters.slack_app.client import GUESSES, Api, Workspace
from bot.messages import Address, Ask, Author
from bot.pacing import Governor
from playground.slack.model import Channel, ChannelKind
from playground.slack.people import Person
from playground.slack.server import SlackStandIn


@asynccontextmanager
async def installed(place: SlackStandIn) -> AsyncGenerator[Api]:
    """Calls as the bot of the first workspace."""
    api = Api(Governor(overall=None, headers=False, sharing=(), guesses=GUESSES), url=place.url)
    team = place.team
    us = Workspace(team.id, team.id, team.name, place.bot_token, place.bot_user.id, team.bot_id, agent=True)
    api.add(replace(us, organisation=team.enterprise).within("") if place.organisation else us)
    try:
        yield api
    finally:
        await api.close()


def asked(
    person: Person, channel: Channel, *, message: str = "", thread: str = "", response_url: str = "", locale: str = ""
) -> Ask:
    """A question of somebody's in a channel, where the tests need no more of it."""
    home = person.team.id
    direct = channel.kind is ChannelKind.DM
    return Ask(
        key=f"slack/{home}:{channel.id}:{message}",
        conversation=f"slack/{home}/{channel.id}/{thread or message}",
        address=Address("slack", home, f"{home}.{channel.id}", thread, locale, direct=direct),
        author=Author(f"{home}.{person.id}", person.name),
        text="why?",
        at=0.0,
        message=message,
        origin={"response_url": response_url} if response_url else {},
    )
