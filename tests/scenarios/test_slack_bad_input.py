"""What goes wrong around the bot on Slack: tokens, rights, places, strangers and forgeries."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from playground.glm import Hold
from playground.slack.envelopes import Delivered
from playground.slack.events import callback, message_event
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


@pytest.fixture
async def web(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path, over="http") as opened:
        yield opened


async def alive(house: SlackHouse) -> None:
    """The process lives and answers."""
    house.glm.script(script("Still here."))
    await house.answered(await house.slack.person("zoe").dm_bot("alive?"), contains="Still here.")


async def begun(house: SlackHouse, place: str = "general") -> tuple[Message, Hold]:
    """A question in a channel whose answer has begun and stands still."""
    channel = house.slack.channel(place)
    hold = Hold(1)
    house.glm.script(script("Begun", " and ended.", hold=hold))
    question = await house.ann.mention(channel, "hello")
    await house.until(lambda: "Begun" in house.text(channel, question.ts))
    return question, hold


# Tokens and rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, "SLACK_BOT_TOKEN: Slack refused the token (invalid_auth)"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "SLACK_APP_TOKEN: Slack refused the token (invalid_auth)"),
        ({"SLACK_BOT_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN: this is another of the app's tokens"),
        ({"SLACK_APP_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN: this is another of the app's tokens"),
        ({"SLACK_APP_TOKEN": ""}, "SLACK_APP_TOKEN, SLACK_SIGNING_SECRET: Slack's events have no way in"),
    ],
)
async def test_a_mistake_in_the_settings_is_one_line_and_status_2(
    house: SlackHouse, settings: dict[str, str], line: str
) -> None:
    bot = await house.spawn(**settings)
    assert await bot.exit() == 2
    [words] = [text for text in bot.raw if not text.startswith("{")]
    assert words.startswith(line)
    assert house.slack.bot_token not in "".join(bot.raw)


async def test_a_token_that_was_revoked_before_the_start_ends_it(house: SlackHouse) -> None:
    house.slack.team.revoked = True
    bot = await house.spawn()
    assert await bot.exit() == 2
    assert "SLACK_BOT_TOKEN: Slack refused the token (token_revoked)" in bot.raw[-1]


async def test_a_token_that_is_revoked_in_mid_answer_is_the_operators(house: SlackHouse) -> None:
    bot = await house.start()
    _, hold = await begun(house)
    house.slack.team.revoked = True
    hold.release()
    await bot.logged("turn.delivered")
    assert "token_revoked" in {line["code"] for line in bot.events("slack.operator_needed")}
    house.slack.team.revoked = False
    await alive(house)


async def test_a_workspace_that_removes_the_app_is_forgotten(house: SlackHouse) -> None:
    bot = await house.start()
    _, hold = await begun(house)
    house.slack.deliver.uninstall(house.slack.team)
    await bot.logged("slack.workspace_lost")
    await house.quiet()
    hold.release()
    await bot.logged("turn.delivered")
    assert bot.process.returncode is None


@pytest.mark.parametrize("missing", ["users:read", "reactions:write", "channels:history", "assistant:write"])
async def test_a_missing_scope_costs_only_what_needs_it(tmp_path: Path, missing: str) -> None:
    scopes = {"app_mentions:read", "chat:write", "users:read", "reactions:write", "channels:history", "im:history"}
    async with open_slack(tmp_path, scopes=scopes - {missing}) as house:
        house.glm.script(script("An answer."))
        bot = await house.start()
        await house.ann.open_home()
        root = await house.slack.person("bob").say(house.general, "What do you think?")
        question = await house.ann.mention(house.general, "hello", thread=root.ts)
        await house.answered(question, contains="An answer.")
        assert bot.process.returncode is None


async def test_without_the_right_to_write_the_operator_is_told(tmp_path: Path) -> None:
    async with open_slack(tmp_path, scopes={"app_mentions:read"}) as house:
        house.glm.script(script("Unheard."))
        bot = await house.start()
        await house.ann.mention(house.general, "hello")
        await bot.logged("turn.delivered")
        assert "chat:write" in {line["needed"] for line in bot.events("slack.operator_needed")}


# Places ----------------------------------------------------------------------------------------------------------


async def test_an_answer_ends_where_the_bot_is_taken_out_of_the_channel(house: SlackHouse) -> None:
    bot = await house.start()
    question, hold = await begun(house)
    house.slack.take_bot_out(house.general)
    hold.release()
    await bot.logged("turn.delivered")
    assert "Begun" in house.text(house.general, question.ts)
    await alive(house)


async def test_a_bot_that_is_not_in_the_channel_any_more_says_so_directly(house: SlackHouse) -> None:
    hold = Hold(0)
    house.glm.script(script("Not to be seen.", hold=hold))
    await house.start()
    await house.ann.mention(house.general, "hello")
    await hold.arrived()
    house.slack.take_bot_out(house.general)
    hold.release()
    await house.until(lambda: "not allowed to answer" in said_directly(house))
    await alive(house)


def said_directly(house: SlackHouse) -> str:
    return "\n".join(message.visible for message in house.slack.answers(house.ann.dm))


async def test_a_channel_that_is_archived_in_mid_answer_ends_it(house: SlackHouse) -> None:
    bot = await house.start()
    _, hold = await begun(house)
    house.general.archived = True
    hold.release()
    await bot.logged("turn.delivered")
    await alive(house)


async def test_a_channel_that_is_archived_before_the_answer_is_told_directly(house: SlackHouse) -> None:
    hold = Hold(0)
    house.glm.script(script("Not to be seen.", hold=hold))
    await house.start()
    await house.ann.mention(house.general, "hello")
    await hold.arrived()
    house.general.archived = True
    hold.release()
    await house.until(lambda: "not allowed to answer" in said_directly(house))
    await alive(house)


# Who is not answered ---------------------------------------------------------------------------------------------


async def test_strangers_in_a_shared_channel_are_told_once(house: SlackHouse) -> None:
    eve = house.slack.person("eve", team=house.slack.add_team("others"))
    house.slack.invite(house.general, eve)
    await house.start()
    for _ in range(2):
        await eve.mention(house.general, "hello")
        await house.quiet()
    await house.until(lambda: [said.ephemeral_to for said in house.slack.ephemerals] == [eve.id])
    assert "organisation that runs me" in house.slack.ephemerals[0].visible
    house.glm.script(script("For us."))
    await house.answered(await house.ann.mention(house.general, "and me?"))
    assert len(house.asked) == 1


async def test_strangers_are_answered_where_the_operator_wants_it(house: SlackHouse) -> None:
    eve = house.slack.person("eve", team=house.slack.add_team("others"))
    house.slack.invite(house.general, eve)
    house.glm.script(script("Welcome."))
    await house.start(SLACK_STRANGERS="true")
    [answer] = await house.answered(await eve.mention(house.general, "hello"))
    assert answer.visible == "Welcome."


async def test_other_bots_are_not_answered(house: SlackHouse) -> None:
    await house.start()
    robot = house.slack.person("robot", bot=True)
    await robot.mention(house.general, "are you there?")
    await robot.dm_bot("are you there?")
    await house.quiet()
    await alive(house)
    assert len(house.asked) == 1


async def test_an_empty_mention_gets_a_hint(house: SlackHouse) -> None:
    await house.start()
    question = await house.ann.mention(house.general, "")
    await house.until(lambda: "without a question" in house.text(house.general, question.ts))
    assert house.asked == []


# Requests that are none of Slack's -------------------------------------------------------------------------------


def event(house: SlackHouse, **changes: object) -> dict[str, object]:
    """A mention that nobody has sent, in its envelope."""
    text = f"<@{house.slack.bot_user.id}> hello"
    said = Message(house.slack.world.clock.ts(), house.general.id, house.ann.id, house.slack.team.id, text)
    body = callback(house.slack.world, house.slack.team, message_event(house.slack.world, said), house.general)
    return body | changes


async def sent(house: SlackHouse, body: dict[str, object]) -> Delivered:
    return await house.slack.deliver.raw(body)


async def test_a_signed_request_is_taken(web: SlackHouse) -> None:
    await web.start()
    assert await web.slack.deliver.verify()
    assert (await sent(web, event(web))).status == 200


async def test_a_stale_request_is_refused(web: SlackHouse) -> None:
    await web.start()
    for skew in (-301.0, -86_400.0, 302.0):
        web.slack.deliver.http.skew = skew
        assert (await sent(web, event(web))).status == 401
    web.slack.deliver.http.skew = 0.0
    await alive(web)
    assert len(web.asked) == 1


async def test_a_forged_request_is_refused(web: SlackHouse) -> None:
    await web.start()
    secret, web.slack.deliver.http.signing_secret = web.slack.deliver.http.signing_secret, "forged"
    assert (await sent(web, event(web))).status == 401
    assert not await web.slack.deliver.verify()
    web.slack.deliver.http.signing_secret = secret
    await alive(web)
    assert len(web.asked) == 1


async def test_an_unsigned_request_is_refused(web: SlackHouse) -> None:
    await web.start()
    body = json.dumps(event(web))
    async with aiohttp.ClientSession() as session, session.post(web.slack.deliver.url, data=body) as answer:
        assert answer.status == 401
    await alive(web)
    assert len(web.asked) == 1


async def posted(house: SlackHouse, content: bytes, **headers: str) -> int:
    """The status that anything at all is answered, with headers of anybody's choice."""
    given = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = io.BytesIO(content)
    async with (
        aiohttp.ClientSession() as session,
        session.post(house.slack.deliver.url, data=data, headers=given) as it,
    ):
        return it.status


