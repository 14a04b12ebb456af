"""Idle is not stuck: what the figures of a source and of a relay mean, as a table."""

import pytest

from shared.platform.exchange.progress import UNWELL, Listening, Relaying

LISTENING = {
    # behind, moved, still, heard, halted
    "nothing to do since yesterday": ((0, 86_400.0, None, 1.0, None), "idle"),
    "nothing was ever said": ((0, None, None, 1.0, None), "idle"),
    "behind and moving": ((900, 0.2, 0.2, 1.0, None), "moving"),
    "the first event after a quiet night": ((1, 30_000.0, 0.5, 0.5, None), "waiting"),
    "behind, moved some seconds ago": ((5, 9.0, 9.0, 1.0, None), "waiting"),
    "behind and not moved": ((5, 16.0, 16.0, 1.0, None), "stuck"),
    "one partition stuck among busy ones": ((5, 0.1, 16.0, 1.0, None), "stuck"),
    "behind and never moved": ((5, None, 20.0, 1.0, None), "stuck"),
    "the source is silent": ((0, 60.0, None, 11.0, None), "deaf"),
    "the source was never heard": ((0, None, None, None, None), "deaf"),
    "silent while behind": ((5, 60.0, 60.0, 60.0, None), "deaf"),
    "a person has to decide": ((5, 60.0, 60.0, 1.0, "log_went_back"), "halted"),
    "halted and silent": ((0, None, None, None, "epoch_changed"), "halted"),
    "at the limits": ((5, 3.0, 15.0, 10.0, None), "moving"),
}
RELAYING = {
    # unpublished, oldest, moved, connected, halted
    "all is out": ((0, None, 86_400.0, 1.0, None), "idle"),
    "something just said": ((3, 0.2, 86_400.0, 1.0, None), "moving"),
    "an hour's log goes out": ((90_000, 3_600.0, 0.1, 1.0, None), "moving"),
    "nothing goes out": ((3, 20.0, 20.0, 1.0, None), "stuck"),
    "no broker": ((3, 20.0, 20.0, 11.0, None), "disconnected"),
    "never a broker": ((0, None, None, None, None), "disconnected"),
    "a person has to decide": ((3, 20.0, 20.0, 1.0, "log_went_back"), "halted"),
    "at the limit": ((3, 15.0, 15.0, 10.0, None), "moving"),
}


@pytest.mark.parametrize("case", LISTENING)
def test_a_source_is_in_one_state(case: str) -> None:
    (behind, moved, still, heard, halted), state = LISTENING[case]
    at = Listening(behind=behind, moved=moved, still=still, heard=heard, halted=halted)
    assert at.state == state


@pytest.mark.parametrize("case", RELAYING)
def test_a_relay_is_in_one_state(case: str) -> None:
    (unpublished, oldest, moved, connected, halted), state = RELAYING[case]
    at = Relaying(unpublished=unpublished, oldest=oldest, moved=moved, connected=connected, halted=halted)
    assert at.state == state


def test_the_table_shows_every_state_and_what_passes_by_itself_is_well() -> None:
    shown = {state for _, state in (*LISTENING.values(), *RELAYING.values())}
    assert shown - UNWELL == {"idle", "moving", "waiting"}
    assert shown & UNWELL == UNWELL
