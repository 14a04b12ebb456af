"""The operators' command line shows how the exchange stands and mends it, under the worker's rights."""

import argparse
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.platform.exchange.freshness import Watermarks
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.repair import Repair
from shared.platform.exchange.sampling import Sampling
from shared.platform.operators import __main__ as command_line
from shared.platform.operators.environment import Refused
from tests.platform.test_exchange import Listener, announced_by, envelopes_of, listener, say
from tests.support.cluster import Cluster
from tests.support.under_test import ServiceUnderTest

__all__ = ["listener"]

Verb = Callable[..., Awaitable[tuple[int, list[dict[str, Any]]]]]


@pytest.fixture
def verb(
    cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verb:
    """Run a verb as the command line does, with the settings of all services in the environment."""
    for service in ("labelling", "enrolment", "followup", "indicators"):
        settings = {
            "DATABASE_URL": cluster.url(database, role=f"{service}_api"),
            "WORKER_DATABASE_URL": cluster.url(database, role=f"{service}_worker"),
            "ISSUER": "http://issuer.test",
            "JWKS_URL": "http://issuer.test/jwks",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"{service.upper()}_{name}", value)

    async def run(*words: str) -> tuple[int, list[dict[str, Any]]]:
        found = command_line.VERBS[words[0]]
        parser = argparse.ArgumentParser()
        found.arguments(parser)
        capsys.readouterr()
        code = await found.run(parser.parse_args([*words[1:], "--json"]))
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


async def sample(listener: Listener, watermarks: Watermarks) -> None:
    broker = NatsBroker("nats://127.0.0.1:1", identity="indicators", seed_file=None)
    await Sampling(listener.database, broker, watermarks=watermarks, roles={"intake"}).step()


def source(rows: list[dict[str, Any]]) -> dict[str, Any]:
    [row] = [row for row in rows if (row["does"], row["with"]) == ("hears", "labelling")]
    return row


async def test_lag_shows_events_behind_their_age_and_who_is_stuck(
    labelling: ServiceUnderTest, listener: Listener, verb: Verb
) -> None:
    await say(labelling.database, *range(12))
    await sample(listener, await announced_by(labelling))
    await labelling.rows(
        "UPDATE indicators.intake_watermark SET flagged_at = flagged_at - interval '30 seconds'"
    )
    code, rows = await verb("lag", "indicators")
    found = source(rows)
    assert (code, found["state"], found["behind"], found["parked"]) == (1, "stuck", 12, 0)
    assert found["oldest_s"] >= 30
    await listener.hear(*await envelopes_of(labelling.database))
    _, rows = await verb("lag", "indicators")
    assert (source(rows)["state"], source(rows)["behind"]) == ("idle", 0)


async def test_lag_of_every_service_shows_the_relays_and_the_listeners_reports(
    labelling: ServiceUnderTest, verb: Verb
) -> None:
    await say(labelling.database, 1, 2)
    await labelling.rows(
        "UPDATE labelling.heard_position h SET last_seq = c.last_seq, reported_at = now()"
        " FROM labelling.event_counter c WHERE c.partition = h.partition AND h.listener = 'indicators'"
    )
    code, rows = await verb("lag")
    assert code == 1
    assert {row["service"] for row in rows} == {"labelling", "enrolment", "followup", "indicators"}
    [relay] = [row for row in rows if row["service"] == "labelling" and row["does"] == "publishes"]
    assert (relay["state"], relay["behind"]) == ("disconnected", 2)
    reports = {
        row["with"]: row for row in rows if row["does"] == "is heard by" and row["service"] == "labelling"
    }
    assert {name: row["behind"] for name, row in reports.items()} == {
        "enrolment": 2,
        "followup": 2,
        "indicators": 0,
    }
    assert reports["enrolment"]["heard_s"] is None
    assert reports["indicators"]["heard_s"] >= 0


async def test_positions_are_shown_by_partition(
    labelling: ServiceUnderTest, listener: Listener, verb: Verb
) -> None:
    await say(labelling.database, 1)
    [envelope] = await envelopes_of(labelling.database)
    await listener.hear(envelope)
    await say(labelling.database, 1, version=2)
    await sample(listener, await announced_by(labelling))
    code, [row] = await verb("positions", "indicators", "--source", "labelling")
    assert code == 0
    assert (row["partition"], row["applied"], row["announced"]) == (f"{envelope.partition:02d}", 1, 2)
    assert row["id"] == str(envelope.id)


async def test_parked_events_are_listed_and_driven_again_under_the_name_of_who_asked(
    labelling: ServiceUnderTest, listener: Listener, verb: Verb
) -> None:
    await say(labelling.database, *range(3))
    envelopes = await envelopes_of(labelling.database)
    listener.refuse = lambda _: True
    await listener.hear(*envelopes)
    code, rows = await verb("parked", "indicators")
    assert code == 0
    assert [row["position"] for row in rows] == [
        f"labelling/{envelope.partition:02d}/{envelope.sequence}" for envelope in envelopes
    ]
    _, rest = await verb("parked", "indicators", "--after", rows[0]["position"])
    assert rest == rows[1:]
    code, [driven] = await verb("redrive", "indicators", "--aggregate", "target-1", "--by", "ada")
    assert (code, driven["driven"], driven["refused"]) == (0, 1, None)
    code, rows = await verb("redrive", "indicators")
    assert (code, len(rows)) == (0, 2)
    assert await verb("parked", "indicators") == (0, [])
    [entry] = await labelling.rows("SELECT action FROM indicators.journal WHERE client_id = 'ada'")
    assert entry["action"] == "exchange.redriven"


async def test_repair_fetches_every_tail_at_once_and_refuses_a_halted_source(
    labelling: ServiceUnderTest, listener: Listener, verb: Verb
) -> None:
    await say(labelling.database, *range(20))
    ears = listener.ears()
    repairing = Repair(
        ears.store, listener.feed, applier=ears.applier, listener="indicators", watermarks=Watermarks()
    )
    assert await repairing.catch_up("labelling") == 20
    assert await repairing.catch_up("labelling") == 0
    assert len(await listener.effects()) == 20
    await ears.store.halt("labelling", reason="log_went_back", detail={})
    code, rows = await verb("repair", "indicators", "--source", "labelling")
    assert (code, rows) == (1, [])


@pytest.mark.parametrize(
    "words",
    [
        ("repair", "labelling"),
        ("repair", "indicators", "--source", "indicators"),
        ("parked", "indicators", "--after", "x"),
    ],
)
async def test_a_verb_that_cannot_begin_says_why(verb: Verb, words: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        await verb(*words)


def test_the_command_line_refuses_without_settings_and_never_shows_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INDICATORS_WORKER_DATABASE_URL", "postgresql+asyncpg://x:secret@127.0.0.1:1/none")
    assert command_line.main(["lag", "indicators"]) == 2
    said = capsys.readouterr().err
    assert said == "the settings of indicators are not complete: database_url, issuer, jwks_url\n"


def test_a_database_that_is_away_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "WORKER_DATABASE_URL"):
        monkeypatch.setenv(f"LABELLING_{name}", "postgresql+asyncpg://x:secret@127.0.0.1:1/none")
    for name in ("ISSUER", "JWKS_URL"):
        monkeypatch.setenv(f"LABELLING_{name}", "http://issuer.test")
    assert command_line.main(["lag"]) == 1
    assert "secret" not in (said := capsys.readouterr().err)
    assert said.startswith("the database does not answer as it should: ")


@pytest.mark.parametrize("words", [[], ["fly"], ["lag", "nobody"], ["redrive"]])
def test_misspelt_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(words)
    assert ended.value.code == 2
    assert "usage: " in capsys.readouterr().err