def signature(house: SlackHouse, content: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    base = b"v0:" + at.encode() + b":" + content
    digest = hmac.new(house.slack.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X_Slack_Request_Timestamp": at, "X_Slack_Signature": f"v0={digest}"}


NONSENSE = (b"{oops", b"[1]", b"payload=%7Bx", b"", b"[" * 100_000)


async def test_whatever_a_scanner_sends_is_refused_and_told_in_one_line(web: SlackHouse) -> None:
    bot = await web.start()
    body = json.dumps(event(web)).encode()
    right = signature(web, body)
    wrong = ({"X_Slack_Request_Timestamp": "soon"}, {"X_Slack_Signature": "v0=ünsigned"}, {"X_Slack_Signature": "\x80"})
    statuses = [await posted(web, content) for content in (*NONSENSE, b"\xff\xfe", body)]
    statuses += [await posted(web, body, **(right | changes)) for changes in wrong]
    assert set(statuses) == {401}
    await alive(web)
    assert len(web.asked) == 1
    assert [line["requests"] for line in bot.events("slack.unsigned")] == [1]
    assert "Traceback" not in "".join(bot.raw)


async def test_what_is_signed_and_cannot_be_read_is_a_bad_request(web: SlackHouse) -> None:
    bot = await web.start()
    assert {await posted(web, content, **signature(web, content)) for content in NONSENSE} == {400}
    huge = b" " * (2**20 + 1)
    assert await posted(web, huge, **signature(web, huge)) == 413
    await alive(web)
    assert len(web.asked) == 1
    assert "Traceback" not in "".join(bot.raw)


@pytest.mark.parametrize("over", ["socket", "http"])
async def test_an_unknown_workspace_is_not_answered(tmp_path: Path, over: str) -> None:
    async with open_slack(tmp_path, over=over) as house:
        bot = await house.start()
        unknown = [{"team_id": "T0STRANGER", "enterprise_id": None, "user_id": "U1", "is_bot": True}]
        body = event(house, team_id="T0STRANGER", authorizations=unknown)
        await sent(house, body)
        await bot.logged("slack.unknown_workspace")
        await alive(house)
        assert len(house.asked) == 1
