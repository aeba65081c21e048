from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.completion import Media, MediaKind, Message, ModelRequest, Role, ToolCall
from bot.glm import parts
from bot.glm.catalogue import Offer, catalogue
from bot.glm.codes import Remedy
from bot.glm.wire import Options, build_body

PNG = Media(MediaKind.IMAGE, "image/png", b"\x89PNG picture")
LINKED = Media(MediaKind.IMAGE, url="https://example.org/a.jpg")
VIDEO = Media(MediaKind.VIDEO, "video/mp4", url="https://example.org/a.mp4")
OFFERS = [
    offer
    for model in catalogue().models
    for provider in catalogue().providers
    if (offer := catalogue().offer(model, provider))
]


def user(text: str, *media: Media) -> Message:
    return Message(Role.USER, text, media=media)


def sent(
    *messages: Message, model: str = "glm-4.6v", provider: str = "bigmodel", remedies: Remedy = Remedy.NONE
) -> list[dict[str, Any]]:
    offer = catalogue().offer(model, provider)
    assert offer is not None
    return build_body(ModelRequest(model, messages, "u"), offer, Options(), remedies)["messages"]


def urls(messages: list[dict[str, Any]]) -> list[str]:
    shown: list[dict[str, Any]] = [
        part for message in messages for part in message["content"] if message["role"] == "user"
    ]
    return [part[part["type"]]["url"] for part in shown if part["type"] != "text"]


def numbered(count: int, kind: MediaKind = MediaKind.IMAGE) -> list[Media]:
    return [Media(kind, url=f"https://example.org/{number}") for number in range(count)]


def test_a_picture_goes_as_plain_base64_after_the_words() -> None:
    content = sent(user("What is it?", PNG, LINKED))[0]["content"]
    assert content[0] == {"type": "text", "text": "What is it?"}
    assert b64decode(content[1]["image_url"]["url"], validate=True) == PNG.data
    assert content[2] == {"type": "image_url", "image_url": {"url": LINKED.url}}


def test_the_remedy_makes_data_addresses_of_pictures_and_leaves_links() -> None:
    addresses = urls(sent(user("", PNG, LINKED), remedies=Remedy.DATA_URL))
    assert addresses[0].startswith("data:image/png;base64,")
    assert addresses[1] == LINKED.url
    assert sent(user("Hi"), remedies=Remedy.DATA_URL) == sent(user("Hi"))


def test_a_video_has_a_part_of_its_own_kind() -> None:
    assert sent(user("", VIDEO))[0]["content"] == [{"type": "video_url", "video_url": {"url": VIDEO.url}}]


@pytest.mark.parametrize(("model", "count"), [("glm-4.6v", 1), ("glm-4.1v-thinking-flash", 0), ("glm-4v-flash", 0)])
def test_a_video_of_a_kind_that_the_model_does_not_take_is_left_out(model: str, count: int) -> None:
    clip = Media(MediaKind.VIDEO, "video/quicktime", b"film")
    assert len(urls(sent(user("What is it?", clip), model=model))) == count


def test_words_for_a_model_that_sees_are_a_part_too_and_other_roles_are_plain() -> None:
    messages = sent(Message(Role.SYSTEM, "Be brief."), user("a"), Message(Role.ASSISTANT, "b"), user("c"))
    assert [type(message["content"]) for message in messages] == [str, list, str, list]


def test_pictures_of_the_whole_conversation_are_sent() -> None:
    messages = sent(user("a", PNG), Message(Role.ASSISTANT, "b"), user("c", LINKED))
    assert len(urls(messages)) == 2


def test_a_picture_without_words_is_a_question() -> None:
    assert len(sent(user("", PNG))) == 1


@pytest.mark.parametrize(
    ("media", "kept"),
    [([PNG, VIDEO], [VIDEO.url]), ([VIDEO, LINKED], [LINKED.url]), ([VIDEO, LINKED, VIDEO], [VIDEO.url] * 2)],
)
def test_pictures_and_videos_never_go_together_the_newest_kind_stays(media: list[Media], kept: list[str]) -> None:
    for model in ("glm-4.6v", "glm-5v-turbo"):
        assert urls(sent(*(user("a", each) for each in media), model=model)) == kept
        assert urls(sent(user("a", *media), model=model)) == kept


@pytest.mark.parametrize(
    ("model", "kind", "limit"),
    [
        ("glm-4v-flash", MediaKind.IMAGE, 1),
        ("glm-4.5v", MediaKind.IMAGE, 50),
        ("glm-4.6v", MediaKind.IMAGE, 150),
        ("glm-4.5v", MediaKind.VIDEO, 1),
        ("glm-5v-turbo", MediaKind.VIDEO, 2),
    ],
)
def test_of_too_many_the_newest_stay_in_their_order(model: str, kind: MediaKind, limit: int) -> None:
    many = numbered(limit + 2, kind)
    expected = [media.url for media in many[2:]]
    assert urls(sent(user("a", *many), model=model)) == expected
    assert urls(sent(*(user("a", each) for each in many), model=model)) == expected


def test_media_are_limited_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_BYTES", 25)
    old, new = (replace(PNG, data=letter * 10) for letter in (b"a", b"b"))
    assert [b64decode(each) for each in urls(sent(user("a", old, PNG, new)))] == [PNG.data, new.data]
    assert urls(sent(user("a", replace(PNG, data=b"x" * 26)))) == []


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([PNG, LINKED, VIDEO]), max_size=3), min_size=1, max_size=5),
    st.sampled_from([offer for offer in OFFERS if "image" in offer.model.input]),
)
def test_v46_only_what_a_model_takes_is_ever_sent(media: list[list[Media]], offer: Offer) -> None:
    talk = [user(f"q{number}", *each) for number, each in enumerate(media)]
    messages = sent(*talk, model=offer.name, provider=offer.provider)
    kinds = {part["type"] for message in messages for part in message["content"]} - {"text"}
    assert len(kinds) <= 1
    assert kinds <= {f"{kind}_url" for kind in offer.model.input}


def test_v46_pictures_are_never_sent_to_text_models() -> None:
    call = Message(Role.ASSISTANT, "", (ToolCall("c", "now", "{}"),))
    talk = (user("a", PNG, VIDEO), call, Message(Role.TOOL, "noon", tool_call_id="c"), user("", PNG), user("b"))
    for offer in OFFERS:
        if len(offer.model.input) == 1:
            messages = sent(*talk, model=offer.name, provider=offer.provider)
            assert all(isinstance(message["content"], str) for message in messages)
            assert [message["content"] for message in messages if message["role"] == "user"] == ["a", "b"]
