"""What each error of a provider means for us: the published tables, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import TypeAlias


class Action(StrEnum):
    """What is to be done about an error."""

    RETRY = "R"  # the same model again, after a wait
    FALLBACK = "F"  # another provider or model may do
    CIRCUIT = "C"  # leave this provider or model alone for a while
    OPERATOR = "O"  # only the operator can mend it
    USER = "U"  # the user can mend it
    STOP = "X"  # nobody can


class Remedy(Flag):
    """Changes to a request after which asking again at once may help; each is tried once."""

    NONE = 0
    SHORTEN = auto()  # without the older half of the history
    FOLD_SYSTEM = auto()  # the system message as part of the first question
    THINK_FREELY = auto()  # without the fields that turn thinking down
    THINK_LESS = auto()  # with them, whatever was asked for
    WHOLE = auto()  # the answer in one piece instead of a stream
    DATA_URL = auto()  # pictures as data: addresses instead of plain base64
    FORGET = auto()  # the last question alone


@dataclass(frozen=True, slots=True)
class Breaker:
    """When something is left alone after failures: `streak` in a row, for `seconds` or until a reset that was stated.

    It is all of the provider where that is about the `account`, else one model there. A `daily` limit is reset at
    midnight in Beijing.
    """

    streak: int = 1
    seconds: float = 60.0
    account: bool = False
    daily: bool = False


_ACCOUNT_BREAKER = Breaker(account=True)
_STREAK_BREAKER = Breaker(streak=5, seconds=15.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an error leads to; `does` holds the letters of Action.

    `text` names the sentence for the user, `attempts` counts the first one, `pace` is the base of the waits in seconds.
    `operator` is a line for the operator, with {variable}, {provider}, {model} and {code} to fill in. The rule is for
    messages in which `pattern` is found. `filtered` means that the safety review stopped the answer. `opens` is for
    errors after which something else is left alone than their letters say.
    """

    does: str
    text: str
    operator: str = ""
    pattern: str = ""
    remedy: Remedy = Remedy.NONE
    attempts: int = 3
    pace: float = 1.0
    filtered: bool = False
    opens: Breaker | None = None

    @property
    def actions(self) -> frozenset[Action]:
        """The actions that the letters stand for."""
        return frozenset(map(Action, self.does))

    @property
    def retries(self) -> bool:
        """Whether the same request may be answered a little later."""
        return Action.RETRY in self.does

    @property
    def moves_on(self) -> bool:
        """Whether another provider may do what this one did not, after all attempts here."""
        return not {Action.USER, Action.STOP} & self.actions

    @property
    def crowded(self) -> bool:
        """Whether a provider says with it that we ask too much at once: its model is asked again, but more slowly."""
        return self.text == "wait" and self.attempts > 1

    @property
    def breaker(self) -> Breaker | None:
        """When to leave alone what failed like this, None where that would not help."""
        if self.opens is not None:
            return self.opens
        if Action.CIRCUIT in self.does:
            return _ACCOUNT_BREAKER
        return _STREAK_BREAKER if self.retries and not self.crowded else None


_REFUSED = "{variable}_API_KEY was refused (code {code})"
_ACCOUNT = "the account of {variable}_API_KEY cannot be used (code {code})"
_EMPTY = "the account of {variable}_API_KEY has no balance or quota left (code {code})"
_NO_MODEL = "{provider} does not offer {model} to {variable}_API_KEY (code {code})"
_OUR_BUG = "{provider} did not accept a request for {model} (code {code}); please report it"
_WRONG_URL = "{variable}_BASE_URL does not lead to a chat endpoint (code {code})"
_OUTAGE = "{provider} reports trouble with the account of {variable}_API_KEY (code {code})"
_UNREACHABLE = "{provider} could not be reached; see {variable}_BASE_URL and the network"

# A model without eyes names the field; one with eyes the picture (图 on the Chinese platform).
_NO_EYES = r"(?i)content\.type"
_ABOUT_IMAGES = r"(?i)image|base64|图"

_Rows: TypeAlias = Iterable[tuple[str, Rule]]

