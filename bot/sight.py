"""What of a question is to be seen, and which model looks at it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from bot.addresses import is_public_host
from bot.attachments import Enclosure
from bot.completion import Media, MediaKind, ModelInfo
from bot.messages import History, Turn

# GLM docs, vision models: what may lie at an address. Whatever else is called a picture is known to be none of these.
_TYPES: Final = {"mp4": "video/mp4", "mov": "video/quicktime", "mkv": "video/x-matroska"}
_AT: Final = r"https?://[^\s<>()\"']+?\.({kinds})(?:\?[^\s<>()\"']+|(?![\w/.-]*\w))"
_PICTURE_AT: Final = re.compile(_AT.format(kinds="png|jpe?g"), re.IGNORECASE | re.ASCII)
_VIDEO_AT: Final = re.compile(_AT.format(kinds="|".join(_TYPES)), re.IGNORECASE | re.ASCII)
_OTHER_AT: Final = re.compile(_AT.format(kinds="webp|gif|bmp|avif|tiff?|heic"), re.IGNORECASE | re.ASCII)
# An address in code is written about, and not shown.
_CODE: Final = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|```.*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture or a video that came with a question, and the `name` that people know it by."""

    name: str
    media: Media


@dataclass(frozen=True, slots=True)
class View:
    """Which model looks, and at what: no `seer` where there is nothing to be seen, or nobody who could.

    Of `total` pictures or videos that it can see it is `shown` as many as it takes; `missed` it cannot see, and `why`
    names the sentence that says the reason for the first of them.
    """

    seer: ModelInfo | None = None
    shown: tuple[Media, ...] = ()
    total: int = 0
    missed: tuple[Exhibit, ...] = ()
    why: str = ""


def exhibits(turn: Turn, files: Sequence[Enclosure]) -> Sequence[Exhibit]:
    """All that is to be seen: the files first, then what lies at addresses in the words of the asker."""
    attached = [Exhibit(file.name, file.media) for file in files if file.media is not None]
    return [*attached, *(Exhibit(media.url.rpartition("/")[2], media) for media in _linked(turn))]


def has_other_pictures(turn: Turn) -> bool:
    """Whether there are addresses of pictures in the words that no model takes."""
    return _OTHER_AT.search(_words(turn)) is not None


def view(shown: Sequence[Exhibit], history: History, candidates: Sequence[ModelInfo]) -> View:
    """Who looks: of those who can see the most the first candidate; pictures and videos do not go together.

    With nothing new to see, the pictures of the last round are still looked at.
    """
    if not shown:
        return _look_back(history, candidates)
    options = [(model, kind) for model in candidates for kind in MediaKind]
    seer, kind = max(options, key=lambda option: len(_seen(shown, *option)))
    seen = _seen(shown, seer, kind)
    missed = tuple(exhibit for place, exhibit in enumerate(shown) if place not in seen)
    if not seen:
        return View(missed=missed, why=_why(missed[0], candidates))
    most = seer.most_images if kind is MediaKind.IMAGE else seer.most_videos
    why = _why(missed[0], [seer], kind) if missed else ""
    return View(seer, tuple(shown[place].media for place in seen[:most]), len(seen), missed, why)


def _linked(turn: Turn) -> Iterator[Media]:
    words = _words(turn)
    for match in {match[0]: match for match in _PICTURE_AT.finditer(words)}.values():
        yield Media(MediaKind.IMAGE, url=match[0])
    for match in {match[0]: match for match in _VIDEO_AT.finditer(words)}.values():
        yield Media(MediaKind.VIDEO, _TYPES[match[1].lower()], url=match[0])


def _words(turn: Turn) -> str:
    return " ".join(_CODE.sub(" ", ask.text) for ask in turn.asks)


def _look_back(history: History, candidates: Sequence[ModelInfo]) -> View:
    last = history.rounds[-1].messages if history.rounds else ()
    pictured = any(message.media for message in last)
    return View(next((model for model in candidates if pictured and model.images), None))


def _seen(shown: Sequence[Exhibit], model: ModelInfo, kind: MediaKind) -> Sequence[int]:
    """The places of what the model takes of this kind, as much of it as goes into one request."""
    room, seen = model.most_bytes or math.inf, list[int]()
    for place, exhibit in enumerate(shown):
        media = exhibit.media
        if media.kind is kind and _takes(model, media) and _reachable(media) and len(media.data) <= room:
            seen.append(place)
            room -= len(media.data)
    return seen


def _takes(model: ModelInfo, media: Media) -> bool:
    if media.kind is MediaKind.IMAGE:
        return model.images
    return model.videos and media.media_type in model.video_types


def _reachable(media: Media) -> bool:
    """Whether a provider may come by it: what lies within a private network is not theirs to fetch."""
    try:
        host = urlsplit(media.url).hostname or ""
        return not media.url or is_public_host(host if host.isascii() else host.encode("idna").decode())
    except ValueError:
        return False


def _why(missed: Exhibit, candidates: Sequence[ModelInfo], kind: MediaKind | None = None) -> str:
    """Why none of these models sees something, where they look at things of a `kind`."""
    media = missed.media
    if not _reachable(media):
        return "not_public"
    if kind not in (None, media.kind):
        return "not_together"
    if any(_takes(model, media) for model in candidates):
        return "too_heavy"
    videos = media.kind is MediaKind.VIDEO and any(model.videos for model in candidates)
    return "not_taken" if videos else "nobody_sees"
