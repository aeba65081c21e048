"""Who the people of a workspace are: names, languages and rights, looked up beside the answers and kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from adapters.slack_app.client import Api
from adapters.slack_app.markup import Json, part, word
from bot.errors import PlatformError
from bot.messages import Right
from bot.pacing import Priority
from bot.tasks import Tasks

log = structlog.get_logger(__name__)

# Seconds after which somebody is looked up again, and after which a look-up that failed is.
FRESH: Final = 600.0
FAILED_FRESH: Final = 60.0
# Seconds that whatever depends on somebody's rights or language waits for them.
MEETING_PATIENCE: Final = 1.0
# People that are remembered, look-ups that are under way at once, and seconds that one may take.
REMEMBERED: Final = 20_000
LOOKUPS: Final = 32
LOOKUP_PATIENCE: Final = 15.0
_NAME_LIMIT: Final = 80
_ALL_RIGHTS: Final = frozenset(Right)
_ADMIN_MARKS: Final = ("is_admin", "is_owner", "is_primary_owner")

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody as far as they are known; `managed` are the ids of the workspaces and organisations they administer."""

    name: str = ""
    locale: str = ""
    managed: frozenset[str] = frozenset()
    stale_at: float = 0.0


class People:
    """Answers at once with what is known, and looks up what is not; `clock` counts seconds."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: OrderedDict[_Key, _Person] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Event] = {}
        self._tasks = Tasks()

    def name(self, workspace: str, user: str) -> str:
        """What somebody is called, "" while it is unknown: data written by a stranger."""
        return self._person(workspace, user).name

    def locale(self, workspace: str, user: str) -> str:
        """Somebody's language ("zh-CN", "en-US", …), "" while it is unknown."""
        return self._person(workspace, user).locale

    async def rights(self, workspace: str, user: str) -> frozenset[Right]:
        """What somebody may do; none when Slack does not say within a second."""
        if await self.meet(workspace, user):
            place = self._api.workspace(workspace)
            here = {workspace, place.organisation if place else ""}
            return _ALL_RIGHTS if self._person(workspace, user).managed & here else frozenset()
        log.info("slack.rights_unknown", workspace=workspace, user=user)
        return frozenset()

    async def meet(self, workspace: str, user: str) -> bool:
        """Wait until somebody has been looked up, if that was not done lately; whether it was within a second."""
        if self._person(workspace, user).stale_at > self._clock():
            return True
        under_way = self._under_way.get(self._key(workspace, user))
        if under_way is None:  # too many others are being looked up
            return False
        try:
            await asyncio.wait_for(under_way.wait(), MEETING_PATIENCE)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End the look-ups that are under way."""
        await self._tasks.cancel()

    def _key(self, workspace: str, user: str) -> _Key:
        home = self._api.workspace(workspace)
        return home.owner if home else workspace, user

    def _person(self, workspace: str, user: str) -> _Person:
        key = self._key(workspace, user)
        person = self._known.get(key, _Person())
        if person.stale_at <= self._clock() and key not in self._under_way and len(self._under_way) < LOOKUPS:
            self._under_way[key] = asyncio.Event()
            self._tasks.start(self._look_up(key, person))
        return person

    async def _look_up(self, key: _Key, before: _Person) -> None:
        try:
            person = await self._ask(key, before)
            self._known[key] = person
            self._known.move_to_end(key)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        finally:
            self._under_way.pop(key).set()

    async def _ask(self, key: _Key, before: _Person) -> _Person:
        workspace, user = key
        try:
            async with asyncio.timeout(LOOKUP_PATIENCE):
                answer = await self._api.paced(
                    workspace, "users.info", Priority.BACKGROUND, user=user, include_locale=True
                )
        except (PlatformError, TimeoutError) as error:
            log.info("slack.person_unknown", workspace=workspace, user=user, reason=str(error))
            # What they are called has hardly changed; what they may do is not taken for granted.
            return replace(before, managed=frozenset(), stale_at=self._clock() + FAILED_FRESH)
        home = self._api.workspace(workspace)
        person = read_person(part(answer, "user"), org_wide=bool(home and home.organisation))
        return replace(person, stale_at=self._clock() + FRESH)


def read_person(user: Json, *, org_wide: bool = False) -> _Person:
    """A user object of Slack's as far as it is needed, as the token of a workspace or of a whole organisation gets it.

    Admins of other organisations have no rights here.
    """
    profile = part(user, "profile")
    names = (word(profile, "display_name"), word(profile, "real_name"), word(user, "real_name"), word(user, "name"))
    name = next((said.strip() for said in names if said.strip()), "")
    return _Person(name[:_NAME_LIMIT], word(user, "locale"), frozenset(_managed(user, org_wide=org_wide) - {""}))


def _managed(user: Json, *, org_wide: bool) -> set[str]:
    if user.get("is_stranger") or user.get("deleted"):
        return set()
    of_grid = part(user, "enterprise_user")
    home, organisation = {word(user, "team_id")}, {word(of_grid, "enterprise_id")}
    if org_wide:
        # Slack docs, reference/objects/user-object: the marks of a user are about the one workspace that it names.
        return (home if _is_admin(user) else set[str]()) | (organisation if _is_admin(of_grid) else set[str]())
    both = home | organisation | set(of_grid.get("teams") or ())
    return both if _is_admin(user) or _is_admin(of_grid) else set()


def _is_admin(role: Json) -> bool:
    return any(role.get(mark) for mark in _ADMIN_MARKS)
