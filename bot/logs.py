"""Logging: one line an event, its facts as keys, for people on a terminal and for machines elsewhere."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

_SECRET = re.compile(r"(token|key|secret|authorization|password)$", re.IGNORECASE)
_HARMLESS = frozenset({"key"})
_OWN = ("__main__", "bot", "adapters", "storage", "playground")


def configure(level: str, form: str) -> None:
    """Set up structlog and the standard library's loggers; `form` is "console", "json" or "" (by terminal)."""
    least = logging.getLevelNamesMapping()[level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    human = form == "console" or (not form and sys.stderr.isatty())
    # Its own tracebacks, where rich is installed, show local variables: message texts, and tokens.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Processor = console if human else structlog.processors.JSONRenderer()
    exceptions: list[Processor] = [] if human else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *exceptions, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries say too much: addresses of requests, some with a token in them, and what is in people's pictures.
    root.setLevel(max(logging.WARNING, least))
    for own in _OWN:
        logging.getLogger(own).setLevel(least)
    # These warn of what is meant so, and trace what is tried again; the adapter says itself what it comes to.
    for noisy in ("slack_bolt", "slack_sdk", "mcp"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


def _hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for name in event:
        if name not in _HARMLESS and _SECRET.search(name):
            event[name] = "***"
    return event
