"""What each provider accepts as a request, as data; written from the vendors' documentation."""

from __future__ import annotations

from collections.abc import Mapping

from playground.glm.models import MODELS, ON_OFF
from playground.glm.schema import Choice, Either, Flag, ListOf, Number, OrNull, Rule, Shape, Text, Variant, choice

_STRING = Text()
_TOOL_NAME = Text(pattern=r"\A[a-zA-Z0-9_-]{1,64}\Z")
_OPEN = Shape(closed=False)
_CALLS: Rule = ListOf(
    Shape(
        required={
            "id": Text(1),
            "type": choice("function"),
            "function": Shape(required={"name": _STRING, "arguments": _STRING}, closed=False),
        },
        closed=False,
    ),
    low=1,
)
_TEXT_PART = Shape(required={"type": choice("text"), "text": _STRING}, closed=False)
_TEXT = Either((_STRING, ListOf(_TEXT_PART)))
_LINK = Shape(required={"url": Text(1)}, closed=False)
_PARTS = ListOf(
    Variant(
        "type",
        {
            "text": _TEXT_PART,
            "image_url": Shape(required={"type": _STRING, "image_url": _LINK}),
            "video_url": Shape(required={"type": _STRING, "video_url": _LINK}),
            "file_url": Shape(required={"type": _STRING, "file_url": _LINK}),
        },
    ),
    low=1,
)
_STREAM_OPTIONS = Shape(required={"include_usage": Flag()}, closed=False)


def _search(*engines: str) -> Shape:
    """What the web may be searched by: the schema is the same at bigmodel and zai, but for the engines."""
    return Shape(
        required={"search_engine": choice(*engines)},
        optional={
            "enable": Flag(),
            "search_query": _STRING,
            "search_intent": _STRING,
            "count": Number(1, 50, whole=True),
            "search_domain_filter": _STRING,
            "search_recency_filter": choice("oneDay", "oneWeek", "oneMonth", "oneYear", "noLimit"),
            "content_size": choice("medium", "high"),
            "result_sequence": choice("before", "after"),
            "search_result": Flag(),
            "require_search": Flag(),
            "search_prompt": _STRING,
        },
    )


def _zhipu(function: Shape, search: Shape) -> Shape:
    """The body at bigmodel and zai; they differ in what a function must have, and in who searches."""
    tools = Variant(
        "type",
        {
            "function": Shape(required={"type": _STRING, "function": function}),
            "web_search": Shape(required={"type": _STRING, "web_search": search}),
            "retrieval": Shape(required={"type": _STRING, "retrieval": _OPEN}),
        },
    )
    return Shape(
        required={"model": _STRING, "messages": ListOf(_ZHIPU_MESSAGE, low=1)},
        optional={
            "stream": Flag(),
            "stream_options": _STREAM_OPTIONS,
            "temperature": Number(0.0, 1.0),
            "top_p": Number(0.01, 1.0),
            "max_tokens": Number(1, whole=True),
            "do_sample": Flag(),
            "stop": ListOf(Text(1), low=1, high=1),
            "request_id": Text(1),
            "user_id": Text(6, 128),
            "tools": ListOf(tools, high=128),
            "tool_choice": choice("auto"),
            "tool_stream": Flag(),
            # The vendor's own client sends null for these two when they are not set, so the services take it.
            "thinking": OrNull(Shape(required={"type": Choice(ON_OFF)}, optional={"clear_thinking": Flag()})),
            "response_format": OrNull(Shape(required={"type": choice("text", "json_object")})),
            "reasoning_effort": _STRING,
            "seed": Number(1, whole=True),
        },
    )


_ZHIPU_MESSAGE = Variant(
    "role",
    {
        "system": Shape(required={"role": _STRING, "content": _TEXT}),
        "user": Shape(required={"role": _STRING, "content": Either((_STRING, _PARTS))}),
        "assistant": Shape(
            required={"role": _STRING},
            optional={"content": _TEXT, "tool_calls": _CALLS, "reasoning_content": _STRING},
        ),
        "tool": Shape(required={"role": _STRING, "content": _STRING, "tool_call_id": Text(1)}),
    },
)

