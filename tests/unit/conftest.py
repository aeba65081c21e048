from __future__ import annotations

from collections.abc import Generator

import pytest
import structlog


@pytest.fixture
def silence() -> Generator[None]:
    """Nothing is logged."""
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()


def _drop(*_: object) -> str:
    raise structlog.DropEvent
