from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import sight
from bot.attachments import Enclosure
from bot.completion import Media, MediaKind, Message, ModelInfo, Role
from bot.messages import Address, Ask, Author, History, Round, Turn
from bot.sight import Exhibit, View

ASK = Ask("k", "talk", Address("discord", "guild", "channel"), Author("1", "Ann"), "hello", 0.0, "m")
READER = ModelInfo("reader", 128_000, 8_000, images=False, providers=("zai",))
EYE = replace(READER, name="eye", images=True)
ONE_EYE = replace(EYE, name="one-eye", most_images=1)
FILM_EYE = replace(EYE, name="film-eye", videos=True, most_videos=1)
WIDE_EYE = replace(FILM_EYE, name="wide-eye", video_types=("video/mp4", "video/quicktime"), most_videos=2)
NOTHING = History()


def picture(name: str = "a.png") -> Exhibit:
    return Exhibit(name, Media(MediaKind.IMAGE, "image/png", name.encode()))


def film(name: str = "a.mp4", media_type: str = "video/mp4") -> Exhibit:
    return Exhibit(name, Media(MediaKind.VIDEO, media_type, name.encode()))


def asking(*words: str) -> Turn:
    return Turn(1, "talk", tuple(replace(ASK, text=text) for text in words), 0.0)


def urls(*words: str) -> list[str]:
    return [exhibit.media.url for exhibit in sight.exhibits(asking(*words), [])]


# What is to be seen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("what is on https://x.y/a.png?", ["https://x.y/a.png"]),
        ("看https://x.y/a.png。好", ["https://x.y/a.png"]),
        ("(https://x.y/a.JPG?w=1&h=2) and https://z.y/b.jpeg", ["https://x.y/a.JPG?w=1&h=2", "https://z.y/b.jpeg"]),
        ("the same twice: http://x.y/a.png http://x.y/a.png", ["http://x.y/a.png"]),
        ("https://x.y/a.png.html https://x.y/a.pngs https://x.y/a.png/b ftp://x.y/a.png a.png", []),
        ("https://x.y/a.gif https://x.y/a.webp", []),
        ("https://x.y/film.mp4", ["https://x.y/film.mp4"]),
    ],
)
def test_addresses_of_pictures_and_videos_in_the_words_are_seen(words: str, expected: list[str]) -> None:
    assert urls(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "the logo is at `https://x.y/a.png`, write the HTML",
        "``a ` https://x.y/a.png``",
        "why?\n```html\n<img src=https://x.y/a.png >\n```\nwell",
        "```\nhttps://x.y/a.png",
    ],
)
def test_an_address_in_code_is_no_picture_to_look_at(words: str) -> None:
    assert urls(words) == []


def test_what_stands_beside_code_is_seen() -> None:
    assert urls("`a` https://x.y/a.png `b`", "a lone ` and https://x.y/b.png") == [
        "https://x.y/a.png",
        "https://x.y/b.png",
    ]


@pytest.mark.parametrize(("ending", "kind"), [("mp4", "video/mp4"), ("MOV", "video/quicktime")])
def test_a_video_at_an_address_has_its_kind(ending: str, kind: str) -> None:
    [found] = sight.exhibits(asking(f"https://x.y/film.{ending}"), [])
    assert (found.media.kind, found.media.media_type) == (MediaKind.VIDEO, kind)


def test_files_come_first_and_all_have_the_names_that_people_know() -> None:
    files = [Enclosure("a.png", media=picture().media), Enclosure("b.txt", "words"), Enclosure("c.zip")]
    shown = sight.exhibits(asking("https://x.y/b/film.mp4 https://x.y/a/cat.png"), files)
    assert [exhibit.name for exhibit in shown] == ["a.png", "cat.png", "film.mp4"]


@pytest.mark.parametrize("ending", ["webp", "gif", "BMP", "webp?x=1", "tif"])
def test_addresses_of_other_pictures_are_known(ending: str) -> None:
    assert sight.has_other_pictures(asking(f"look: https://x.y/a.{ending}"))
    assert not sight.has_other_pictures(asking(f"look: `https://x.y/a.{ending}`"))


@pytest.mark.parametrize("words", ["https://x.y/a.png", "a.webp", "https://x.y/webp", "https://x.y/a.gif.html"])
def test_other_addresses_are_not_taken_for_pictures(words: str) -> None:
    assert not sight.has_other_pictures(asking(words))


# Who looks -----------------------------------------------------------------------------------------------------------


def test_a_chosen_model_that_sees_looks_itself() -> None:
    assert sight.view([picture()], NOTHING, [EYE, WIDE_EYE]) == View(EYE, (picture().media,), 1)


def test_else_the_first_that_sees_does() -> None:
    assert sight.view([picture()], NOTHING, [READER, ONE_EYE, EYE]).seer is ONE_EYE


def test_where_nobody_sees_that_is_why() -> None:
    assert sight.view([picture()], NOTHING, [READER]) == View(missed=(picture(),), why="nobody_sees")


def test_a_video_goes_to_a_model_that_takes_its_kind() -> None:
    clip = film("a.mov", "video/quicktime")
    assert sight.view([clip], NOTHING, [FILM_EYE, WIDE_EYE]) == View(WIDE_EYE, (clip.media,), 1)


def test_a_video_of_a_kind_that_nobody_takes_is_missed() -> None:
    clip = film("a.mkv", "video/x-matroska")
    assert sight.view([clip], NOTHING, [FILM_EYE, WIDE_EYE]) == View(missed=(clip,), why="not_taken")


def test_beside_a_video_that_is_seen_another_is_missed_for_its_kind() -> None:
    clip = film("a.mkv", "video/x-matroska")
    assert sight.view([clip, film()], NOTHING, [FILM_EYE]) == View(FILM_EYE, (film().media,), 1, (clip,), "not_taken")