_ZAI_FUNCTION = Shape(required={"name": _TOOL_NAME, "description": _STRING, "parameters": _OPEN})
_BIGMODEL_FUNCTION = Shape(required={"name": _TOOL_NAME}, optional={"description": _STRING, "parameters": _OPEN})

_REFUSAL_PART = Shape(required={"type": choice("refusal"), "refusal": _STRING}, closed=False)
_AIMLAPI_MESSAGE = Variant(
    "role",
    {
        "user": Shape(required={"role": _STRING, "content": _TEXT}, optional={"name": _STRING}, closed=False),
        "developer": Shape(required={"role": _STRING, "content": _TEXT}, optional={"name": _STRING}),
        "system": Shape(required={"role": _STRING, "content": _TEXT}, optional={"name": _STRING}),
        "tool": Shape(
            required={"role": _STRING, "content": _STRING, "tool_call_id": _STRING}, optional={"name": _STRING}
        ),
        "assistant": Shape(
            required={"role": _STRING},
            optional={
                "content": Either((_STRING, ListOf(Either((_TEXT_PART, _REFUSAL_PART))))),
                "name": _STRING,
                "tool_calls": _CALLS,
                "refusal": _STRING,
            },
            closed=False,
        ),
    },
)
_AIMLAPI_FUNCTION = Shape(
    required={"name": _STRING, "parameters": _OPEN}, optional={"description": _STRING, "strict": Flag()}
)
_AIMLAPI_FORMAT = Variant(
    "type",
    {
        "text": Shape(required={"type": _STRING}),
        "json_object": Shape(required={"type": _STRING}),
        "json_schema": Shape(
            required={
                "type": _STRING,
                "json_schema": Shape(
                    required={"name": _STRING},
                    optional={"schema": _OPEN, "strict": Flag(), "description": _STRING},
                ),
            },
        ),
    },
)
_NAMED_TOOL = Shape(
    required={"type": choice("function"), "function": Shape(required={"name": _STRING}, closed=False)}, closed=False
)
_AIMLAPI = Shape(
    required={"model": Choice(frozenset(MODELS["aimlapi"])), "messages": ListOf(_AIMLAPI_MESSAGE)},
    optional={
        "stream": Flag(),
        "stream_options": _STREAM_OPTIONS,
        "temperature": Number(0, 2),
        "top_p": Number(0.01, 1),
        "max_tokens": Number(1),
        "seed": Number(1, whole=True),
        "frequency_penalty": Number(-2, 2),
        "presence_penalty": Number(-2, 2),
        "parallel_tool_calls": Flag(),
        "tools": ListOf(Shape(required={"type": choice("function"), "function": _AIMLAPI_FUNCTION})),
        "tool_choice": Either((choice("none", "auto", "required"), _NAMED_TOOL)),
        "response_format": _AIMLAPI_FORMAT,
    },
    closed=False,
)

_ACEDATA_MESSAGE = Variant(
    "role",
    {
        "system": Shape(required={"role": _STRING, "content": _STRING}),
        "user": Shape(required={"role": _STRING, "content": _TEXT}),
        "assistant": Shape(required={"role": _STRING}, optional={"content": _STRING, "tool_calls": _CALLS}),
        "tool": Shape(required={"role": _STRING, "content": _STRING, "tool_call_id": _STRING}),
    },
)
_ACEDATA = Shape(
    required={"model": _STRING, "messages": ListOf(_ACEDATA_MESSAGE, low=1)},
    optional={
        "stream": Flag(),
        "temperature": Number(0, 2),
        "top_p": Number(0, 1),
        "max_tokens": Number(1, whole=True),
        "n": Number(1, whole=True),
        "stop": Either((_STRING, ListOf(_STRING))),
        "tools": ListOf(Shape(required={"type": choice("function"), "function": _OPEN})),
    },
)

BODIES: Mapping[str, Shape] = {
    "bigmodel": _zhipu(_BIGMODEL_FUNCTION, _search("search_std", "search_pro", "search_pro_sogou", "search_pro_quark")),
    "zai": _zhipu(_ZAI_FUNCTION, _search("search_pro_jina")),
    "aimlapi": _AIMLAPI,
    "acedata": _ACEDATA,
}
