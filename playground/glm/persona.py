"""The canned conversationalist of the playground: what it says follows from the words of the question alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Template

from playground.glm import pictures
from playground.glm.exchange import Exchange, text_of
from playground.glm.models import MODELS
from playground.glm.script import Answer, Thinking

# What a newcomer should see: a model of ordinary speed.
RATE = 40.0
DELAY = 0.4

_TEXTS = Path(__file__).parent / "texts"
_QUOTED = 120
_CHINESE = re.compile("[\u4e00-\u9fff]")

# The first pattern that is found in the question names the text.
_KEYWORDS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\btables?\b|表格", "table"),
        (r"\b(code|python|function)\b|代码|程序", "code"),
        (r"故事|详细|很长", "chinese_long"),
        (r"\blong(er|est)?\b|\bessay\b", "long"),
        (r"\bstory\b|\bstories\b", "story"),
        (r"\bthink(ing)?\b|\breason(ing)?\b", "thought"),
        (r"\b(help|what can you do)\b", "menu"),
        (r"[\u4e00-\u9fff]", "chinese"),
    )
)
_OTHERWISE = ("plain_1", "plain_2", "plain_3")
_REASONS = re.compile(r"\bthink(ing)?\b|\breason(ing)?\b|思考|想一想", re.IGNORECASE)
_MEMORY: Mapping[bool, tuple[str, str]] = {
    False: (
        "This is the first question that I was shown in this conversation.",
        "I was shown $earlier earlier in this conversation; the last one began: “$before”",
    ),
    True: ("这是我在这段对话里看到的第一个问题。", "在这段对话里，我之前看到过 $earlier 个问题；上一个是：“$before”"),
}
# What was seen, in English and in Chinese.
_SEEN: Mapping[bool, str] = {False: "picture", True: "picture_chinese"}
_PICTURE: Mapping[bool, Template] = {
    False: Template("a $format of $width × $height pixels, $size"),
    True: Template("一张 $format 图片，$width × $height 像素，$size"),
}
_ELSEWHERE: Mapping[bool, str] = {
    False: "a picture at an address on the web, which I do not open",
    True: "一张网络图片，我没有打开它",
}
# What is found on the web, where that is searched.
_FOUND = (
    {
        "title": "Example Domain",
        "content": "A page that stands for any other.",
        "link": "https://example.com/",
        "media": "IANA",
        "icon": "",
        "refer": "ref_1",
        "publish_date": "2026-11-20",
    },
    {
        "title": "Reserved domains",
        "content": "Which names are kept for examples.",
        "link": "https://www.iana.org/domains/reserved",
        "media": "IANA",
        "icon": "",
        "refer": "ref_2",
        "publish_date": "2026-11-19",
    },
)
_VIDEO: Mapping[bool, str] = {False: "a video", True: "一段视频"}


def respond(exchange: Exchange) -> Answer:
    """Answer the last question of a conversation, at the speed of an ordinary model."""
    questions = [_short(text_of(m)) for m in exchange.messages if m.get("role") == "user"]
    question = questions[-1]
    served = MODELS[exchange.provider][exchange.model]
    seen = _seen(exchange)
    found = (name for pattern, name in _KEYWORDS if pattern.search(exchange.question))
    name = _SEEN[_is_chinese(question)] if seen else next(found, _OTHERWISE[(len(questions) - 1) % len(_OTHERWISE)])
    text = _text(name).substitute(question=question, memory=_memory(questions), model=exchange.model, seen=seen)
    return Answer(
        text=text,
        reasoning=_text("reasoning").substitute(question=question) if _wants_reasoning(exchange, served.inline) else "",
        thinking=Thinking.TAGS if served.inline else Thinking.FIELD,
        rate=RATE,
        delay=DELAY,
        sources=_FOUND,
    )


def _wants_reasoning(exchange: Exchange, always: bool) -> bool:
    return always or _REASONS.search(exchange.question) is not None


def _seen(exchange: Exchange) -> str:
    """A line for each picture and video that came with the question."""
    chinese = _is_chinese(exchange.question)
    lines = [_picture(url, chinese) for url in exchange.shown("image_url")]
    lines += [_VIDEO[chinese]] * len(exchange.shown("video_url"))
    return "\n".join(f"- {line}" for line in lines)


def _picture(url: str, chinese: bool) -> str:
    picture = pictures.picture(url)
    if picture is None:
        return _ELSEWHERE[chinese]
    size = f"{picture.size / 1000:,.0f} kB" if picture.size >= 1000 else f"{picture.size} B"
    facts = {"format": picture.format, "width": picture.width, "height": picture.height, "size": size}
    return _PICTURE[chinese].substitute(facts)


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None


def _memory(questions: Sequence[str]) -> str:
    first, later = _MEMORY[_is_chinese(questions[-1])]
    if len(questions) == 1:
        return first
    count = len(questions) - 1
    plural = "1 question" if count == 1 else f"{count} questions"
    earlier = str(count) if _is_chinese(questions[-1]) else plural
    return Template(later).substitute(earlier=earlier, before=questions[-2])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTED else flat[:_QUOTED].rstrip() + "…"


@lru_cache
def _text(name: str) -> Template:
    return Template((_TEXTS / f"{name}.md").read_text(encoding="utf-8").strip())
