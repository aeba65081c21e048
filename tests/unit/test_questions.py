from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from bot.attachments import Enclosure
from bot.completion import Delta, FinishReason, Media, MediaKind, Message, ModelInfo, Role, Thinking, Tool, Usage
from bot.messages import Address, Ask, Author, History, Quote, Round, Turn
from bot.personas import Persona
from bot.questions import Question, Questions, Terms
from bot.tool_choices import WEB_SEARCH
from tests.fixtures.model import ScriptedModel

HERE = Address("discord", "guild", "channel", title="#general")
ASK = Ask("k", "talk", HERE, Author("1", "Ann"), "what is this?", 0.0, "m")
TURN = Turn(1, "talk", (ASK,), 0.0)
PICTURE = Media(MediaKind.IMAGE, "image/png", b"picture")
FILM = Media(MediaKind.VIDEO, "video/mp4", b"film")

READER = ModelInfo("reader", 128_000, 8_000, images=False, providers=("zai", "bigmodel"))
EYE = ModelInfo("eye", 64_000, 8_000, images=True, providers=("zai",))
FILM_EYE = ModelInfo("film-eye", 64_000, 8_000, images=True, providers=("zai",), videos=True)
FINDER = ModelInfo("finder", 128_000, 8_000, images=False, providers=("zai",), tools=True, searches=True)
SMALL = ModelInfo("small", 20_000, 8_000, images=False, providers=("zai",))


@dataclass
class House:
    """What questions are made from."""

    past: History = field(default_factory=History)
    model: str = "reader"
    persona: Persona | None = None
    thinking: Thinking | None = None
    shown: bool = False
    kept: Mapping[str, Media] = field(default_factory=dict[str, Media])
    background_read: int = 0
    megabytes: int = 20
    tools: tuple[Tool, ...] = ()

    async def history(self, turn: Turn, *, rounds: int) -> History:
        return self.past

    async def chosen_model(self, conversation: str, address: Address, author: str) -> str:
        return self.model

    async def chosen_persona(self, conversation: str, address: Address, author: str) -> Persona | None:
        return self.persona

    async def usable(self, conversation: str, address: Address, author: Author) -> tuple[Tool, ...]:
        return self.tools

    async def chosen_thinking(self, conversation: str, address: Address, author: str) -> Thinking | None:
        return self.thinking

    async def shows_reasoning(self, conversation: str, address: Address, author: str) -> bool:
        return self.shown

    async def pictures(self, digests: Sequence[str], limit: int) -> Sequence[Media]:
        return [self.kept[digest] for digest in digests if digest in self.kept][-limit:]

    async def asker(self, ask: Ask) -> Author:
        return replace(ask.author, name="Ann of Discord")

    async def background(self, ask: Ask) -> Sequence[Quote]:
        self.background_read += 1
        return [Quote("Zoe", "said before")]


def questions(house: House, offered: Sequence[ModelInfo] = (READER, EYE, FILM_EYE, SMALL), **terms: Any) -> Questions:
    model = ScriptedModel()
    model.offered = offered
    parts = cast("Any", house)
    return Questions(parts, model, parts, parts, Terms("", 24_000, b"salt", **terms), parts.usable)


async def made(
    house: House, turn: Turn = TURN, files: Sequence[Enclosure] = (), maker: Questions | None = None
) -> Question:
    return await (maker or questions(house)).make(turn, cast("Any", house), files)


def a_round(number: int, *files: str) -> Round:
    talk = (Message(Role.USER, f"question {number}"), Message(Role.ASSISTANT, f"answer {number}"))
    return Round(number, talk, files)


async def test_a_question_goes_to_the_chosen_model_with_the_name_that_the_platform_knows() -> None:
    question = await made(House(thinking=Thinking.HIGH))
    assert question.request.model == "reader"
    assert question.request.thinking is Thinking.HIGH
    assert question.request.conversation == "talk"
    assert question.text == "[Ann of Discord]: what is this?"
    assert question.provider == "zai"
    assert not question.sees
    assert not question.notes


async def test_providers_know_a_user_by_a_name_that_names_nobody() -> None:
    first, second = await made(House()), await made(House())
    other = await made(House(), replace(TURN, asks=(replace(ASK, author=Author("2", "Bob")),)))
    assert first.request.user == second.request.user != other.request.user
    assert len(first.request.user) == 32
    assert first.request.user != "1"


async def test_what_was_said_before_is_read_for_the_first_turn_only() -> None:
    house = House()
    assert "said before" in (await made(house, replace(TURN, first=True))).text
    assert "said before" not in (await made(house)).text
    assert house.background_read == 1


