"""A scene in which labels can be played."""

import pytest

from tests.labelling.builders import Scene
from tests.support.under_test import ServiceUnderTest


@pytest.fixture
async def scene(labelling: ServiceUnderTest) -> Scene:
    """A call, a holder with two sites, and everybody's clients."""
    return await Scene(labelling).begin()
