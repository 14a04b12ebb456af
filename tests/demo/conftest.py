"""Both readings of 2016, made once."""

import pytest

from deploy.demo.fixture import Fixture, generate


@pytest.fixture(scope="session")
def r1() -> Fixture:
    return generate("r1")


@pytest.fixture(scope="session")
def r2() -> Fixture:
    return generate("r2")


@pytest.fixture(scope="session", params=["r1", "r2"])
def fixture(request: pytest.FixtureRequest) -> Fixture:
    made: Fixture = request.getfixturevalue(request.param)
    return made