# docs.z.ai and docs.bigmodel.cn, "error codes"; 1005 and 1314 to 1321 as reported by third parties.
_ZHIPU: _Rows = (
    ("500", Rule("O", "config", _WRONG_URL, pattern=r"NOT.?FOUND")),
    ("500", Rule("RF", "busy")),
    ("401 1000 1001 1002 1003 1004 1005", Rule("OC", "config", _REFUSED)),
    ("1100 1120", Rule("RO", "busy", _OUTAGE)),
    ("1110 1111 1112 1121", Rule("OC", "config", _ACCOUNT)),
    # A free model of the same account may still answer.
    ("1113", Rule("OFC", "quota", _EMPTY, opens=Breaker())),
    ("1200 1230", Rule("R", "busy", attempts=2)),
    ("1210 1214", Rule("U", "no_image", pattern=_NO_EYES, remedy=Remedy.DATA_URL)),
    ("1210 1214", Rule("U", "image_unread", pattern=_ABOUT_IMAGES, remedy=Remedy.DATA_URL)),
    ("1210", Rule("O", "bug", _OUR_BUG, pattern=r"(?i)think|effort", remedy=Remedy.THINK_FREELY)),
    ("1214", Rule("O", "bug", _OUR_BUG, remedy=Remedy.FORGET)),
    ("1210 1213 1215", Rule("O", "bug", _OUR_BUG)),
    ("1211 1220 1221 1222", Rule("FO", "model", _NO_MODEL)),
    ("1212", Rule("F", "model", remedy=Remedy.WHOLE)),
    ("1231", Rule("R", "busy")),
    ("1234", Rule("RF", "busy")),
    ("1261", Rule("U", "long", remedy=Remedy.SHORTEN)),
    ("1300", Rule("X", "safety")),
    ("1301", Rule("X", "safety", filtered=True)),
    ("1302", Rule("R", "wait")),
    ("1303", Rule("R", "wait", pace=2.0)),
    ("1304", Rule("CFO", "quota", _EMPTY, opens=Breaker(account=True, daily=True))),
    # Measured by a third party: 17 of 20 calls to one model refused for half an hour, none to another.
    ("1305", Rule("RF", "busy", attempts=2, opens=Breaker(streak=2))),
    ("1308 1310", Rule("CFO", "quota", _EMPTY)),
    ("1309 1314", Rule("OCF", "config", _ACCOUNT)),
    ("1311", Rule("FO", "model", _NO_MODEL)),
    ("1312", Rule("F", "busy", opens=Breaker())),
    ("1313", Rule("OC", "quota", _EMPTY)),
    ("1315", Rule("OC", "config", _ACCOUNT)),
    ("1316 1317 1318 1319 1320 1321", Rule("COF", "quota", _EMPTY)),
)

# docs.acedata.cloud and the vendor's client; a three-digit key is an HTTP status.
_ACEDATA: _Rows = (
    ("token_mismatched bad_request", Rule("O", "bug", _OUR_BUG)),
    ("api_not_implemented", Rule("FO", "model", _NO_MODEL)),
    ("invalid_token token_expired no_token", Rule("OC", "config", _REFUSED)),
    ("used_up 402", Rule("OCF", "quota", _EMPTY)),
    ("disabled", Rule("O", "config", _ACCOUNT)),
    ("403", Rule("X", "safety")),
    ("too_many_requests", Rule("R", "wait")),
    ("api_error", Rule("RF", "busy")),
)

# docs.aimlapi.com, "errors"; its codes are HTTP statuses.
_AIMLAPI: _Rows = (
    ("400", Rule("O", "bug", _OUR_BUG, pattern=r"messages\[\d+\]\.role", remedy=Remedy.FOLD_SYSTEM)),
    ("400", Rule("O", "bug", _OUR_BUG)),
    ("401", Rule("OC", "config", _REFUSED)),
    ("403", Rule("OCF", "quota", _EMPTY, pattern=r"(?i)credits")),
    ("404", Rule("O", "config", _WRONG_URL)),
    ("429", Rule("CF", "quota", pattern=r"(?i)free.?tier", opens=Breaker(seconds=3600.0, account=True))),
    ("429", Rule("R", "wait")),
    ("500 502 503 504", Rule("RF", "busy")),
)

_STATUS: _Rows = (
    ("400 413 422", Rule("O", "bug", _OUR_BUG)),
    ("401 403", Rule("OC", "config", _REFUSED)),
    ("402", Rule("OCF", "quota", _EMPTY)),
    ("301 302 303 307 308 404 405", Rule("O", "config", _WRONG_URL)),
    ("429", Rule("RF", "wait")),
    ("408 409 425", Rule("RF", "busy")),
)

# What happens to a connection or a stream; the names are ours.
_CONNECTION: _Rows = (
    ("unreachable", Rule("RFO", "busy", _UNREACHABLE)),
    ("silent", Rule("RF", "busy", attempts=1)),
    ("stalled", Rule("RF", "busy", attempts=1)),
    ("waited", Rule("RF", "wait", attempts=1)),
    ("reset truncated network_error not_an_answer", Rule("RF", "busy")),
    ("too_much", Rule("F", "interrupted")),
)


def _index(rows: _Rows) -> Mapping[str, Sequence[Rule]]:
    table: dict[str, list[Rule]] = {}
    for keys, rule in rows:
        for key in keys.split():
            table.setdefault(key, []).append(rule)
    return table


ZHIPU = _index(_ZHIPU)
DIALECTS = {"zhipu": ZHIPU, "acedata": _index(_ACEDATA), "aimlapi": _index(_AIMLAPI)}
STATUS = _index(_STATUS)
CONNECTION = {key: rules[0] for key, rules in _index(_CONNECTION).items()}
OTHER_CLIENT_ERROR = Rule("X", "bug")
OTHER = Rule("RF", "busy")
