"""The short form of `make fuzz`: a minute of everything against the four services."""

from tests.fuzz.__main__ import fuzz


async def test_a_minute_of_everything_finds_nothing() -> None:
    found = await fuzz(minutes=1.0, seed=1)
    assert found["server_errors"] == 0
    assert found["failures"] == 0
    assert found["cases"] > 2000
    assert found["at_the_door_share"] < 0.01
