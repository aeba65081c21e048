"""What people do in the local Slack reaches an app made with slack-bolt, and what it answers reaches them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond

from playground.slack.model import ChannelKind, Json, Message
from playground.slack.people import Person
from playground.slack.refusals import Impossible
from playground.slack.server import SlackStandIn
from tests.fixtures.slack_apps import App, over_socket

BUTTON: Json = {"type": "button", "action_id": "go", "value": "7", "text": {"type": "plain_text", "text": "Go on"}}
FEEDBACK: Json = {
    "type": "feedback_buttons",
    "action_id": "rate",
    "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "up"},
    "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "down"},
}
TRASH: Json = {
    "type": "icon_button",
    "action_id": "gone",
    "icon": "trash",
    "text": {"type": "plain_text", "text": "Delete"},
}
MENU: Json = {
    "type": "static_select",
    "action_id": "model",
    "options": [{"text": {"type": "plain_text", "text": name.upper()}, "value": name} for name in ("one", "two")],
}
BLOCKS: list[Json] = [
    {"type": "actions", "elements": [BUTTON, MENU]},
    {"type": "context_actions", "block_id": "rating", "elements": [FEEDBACK, TRASH]},
]
HOME: Json = {"type": "home", "blocks": BLOCKS[:1]}


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as place:
        yield place


@pytest.fixture
def ann(place: SlackStandIn) -> Person:
    return place.person("ann")


class Desk(App):
    """An app that acknowledges every action and keeps its body."""

    def __init__(self, place: SlackStandIn) -> None:
        super().__init__(place)
        self.bodies: list[Json] = []
        for name in ("go", "rate", "gone", "model"):
            self.bolt.action(name)(self._keep)

    async def _keep(self, ack: AsyncAck, body: Json) -> None:
        self.bodies.append(body)
        await ack()


@pytest.fixture
async def desk(place: SlackStandIn) -> AsyncGenerator[Desk]:
    desk = Desk(place)
    async with over_socket(desk):
        yield desk


def posted(place: SlackStandIn, *, to: str = "") -> Message:
    """A message of the bot with buttons, shown to everybody or to one person."""
    channel, bot = place.channel("general"), place.bot_user
    message = Message("1700000000.000001", channel.id, bot.id, bot.team, "choose", blocks=BLOCKS, ephemeral_to=to)
    message.bot_id = place.team.bot_id
    if not to:
        channel.messages[message.ts] = message
    return message


# Commands -------------------------------------------------------------------------------------------------------------


async def test_the_body_of_the_acknowledgement_reaches_the_person(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    seen: list[Json] = []

    async def answer(ack: AsyncAck, command: Json) -> None:
        seen.append(command)
        await ack({"response_type": "ephemeral", "text": "done"})

    desk.bolt.command("/glm")(answer)
    reply = await ann.slash("/glm", "model two", place.channel("general"))
    assert reply.acked
    assert reply.response == {"response_type": "ephemeral", "text": "done"}
    assert (seen[0]["text"], seen[0]["channel_name"], seen[0]["user_id"]) == ("model two", "general", ann.id)
    assert "thread_ts" not in seen[0]


@pytest.mark.parametrize(("kind", "name"), [(ChannelKind.PRIVATE, "privategroup"), (ChannelKind.DM, "directmessage")])
async def test_a_command_hides_the_names_of_private_places(
    place: SlackStandIn, ann: Person, desk: Desk, kind: ChannelKind, name: str
) -> None:
    async def answer(ack: AsyncAck, command: Json) -> None:
        await ack(command["channel_name"])

    desk.bolt.command("/glm")(answer)
    where = ann.dm if kind is ChannelKind.DM else place.channel("secret", kind=kind)
    reply = await ann.slash("/glm", "", where)
    assert reply.response == {"text": name}


async def test_an_unknown_command_fails_and_is_not_repeated(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    place.deliver.ack_within, place.deliver.retry_after = 0.1, (0.0,)
    reply = await ann.slash("/nothing", "", place.channel("general"))
    assert (reply.acked, reply.response, reply.later) == (False, None, [])
    assert len(place.deliver.log) == 1
    assert desk.bodies == []


async def test_what_is_posted_to_the_response_url_comes_later(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    async def answer(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("one more thing")

    desk.bolt.command("/glm")(answer)
    reply = await ann.slash("/glm", "", place.channel("general"))
    later = await place.wait_for(lambda: reply.later)
    assert [m.text for m in later] == ["one more thing"]


# Buttons and menus ----------------------------------------------------------------------------------------------------


async def test_a_click_arrives_with_its_message_and_a_response_url_that_works(
    place: SlackStandIn, ann: Person, desk: Desk
) -> None:
    message = posted(place)
    clicked = await ann.click(message, "Go on")
    [body] = desk.bodies
    assert clicked.acked
    assert body["actions"][0].items() >= {"action_id": "go", "value": "7", "type": "button"}.items()
    assert body["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": False,
    }
    assert body["actions"][0]["block_id"] == body["message"]["blocks"][0]["block_id"]
    respond = AsyncRespond(response_url=body["response_url"])
    answer = await respond("thanks", replace_original=False)
    assert answer.status_code == 200
    assert [m.text for m in clicked.later] == ["thanks"]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("go", {"action_id": "go", "value": "7"}),
        ("Good", {"action_id": "rate", "type": "feedback_buttons", "value": "up"}),
        ("down", {"action_id": "rate", "type": "feedback_buttons", "value": "down"}),
        ("Delete", {"action_id": "gone", "type": "icon_button", "block_id": "rating"}),
    ],
)
async def test_a_button_is_found_by_action_id_label_or_value(
    place: SlackStandIn, ann: Person, desk: Desk, which: str, expected: dict[str, Any]
) -> None:
    await ann.click(posted(place), which)
    assert desk.bodies[0]["actions"][0].items() >= expected.items()


async def test_an_option_of_a_message_can_be_chosen(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    await ann.choose("model", "TWO", message=posted(place))
    assert desk.bodies[0]["actions"][0]["selected_option"]["value"] == "two"


async def test_a_click_on_an_ephemeral_message_comes_without_the_message(
    place: SlackStandIn, ann: Person, desk: Desk
) -> None:
    await ann.click(posted(place, to=ann.id), "go")
    assert desk.bodies[0]["container"]["is_ephemeral"] is True
    assert "message" not in desk.bodies[0]


async def test_one_cannot_press_what_is_not_there(place: SlackStandIn, ann: Person) -> None:
    message = posted(place)
    with pytest.raises(Impossible):
        await ann.click(message, "stop")
    with pytest.raises(Impossible):
        await ann.choose("model", "three", message=message)
    with pytest.raises(Impossible):
        await ann.click(posted(place, to="somebody else"), "go")
    message.deleted = True
    with pytest.raises(Impossible):
        await ann.click(message, "go")


async def test_one_cannot_speak_where_one_is_not_or_in_a_thread_that_does_not_exist(
    place: SlackStandIn, ann: Person
) -> None:
    general = place.channel("general")
    reply = await ann.say(general, "reply", thread=(await ann.say(general, "root")).ts)
    for thread in ("1.000001", reply.ts):
        with pytest.raises(Impossible):
            await ann.say(general, "hello", thread=thread)
    general.members.discard(ann.id)
    with pytest.raises(Impossible):
        await ann.slash("/glm", "", general)


async def test_a_shortcut_arrives_with_its_message(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    seen: list[Json] = []

    async def answer(ack: AsyncAck, shortcut: Json) -> None:
        seen.append(shortcut)
        await ack()

    desk.bolt.message_shortcut("summarise")(answer)
    message = await ann.say(place.channel("general"), "long story")
    clicked = await ann.shortcut("summarise", message)
    assert clicked.acked
    assert (seen[0]["message"]["text"], seen[0]["message_ts"]) == ("long story", message.ts)


# The home tab and sessions --------------------------------------------------------------------------------------------


async def test_the_first_opening_shows_no_view_and_the_next_one_does(
    place: SlackStandIn, ann: Person, desk: Desk
) -> None:
    assert ann.home_view() is None
    await ann.open_home()
    await desk.wait(1, "app_home_opened")
    await desk.bolt.client.views_publish(user_id=ann.id, view=HOME)
    await ann.open_home()
    await ann.open_messages_tab()
    first, second, third = await desk.wait(3, "app_home_opened")
    assert "view" not in first
    assert second["view"]["type"] == "home"
    assert (third["tab"], third["channel"], "view" in third) == ("messages", ann.dm.id, False)


async def test_looking_at_a_channel_is_told(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    general = place.channel("general")
    await ann.look_at(general)
    [looked] = await desk.wait(1, "app_context_changed")
    assert looked["context"]["entities"][0]["value"] == general.id


async def test_a_choice_in_the_home_tab_has_a_view_but_no_channel(ann: Person, desk: Desk) -> None:
    with pytest.raises(Impossible):
        await ann.press("go")
    await desk.bolt.client.views_publish(user_id=ann.id, view=HOME)
    clicked = await ann.choose("model", "one")
    await ann.press("go")
    menu, button = desk.bodies
    assert clicked.acked
    assert menu["container"] == {"type": "view", "view_id": menu["view"]["id"]}
    [state] = menu["view"]["state"]["values"].values()
    assert state["model"]["selected_option"]["value"] == "one"
    assert button["actions"][0]["value"] == "7"
    assert not {"channel", "message", "response_url"} & menu.keys()


async def test_stop_arrives_for_a_session_at_work_only(place: SlackStandIn, ann: Person, desk: Desk) -> None:
    root = await ann.dm_bot("work")
    with pytest.raises(Impossible):
        await ann.press_stop(ann.dm, root.ts)
    client = desk.bolt.client
    await client.agents_sessions_setStatus(channel_id=ann.dm.id, thread_ts=root.ts, status="processing")
    await ann.press_stop(ann.dm, root.ts)
    [stopped] = await desk.wait(1, "agent_session_stopped")
    assert (stopped["thread_ts"], stopped["user"], stopped["streaming_message_ts"]) == (root.ts, ann.id, [])