def test_of_a_picture_and_a_video_the_picture_is_seen_and_the_video_missed() -> None:
    seen = sight.view([film(), picture()], NOTHING, [READER, WIDE_EYE])
    assert seen == View(WIDE_EYE, (picture().media,), 1, (film(),), "not_together")


def test_what_there_is_more_of_is_seen() -> None:
    seen = sight.view([picture(), film("a.mp4"), film("b.mp4")], NOTHING, [WIDE_EYE])
    assert [media.kind for media in seen.shown] == [MediaKind.VIDEO] * 2
    assert seen.missed == (picture(),)


def test_more_pictures_than_the_model_takes_do_not_move_the_question_to_another() -> None:
    pictures = [picture(f"{number}.png") for number in range(3)]
    assert sight.view(pictures, NOTHING, [ONE_EYE, EYE]) == View(ONE_EYE, (pictures[0].media,), 3)


def a_round(*media: Media) -> Round:
    return Round(1, (Message(Role.USER, "look", media=media), Message(Role.ASSISTANT, "seen")))


def test_only_pictures_of_the_last_round_are_looked_back_at() -> None:
    past, later = a_round(picture().media), a_round()
    assert sight.view([], History((past,)), [READER, EYE]) == View(EYE)
    assert sight.view([], History((past, later)), [READER, EYE]) == View()
    assert sight.view([], History((past,)), [READER]) == View()


# What does not fit, or cannot be come by ---------------------------------------------------------------------------


def at(address: str) -> Exhibit:
    return Exhibit("a.png", Media(MediaKind.IMAGE, url=address))


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:8080", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "192.168.0.1", "10.0.0.7:80"),
        *("172.16.0.1", "169.254.169.254", "100.64.0.1", "[::1]", "[fe80::1]", "[fd00::1]:8080", "0.0.0.0"),
        *("wiki.internal", "wiki.internal.", "nas.local", "router.home.arpa", "a.localhost", "wiki", "you@10.0.0.1"),
    ],
)
def test_what_lies_in_a_private_network_is_nobodys_to_fetch(host: str) -> None:
    [found] = sight.exhibits(asking(f"look: http://{host}/a.png"), [])
    assert sight.view([found], NOTHING, [EYE]) == View(missed=(found,), why="not_public")


@pytest.mark.parametrize(
    "address", ["http://[::1/a.png", "http://[x]/a.png", "http:///a.png", f"http://{'ü' * 70}.de/a.png"]
)
def test_what_is_no_address_is_nobodys_either(address: str) -> None:
    assert sight.view([at(address)], NOTHING, [EYE]).why == "not_public"


@pytest.mark.parametrize(
    "host",
    ["example.org", "example.org:8443", "you@example.org", "1.1.1.1", "[2606:4700::1111]", "bücher.de", "internal.net"],
)
def test_what_lies_on_the_internet_is_looked_at(host: str) -> None:
    assert sight.view([at(f"https://{host}/a.png")], NOTHING, [EYE]).total == 1


def test_beside_what_is_seen_an_address_within_a_network_is_missed_and_said() -> None:
    hidden = at("http://192.168.0.1/x.png")
    assert sight.view([picture(), hidden], NOTHING, [EYE]) == View(EYE, (picture().media,), 1, (hidden,), "not_public")


def heavy(name: str, size: int, kind: MediaKind = MediaKind.VIDEO) -> Exhibit:
    return Exhibit(name, Media(kind, "video/mp4" if kind is MediaKind.VIDEO else "image/png", b"x" * size))


WEAK_EYE = replace(WIDE_EYE, most_bytes=100)


def test_what_is_too_much_for_one_request_is_missed_and_said() -> None:
    one, two = heavy("one.mp4", 60), heavy("two.mp4", 60)
    assert sight.view([one, two], NOTHING, [WEAK_EYE]) == View(WEAK_EYE, (one.media,), 1, (two,), "too_heavy")


def test_what_is_too_much_alone_is_looked_at_by_nobody() -> None:
    film = heavy("film.mp4", 101)
    assert sight.view([film], NOTHING, [READER, WEAK_EYE]) == View(missed=(film,), why="too_heavy")


def test_a_model_that_can_take_more_of_it_looks() -> None:
    film = heavy("film.mp4", 101)
    assert sight.view([film], NOTHING, [WEAK_EYE, WIDE_EYE]).seer is WIDE_EYE


def test_pictures_that_fit_are_looked_at_rather_than_a_film_that_does_not() -> None:
    film, still = heavy("film.mp4", 101), heavy("still.png", 10, MediaKind.IMAGE)
    seen = sight.view([film, still], NOTHING, [WEAK_EYE])
    assert (seen.shown, seen.missed) == ((still.media,), (film,))


EXHIBITS = st.lists(
    st.sampled_from(
        [
            picture("1.png"),
            picture("2.png"),
            at("http://localhost/a.png"),
            film("1.mp4"),
            heavy("2.mp4", 99),
            film("1.mov", "video/quicktime"),
        ]
    ),
    min_size=1,
    max_size=6,
)


@given(
    EXHIBITS, st.lists(st.sampled_from([READER, EYE, ONE_EYE, FILM_EYE, WIDE_EYE, WEAK_EYE]), min_size=1, max_size=5)
)
def test_all_that_came_is_shown_counted_or_missed(shown: list[Exhibit], candidates: list[ModelInfo]) -> None:
    view = sight.view(shown, NOTHING, candidates)
    assert view.total + len(view.missed) == len(shown)
    assert len(view.shown) <= view.total
    assert bool(view.why) == bool(view.missed)
    assert len({media.kind for media in view.shown}) <= 1
    assert (view.seer is None) == (view.total == 0)