async def test_a_model_that_cannot_see_hands_a_picture_to_one_that_can_and_says_so() -> None:
    question = await made(House(), files=[Enclosure("a.png", media=PICTURE)])
    assert question.request.model == "eye"
    assert question.request.messages[-1].media == (PICTURE,)
    assert "`eye`" in question.notes[0]
    assert "`reader`" in question.notes[0]


async def test_the_operator_chooses_who_looks() -> None:
    house = House()
    maker = questions(house, vision_model="film-eye")
    question = await made(house, files=[Enclosure("a.png", media=PICTURE)], maker=maker)
    assert question.request.model == "film-eye"


async def test_a_model_that_sees_looks_itself_and_nothing_is_said() -> None:
    question = await made(House(model="film-eye"), files=[Enclosure("a.png", media=PICTURE)])
    assert question.request.model == "film-eye"
    assert not question.notes


async def test_a_video_goes_to_a_model_that_takes_videos() -> None:
    question = await made(House(model="eye"), files=[Enclosure("a.mp4", media=FILM)])
    assert question.request.model == "film-eye"
    assert question.request.messages[-1].media == (FILM,)


async def test_several_pictures_and_addresses_are_all_shown() -> None:
    turn = replace(TURN, asks=(replace(ASK, text="compare with https://x.y/b.png"),))
    question = await made(House(), turn, [Enclosure("a.png", media=PICTURE), Enclosure("c.png", media=PICTURE)])
    assert [item.url for item in question.request.messages[-1].media] == ["", "", "https://x.y/b.png"]


async def test_where_no_model_sees_the_question_stays_text_and_says_so() -> None:
    house = House()
    question = await made(house, files=[Enclosure("a.png", media=PICTURE)], maker=questions(house, [READER]))
    assert question.request.model == "reader"
    assert not question.sees
    assert question.unseen == question.notes[0]
    assert "None of the models" in question.unseen


@pytest.mark.parametrize(("age", "model"), [(0, "eye"), (1, "reader"), (2, "reader")])
async def test_a_picture_is_still_looked_at_in_the_next_turn_only_and_that_is_said(age: int, model: str) -> None:
    rounds = [a_round(1, "digest"), *(a_round(number) for number in range(2, 2 + age))]
    question = await made(House(History(tuple(rounds)), kept={"digest": PICTURE}))
    assert question.request.model == model
    assert question.sees == (model == "eye")
    assert ["`eye` looked at it" in note for note in question.notes] == [True] * (model == "eye")


async def test_a_model_that_sees_goes_on_seeing_what_was_shown_before() -> None:
    rounds = (a_round(1, "digest"), *(a_round(number) for number in range(2, 6)))
    question = await made(House(History(rounds), "eye", kept={"digest": PICTURE}))
    assert [message.content for message in question.request.messages if message.media] == ["question 1"]
    assert not question.notes


async def test_what_could_not_be_read_seen_or_shown_is_noted_in_the_order_of_its_weight() -> None:
    files = [
        Enclosure("gone.txt", trouble="file_gone"),
        Enclosure("long.txt", "word " * 100_000),
        Enclosure("song.mp3"),
        Enclosure("a.png", media=PICTURE),
        Enclosure("a.mp4", media=FILM),
    ]
    words = replace(ASK, text="and https://x.y/cat.webp?")
    notes = (await made(House(model="film-eye"), replace(TURN, asks=(words,)), files)).notes
    expected = ["gone.txt", "I read the beginning", "song.mp3", "a.mp4", "PNG and JPEG"]
    assert [word for note, word in zip(notes, expected, strict=True) if word not in note] == []


async def test_files_that_are_no_pictures_change_nothing() -> None:
    question = await made(House(History((a_round(1, "text"),))))
    assert question.request.model == "reader"


async def test_only_the_newest_pictures_are_shown_again() -> None:
    rounds = tuple(a_round(number, f"d{number}") for number in range(12))
    kept = {f"d{number}": PICTURE for number in range(12)}
    question = await made(House(History(rounds), "eye", kept=kept))
    seen = [message.content for message in question.request.messages if message.media]
    assert seen == [f"question {number}" for number in range(2, 12)]


async def test_a_small_context_leaves_room_for_the_answer() -> None:
    rounds = tuple(a_round(number, *()) for number in range(40))
    long = tuple(replace(item, messages=(Message(Role.USER, "x" * 3_000), item.messages[1])) for item in rounds)
    big, small = await made(House(History(long))), await made(House(History(long), "small"))
    assert big.tokens <= 24_000
    assert small.tokens <= 12_000


