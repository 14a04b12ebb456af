"""The books: what the clients were promised against the speakers, the logs, the listeners, the facts and the cubes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from shared.platform.topology import HEARS
from tests.faults.arena import Planted
from tests.faults.effects import check_effects
from tests.faults.findings import Findings
from tests.faults.ledger import Ledger, Record
from tests.faults.logs import Logs, check_logs, read_logs
from tests.faults.watch import Look, look, table_of


@dataclass
class Books:
    """The figures of a run, and what is wrong with them."""

    findings: Findings = field(default_factory=Findings)
    accepted: int = 0
    logged: int = 0
    applied: int = 0
    """Pairs of a listener and an event it has applied."""
    parked: int = 0
    """Pairs of a listener and an event it has parked."""


async def audit(connection: asyncpg.Connection, *, ledger: Ledger, planted: Sequence[Planted] = ()) -> Books:
    """Compare everything with everything; the exchange must be quiet."""
    books = Books(accepted=ledger.accepted)
    logs, seen = await read_logs(connection), await look(connection)
    findings = books.findings
    check_logs(logs, findings)
    _check_listeners(books, logs, seen=seen, planted=planted)
    await _check_digests(connection, logs, findings=findings)
    await _check_halts(connection, findings=findings)
    await _check_entries(connection, ledger, logs=logs, findings=findings)
    await _check_outcomes(connection, ledger, findings=findings)
    await _check_targets(connection, ledger, findings=findings)
    await check_effects(connection, ledger, logs=logs, findings=findings)
    findings.wrong += ledger.surprises
    findings.lost += [f"{key.kind} {key.reference} is still in doubt" for key in ledger.unresolved]
    books.logged = sum(map(len, logs.rows.values()))
    return books


def _check_listeners(books: Books, logs: Logs, *, seen: Look, planted: Sequence[Planted]) -> None:
    """Every event applied or parked by each of its listeners; parked are the planted ones and no others."""
    findings = books.findings
    findings.lost += table_of(seen.behind(seen.heads))
    for listener in HEARS:
        owed = {(one.service, one.partition, one.seq) for one in planted if listener in one.listeners}
        parked = logs.parked[listener]
        findings.wrong += [f"{listener} has not parked {place}" for place in sorted(owed - parked)]
        findings.wrong += [f"{listener} has parked {place}" for place in sorted(parked - owed)]
        held = seen.positions.get(listener, {})
        for place, position in held.items():
            if position > seen.heads.get(place, 0):
                findings.wrong.append(f"{listener} is ahead of {place}: {position}")
        books.applied += sum(held.values()) - len(parked)
        books.parked += len(parked)


async def _check_digests(connection: asyncpg.Connection, logs: Logs, *, findings: Findings) -> None:
    """What a listener summed as it applied is what stands in the log: no event twice, none missing, none other."""
    digests = logs.digests()
    for listener, speakers in HEARS.items():
        rows = await connection.fetch(
            f"SELECT source, partition, sum(events)::bigint AS events, sum(digest) AS digest"  # noqa: S608 - our own names
            f" FROM {listener}.intake_digest GROUP BY source, partition"
        )
        held = {(row["source"], row["partition"]): (row["events"], int(row["digest"])) for row in rows}
        for place, (events, digest) in digests.items():
            if place[0] in speakers:
                counted, summed = held.get(place, (0, 0))
                what = f"events of {place[0]}/{place[1]:02d} applied by {listener}"
                findings.compare(what, found=counted, owed=events)
                if counted == events and summed != digest:
                    findings.wrong.append(f"{what} are others than those logged")


async def _check_halts(connection: asyncpg.Connection, *, findings: Findings) -> None:
    """Nobody waits for a decision: no fault of the programme calls for one."""
    for service, speakers in HEARS.items():
        halted = await connection.fetchval(f"SELECT halted FROM {service}.relay_state")  # noqa: S608 - our own name
        if halted is not None:
            findings.wrong.append(f"the relay of {service} has halted: {halted}")
        if speakers:
            for row in await connection.fetch(
                f"SELECT source, halted FROM {service}.intake_source WHERE halted IS NOT NULL"  # noqa: S608
            ):
                findings.wrong.append(f"{service} follows {row['source']} no more: {row['halted']}")


async def _check_entries(
    connection: asyncpg.Connection, ledger: Ledger, *, logs: Logs, findings: Findings
) -> None:
    """Each accepted entry is one row with its end, in the version its changes add up to, and so says its log."""
    rows = await connection.fetch(
        "SELECT reference, enrolment_id::text, entered_on::text, (profile->>'level')::int AS level, status,"
        " ended_on::text, version FROM enrolment.enrolments"
    )
    held = {row["reference"]: row for row in rows}
    entries, ends = ledger.said("entry"), ledger.said("end")
    _check_presence("enrolment", owed=entries, held=held, findings=findings)
    said = logs.newest("enrolment")
    nothing = Record()
    for reference in entries.keys() & held.keys():
        row, entry, end = held[reference], entries[reference], ends.get(reference, nothing)
        changes = len(entry.accepted) + len(end.accepted)
        findings.compare(f"changes of enrolment {reference}", found=row["version"], owed=changes)
        owed: dict[str, Any] = dict(entry.accepted[-1])
        if end.accepted:
            owed |= {"status": end.accepted[-1]["kind"], "ended_on": end.accepted[-1]["ended_on"]}
        findings.same(f"enrolment {reference}", found={name: row[name] for name in owed}, owed=owed)
        event = said.get(row["enrolment_id"])
        if event is None:
            findings.lost.append(f"enrolment {reference} has no event in the log")
            continue
        findings.compare(f"events of enrolment {reference}", found=event.version, owed=changes)
        content = event.content()
        findings.same(f"the last event of enrolment {reference}", found=_told(content, owed), owed=owed)


def _told(content: dict[str, Any], owed: Collection[str]) -> dict[str, Any]:
    return {name: content["profile"]["level"] if name == "level" else content[name] for name in owed}


async def _check_outcomes(connection: asyncpg.Connection, ledger: Ledger, *, findings: Findings) -> None:
    """Each accepted line is one observation, corrected as often as it was, saying what was said last."""
    rows = await connection.fetch(
        "SELECT reference, enrolment_id::text, kind, collected_on::text, revision FROM followup.observation"
    )
    held = {row["reference"]: row for row in rows}
    said, entries = ledger.said("outcome"), ledger.said("entry")
    _check_presence("outcome", owed=said, held=held, findings=findings)
    for reference in said.keys() & held.keys():
        row, record = held[reference], said[reference]
        findings.compare(f"words on outcome {reference}", found=row["revision"], owed=len(record.accepted))
        owed = {**record.accepted[-1], "enrolment_id": entries[reference].details["enrolment_id"]}
        findings.same(f"outcome {reference}", found={name: row[name] for name in owed}, owed=owed)


async def _check_targets(connection: asyncpg.Connection, ledger: Ledger, *, findings: Findings) -> None:
    """Each accepted target stands with its last value, changed as often as it was."""
    rows = await connection.fetch("SELECT reference, value, version FROM labelling.target")
    held = {row["reference"]: row for row in rows}
    said = ledger.said("target")
    _check_presence("target", owed=said, held=held, findings=findings)
    for reference in said.keys() & held.keys():
        row, record = held[reference], said[reference]
        findings.compare(f"changes of target {reference}", found=row["version"], owed=len(record.accepted))
        findings.same(f"target {reference}", found=row["value"], owed=record.accepted[-1]["value"])


def _check_presence(what: str, *, owed: Collection[str], held: Collection[str], findings: Findings) -> None:
    findings.lost += [
        f"{what} {reference} was accepted and is not there" for reference in owed if reference not in held
    ]
    findings.doubled += [
        f"{what} {reference} is there and nobody sent it" for reference in held if reference not in owed
    ]
