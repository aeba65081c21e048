from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Address, Author
from bot.rules import (
    Book,
    Kind,
    Limit,
    Presence,
    Ruleset,
    Ruling,
    Unit,
    Verdict,
    below,
    dump_book,
    load_book,
    presence_of,
    read_counted,
    read_quota,
    read_subject,
    read_tool,
)

ALLOW, DENY = Verdict.ALLOW, Verdict.DENY
PLACES = (Kind.CHANNEL, Kind.CATEGORY, Kind.SERVER)
PEOPLE = (Kind.USER, Kind.ROLE)
HERE = Address("discord", "guild", "general", "thread", category="talk")
ANN = Author("ann", "Ann", roles=("staff", "chess"))

IDS = st.sampled_from(["1", "2", "3"])
SUBJECTS = st.sampled_from([f"{kind}:{number}" for kind in Kind for number in (1, 2, 3)])
VERDICTS = st.sampled_from(Verdict)
DEFAULTS = st.none() | VERDICTS
RULESETS = st.builds(Ruleset, st.dictionaries(SUBJECTS, VERDICTS, max_size=12), DEFAULTS)
PRESENCES = st.fixed_dictionaries(
    {
        Kind.USER: st.tuples(IDS),
        Kind.ROLE: st.lists(IDS, max_size=3).map(tuple),
        Kind.CHANNEL: st.tuples(IDS),
        Kind.CATEGORY: st.just(()) | st.tuples(IDS),
        Kind.SERVER: st.just(()) | st.tuples(IDS),
    }
)
AMOUNTS = st.dictionaries(st.sampled_from(Unit), st.integers(0, 10**6).map(float), min_size=1)
COUNTED = st.sampled_from(["user", "channel", "server", "user:1", "role:2", "role:3", "channel:1", "server:2"])
BOOKS = st.builds(
    Book,
    RULESETS,
    st.dictionaries(st.sampled_from(["weather", "read_page"]), RULESETS.filter(lambda rules: rules != Ruleset())),
    st.dictionaries(COUNTED, AMOUNTS),
)


def said(rules: Ruleset, presence: Presence, kinds: tuple[Kind, ...]) -> set[Verdict]:
    """What the rules of the nearest kind say that has any."""
    for kind in kinds:
        found = {rules.rules[key] for name in presence[kind] if (key := f"{kind}:{name}") in rules.rules}
        if found:
            return found
    return set()


# Who is welcome ------------------------------------------------------------------------------------------------------


@given(RULESETS, PRESENCES)
def test_of_place_and_person_the_nearest_rule_counts_and_a_denial_wins(rules: Ruleset, presence: Presence) -> None:
    person, place = said(rules, presence, PEOPLE), said(rules, presence, PLACES)
    if DENY in person:
        expected = Ruling.PERSON
    elif DENY in place:
        expected = Ruling.PLACE
    elif person | place or rules.default is not DENY:
        expected = Ruling.WELCOME
    else:
        expected = Ruling.UNLISTED
    assert rules.judge(presence) is expected


@given(RULESETS, PRESENCES, st.sampled_from(Kind))
def test_one_more_denial_lets_nobody_in_but_by_a_nearer_rule(rules: Ruleset, presence: Presence, kind: Kind) -> None:
    more = {f"{kind}:{name}": DENY for name in presence[kind]}
    stricter = replace(rules, rules={**rules.rules, **more})
    if rules.judge(presence) is not Ruling.WELCOME and kind in (Kind.USER, Kind.CHANNEL):
        assert stricter.judge(presence) is not Ruling.WELCOME


@given(RULESETS, PRESENCES)
def test_a_denied_user_and_a_denied_channel_are_out_whatever_else_is_said(rules: Ruleset, presence: Presence) -> None:
    for kind, ruling in ((Kind.USER, {Ruling.PERSON}), (Kind.CHANNEL, {Ruling.PLACE, Ruling.PERSON})):
        denied = {f"{kind}:{next(iter(presence[kind]))}": DENY}
        assert replace(rules, rules={**rules.rules, **denied}).judge(presence) in ruling


@given(RULESETS, PRESENCES)
def test_without_a_rule_about_them_the_default_decides(rules: Ruleset, presence: Presence) -> None:
    strangers = {kind: tuple(f"x{name}" for name in names) for kind, names in presence.items()}
    denied = rules.default is DENY
    assert rules.judge(strangers) is (Ruling.UNLISTED if denied else Ruling.WELCOME)


@given(PRESENCES)
def test_with_no_rules_everybody_is_welcome(presence: Presence) -> None:
    assert Ruleset().judge(presence) is Ruling.WELCOME


@pytest.mark.parametrize(
    ("rules", "ruling"),
    [
        ({"channel:general": ALLOW, "server:guild": DENY}, Ruling.WELCOME),
        ({"channel:general": ALLOW, "category:talk": DENY}, Ruling.WELCOME),
        ({"category:talk": DENY, "server:guild": ALLOW}, Ruling.PLACE),
        ({"user:ann": ALLOW, "role:staff": DENY}, Ruling.WELCOME),
        ({"role:staff": ALLOW, "role:chess": DENY}, Ruling.PERSON),
        ({"user:ann": ALLOW, "channel:general": DENY}, Ruling.PLACE),
        ({"user:ann": DENY, "channel:general": ALLOW}, Ruling.PERSON),
        ({"channel:thread": DENY}, Ruling.WELCOME),
    ],
)
def test_rules_about_somebody_in_a_thread(rules: dict[str, Verdict], ruling: Ruling) -> None:
    assert Ruleset(rules).judge(presence_of(HERE, ANN)) is ruling


