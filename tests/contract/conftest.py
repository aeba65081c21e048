from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.fixtures.platforms import PLATFORMS, Handle


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest) -> AsyncGenerator[Handle]:
    """Each platform that there is, its adapter not yet running."""
    async with PLATFORMS[request.param]() as handle:
        yield handle
