from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.slack_app.home import DEFAULT, MAX_OPTION, MAX_OPTIONS, Home, view
from adapters.slack_app.people import People
from playground.slack.server import SlackStandIn
from tests.unit.adapters.slack_app.installed import installed

MINE, OURS = "glm:home:me", "glm:home:workspace"


@dataclass
class Shelf:
    """Models, and who chose which."""

    models: list[str] = field(default_factory=lambda: ["glm-one", "glm-two"])
    choices: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def names(self) -> Sequence[str]:
        return self.models

    async def chosen(self, workspace: str, author: str) -> Mapping[str, str]:
        return self.choices.get(author, {})


@dataclass
class Desk:
    """App Home at a stand-in."""

    place: SlackStandIn
    home: Home
    shelf: Shelf


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with SlackStandIn() as place, installed(place) as api:
        people, shelf = People(api), Shelf()
        yield Desk(place, Home(api, people, shelf), shelf)
        await people.close()
        assert place.violations == []


def menus(page: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """The menus of a page by their action ids."""
    assert page is not None
    found = [block["accessory"] for block in page["blocks"] if "accessory" in block]
    return {menu["action_id"]: menu for menu in found}


def words(page: Mapping[str, Any] | None) -> str:
    assert page is not None
    return "\n".join(block["text"]["text"] for block in page["blocks"] if "text" in block)


async def test_everybody_may_choose_their_own_model(desk: Desk) -> None:
    ann = desk.place.person("ann")
    await desk.home.publish(ann.team.id, ann.id)
    found = menus(ann.home_view())
    assert list(found) == [MINE]
    assert [option["value"] for option in found[MINE]["options"]] == [DEFAULT, "glm-one", "glm-two"]


async def test_admins_may_choose_the_workspaces_model_as_well(desk: Desk) -> None:
    boss = desk.place.person("boss", admin=True)
    await desk.home.publish(boss.team.id, boss.id)
    assert list(menus(boss.home_view())) == [MINE, OURS]


async def test_the_menus_show_what_is_chosen_now(desk: Desk) -> None:
    boss = desk.place.person("boss", admin=True)
    desk.shelf.choices[f"{boss.team.id}.{boss.id}"] = {"me": "glm-two"}
    await desk.home.publish(boss.team.id, boss.id)
    found = menus(boss.home_view())
    assert found[MINE]["initial_option"]["value"] == "glm-two"
    assert found[OURS]["initial_option"]["value"] == DEFAULT


async def test_in_an_organisation_the_page_is_about_one_of_its_workspaces() -> None:
    async with SlackStandIn(organisation="acme") as place, installed(place) as api:
        people, shelf, second = People(api), Shelf(), place.add_workspace("second")
        boss = place.person("boss", admin=True)
        shelf.choices[f"{place.team.enterprise}.{boss.id}"] = {"me": "glm-two"}
        for workspace, shown in ((place.team, [MINE, OURS]), (second, [MINE])):
            await Home(api, people, shelf).publish(workspace.id, boss.id)
            page = boss.home_view()
            assert list(menus(page)) == shown
            assert menus(page)[MINE]["initial_option"]["value"] == "glm-two"
            assert (page or {})["private_metadata"] == workspace.id
        await people.close()
        assert place.violations == []


async def test_the_page_says_what_is_stored_and_where_questions_go(desk: Desk) -> None:
    ann = desk.place.person("ann")
    await desk.home.publish(ann.team.id, ann.id)
    assert "Your questions with their files, my answers" in words(ann.home_view())
    assert "sent to the model's provider" in words(ann.home_view())


async def test_the_page_is_in_the_readers_language(desk: Desk) -> None:
    mei = desk.place.person("mei", locale="zh-CN")
    await desk.home.publish(mei.team.id, mei.id)
    assert "存储内容" in words(mei.home_view())


@pytest.mark.parametrize("error", ["not_enabled", "hash_conflict", "internal_error"])
async def test_a_page_that_slack_refuses_harms_nothing(desk: Desk, error: str) -> None:
    ann = desk.place.person("ann")
    desk.place.fail("views.publish", error)
    await desk.home.publish(ann.team.id, ann.id)
    assert ann.home_view() is None


async def test_a_stranger_to_the_app_is_shown_nothing(desk: Desk) -> None:
    await desk.home.publish("T404", "U404")
    assert [call.method for call in desk.place.calls] == []


async def test_many_models_with_long_names_still_make_a_page_that_slack_takes(desk: Desk) -> None:
    ann = desk.place.person("ann", admin=True)
    desk.shelf.models = ["x" * (MAX_OPTION + 1), *(f"glm-{number}" for number in range(300))]
    await desk.home.publish(ann.team.id, ann.id)
    options = menus(ann.home_view())[MINE]["options"]
    assert len(options) == MAX_OPTIONS
    assert all(len(option["text"]["text"]) <= MAX_OPTION for option in options)


def test_a_choice_that_is_offered_no_more_shows_as_the_default() -> None:
    page = view(["glm-one"], {MINE: "glm-gone"})
    assert menus(page)[MINE]["initial_option"] == menus(page)[MINE]["options"][0]


def test_without_any_model_the_default_can_still_be_chosen() -> None:
    assert len(menus(view([], {MINE: DEFAULT}))[MINE]["options"]) == 1