def test_a_direct_message_is_in_no_server_and_no_category() -> None:
    presence = presence_of(Address("discord", "", "dm"), ANN)
    assert (presence[Kind.SERVER], presence[Kind.CATEGORY], presence[Kind.CHANNEL]) == ((), (), ("dm",))


def test_only_a_rule_about_the_user_names_them() -> None:
    rules = Ruleset({"user:ann": ALLOW, "user:bob": DENY, "role:eve": ALLOW})
    assert [rules.names(user) for user in ("ann", "bob", "eve")] == [True, False, False]


# Quotas --------------------------------------------------------------------------------------------------------------


def limits(quotas: dict[str, dict[Unit, float]], address: Address = HERE) -> list[Limit]:
    return list(Book(quotas=quotas).limits(presence_of(address, ANN)))


@pytest.mark.parametrize(
    ("quotas", "amount"),
    [
        ({"user": 10.0}, 10.0),
        ({"user": 10.0, "role:staff": 5.0}, 5.0),
        ({"user": 10.0, "role:staff": 5.0, "role:chess": 20.0}, 20.0),
        ({"user:ann": 1.0, "role:chess": 20.0, "user": 10.0}, 1.0),
        ({"user:ann": 0.0, "user": 10.0}, 0.0),
    ],
)
def test_what_names_somebody_counts_before_their_roles_and_these_before_all(
    quotas: dict[str, float], amount: float
) -> None:
    named = {subject: {Unit.REQUESTS: value} for subject, value in quotas.items()}
    assert limits(named) == [Limit(Kind.USER, Unit.REQUESTS, amount)]


def test_each_unit_is_looked_up_by_itself() -> None:
    quotas = {"user": {Unit.REQUESTS: 10.0, Unit.TOKENS: 99.0}, "user:ann": {Unit.REQUESTS: 1.0}}
    assert limits(quotas) == [Limit(Kind.USER, Unit.REQUESTS, 1.0), Limit(Kind.USER, Unit.TOKENS, 99.0)]


def test_channels_and_servers_have_pools_of_their_own() -> None:
    quotas = {"channel": {Unit.TOKENS: 5.0}, "channel:general": {Unit.TOKENS: 7.0}, "server": {Unit.USD: 2.5}}
    assert limits(quotas) == [Limit(Kind.CHANNEL, Unit.TOKENS, 7.0), Limit(Kind.SERVER, Unit.USD, 2.5)]
    assert limits({"server": {Unit.USD: 2.5}}, Address("discord", "", "dm")) == []


# What is written -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("user 50 requests", ("user", Unit.REQUESTS, 50.0)),
        ("User:1 2.5 USD", ("user:1", Unit.USD, 2.5)),
        ("role:2 3 parallel", ("role:2", Unit.PARALLEL, 3.0)),
        ("channel 0 tokens", ("channel", Unit.TOKENS, 0.0)),
        ("server:T1 9 cny", ("server:T1", Unit.CNY, 9.0)),
    ],
)
def test_a_quota_in_words(text: str, quota: tuple[str, Unit, float]) -> None:
    assert read_quota(text) == quota


@pytest.mark.parametrize(
    "text",
    [
        *("", "user", "user 50", "user 50 apples", "user many requests", "user -1 requests", "user inf tokens"),
        *("user nan tokens", "role 5 requests", "category:1 5 requests", "channel 2 parallel", "a user 50 requests"),
    ],
)
def test_what_is_no_quota(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_quota(text)


@pytest.mark.parametrize("text", ["", "user", "user:", "user:a b", "somebody:1", "user:1,2", ":1", "user:" + "1" * 101])
def test_what_is_no_subject(text: str) -> None:
    with pytest.raises(ValueError, match="is not one of"):
        read_subject(text)


def test_a_subject_keeps_the_letters_of_its_id() -> None:
    assert read_subject("Channel:T1.C1") == read_counted("channel:T1.C1") == "channel:T1.C1"


@pytest.mark.parametrize(("text", "name"), [("tool:read_page", "read_page"), ("TOOL:a-B1", "a-B1")])
def test_a_tool_in_words(text: str, name: str) -> None:
    assert read_tool(text) == name


@pytest.mark.parametrize("text", ["tool", "tool:", "tool:a b", "read_page", "tool:" + "a" * 65])
def test_what_is_no_tool(text: str) -> None:
    with pytest.raises(ValueError, match="is not tool:name"):
        read_tool(text)


# Books ---------------------------------------------------------------------------------------------------------------


@given(BOOKS)
def test_a_book_that_was_kept_says_the_same(book: Book) -> None:
    assert load_book(dump_book(book)) == book


def test_nothing_kept_is_an_empty_book() -> None:
    assert load_book("") == Book()


@given(BOOKS, BOOKS)
def test_different_books_say_something_different(one: Book, other: Book) -> None:
    assert (one.lines() == other.lines()) == (one == other)


@given(BOOKS, BOOKS)
def test_of_two_books_the_narrow_one_counts_first(narrow: Book, wide: Book) -> None:
    assert below(narrow, Book()) == narrow == below(Book(), narrow)
    lines = below(narrow, wide).lines()
    assert narrow.lines().items() <= lines.items()
    access = {name for name in wide.lines() if "tool:" not in name}
    assert access <= lines.keys()


def test_rules_about_a_tool_that_say_nothing_any_more_are_gone() -> None:
    book = Book().with_rules("weather", Ruleset(default=DENY))
    assert book.tool("weather").default is DENY
    assert book.with_rules("weather", Ruleset()) == Book()
    assert Book().with_quota("user", {Unit.TOKENS: 1.0}).with_quota("user", {}) == Book()