async def test_what_a_provider_counts_corrects_the_next_budget() -> None:
    rounds = tuple(replace(a_round(n), messages=(Message(Role.USER, "x" * 3_000),)) for n in range(40))
    house = House(History(rounds))
    maker = questions(house)
    before = await made(house, maker=maker)
    counted = Delta(finish=FinishReason.STOP, model="reader", usage=Usage(before.tokens * 2, 5))
    for _ in range(40):
        maker.learn(before, counted)
    assert (await made(house, maker=maker)).tokens < before.tokens * 0.6


async def test_after_an_answer_that_found_no_room_the_next_history_is_half_as_long() -> None:
    rounds = tuple(replace(a_round(n), messages=(Message(Role.USER, "x" * 3_000),)) for n in range(40))
    house = House(History(rounds))
    maker = questions(house)
    before = await made(house, maker=maker)
    maker.learn(before, Delta(finish=FinishReason.CONTEXT, model="reader", usage=Usage(before.tokens, 5)))
    after = await made(house, maker=maker)
    assert after.tokens < before.tokens * 0.6
    for _ in range(40):
        maker.learn(after, Delta(finish=FinishReason.STOP, model="reader", usage=Usage(after.tokens, 5)))
    assert (await made(house, maker=maker)).tokens == before.tokens


@pytest.mark.parametrize("padded", [True, False])
async def test_what_a_provider_adds_or_a_picture_costs_corrects_nothing(padded: bool) -> None:
    house = House(model="reader" if padded else "eye")
    maker = questions(house)
    files = [] if padded else [Enclosure("a.png", media=PICTURE)]
    question = await made(house, files=files, maker=maker)
    usage = Usage(question.tokens * 3, 5, padded=padded)
    maker.learn(question, Delta(finish=FinishReason.STOP, model=question.request.model, usage=usage))
    assert maker.estimator.factor(question.request.model) == 1.0


CLOCK = Tool("clock", "The time.", {})


@pytest.mark.parametrize(
    ("tools", "offered", "search"),
    [((CLOCK, WEB_SEARCH), (CLOCK,), True), ((CLOCK,), (CLOCK,), False), ((WEB_SEARCH,), (), True), ((), (), False)],
)
async def test_a_search_is_no_function(tools: tuple[Tool, ...], offered: tuple[Tool, ...], search: bool) -> None:
    house = House(model="finder", tools=tools)
    request = (await made(house, maker=questions(house, [FINDER]))).request
    assert (request.tools, request.search) == (offered, search)


async def test_a_tool_of_that_name_is_a_function_like_any_other() -> None:
    own = replace(WEB_SEARCH, description="Searches our wiki.")
    house = House(model="finder", tools=(own,))
    request = (await made(house, maker=questions(house, [FINDER]))).request
    assert (request.tools, request.search) == ((own,), False)


async def test_a_model_whose_providers_do_not_search_is_not_asked_to() -> None:
    house = House(model="finder", tools=(CLOCK, WEB_SEARCH))
    able = replace(FINDER, searches=False)
    request = (await made(house, maker=questions(house, [able]))).request
    assert (request.tools, request.search) == ((CLOCK,), False)


async def test_who_looks_at_a_picture_does_not_search() -> None:
    house = House(model="finder", tools=(WEB_SEARCH,))
    maker = questions(house, [FINDER, EYE])
    assert not (await made(house, files=[Enclosure("a.png", media=PICTURE)], maker=maker)).request.search


async def test_what_a_search_adds_to_a_prompt_corrects_nothing() -> None:
    house = House(model="finder", tools=(WEB_SEARCH,))
    maker = questions(house, [FINDER])
    question = await made(house, maker=maker)
    maker.learn(question, Delta(finish=FinishReason.STOP, model="finder", usage=Usage(question.tokens * 3, 5)))
    assert maker.estimator.factor("finder") == 1.0


@pytest.mark.parametrize("answer", ["High.", "High.\n\nSources:\n1. [Tides](https://tides.example/)"])
async def test_an_answer_that_lists_its_sources_is_a_strangers_word(answer: str) -> None:
    turn = replace(TURN, asks=(replace(ASK, author=Author("1", "Ann"), address=replace(HERE, title="")),))
    talk = (Message(Role.USER, "[Ann]: tide?"), Message(Role.ASSISTANT, answer))
    question = await made(House(History((Round(1, talk),))), turn)
    assert question.request.foreign == ("Sources:" in answer)


async def test_reasoning_is_asked_for_only_on_wish() -> None:
    assert not (await made(House())).shows_reasoning
    assert (await made(House(shown=True))).shows_reasoning
