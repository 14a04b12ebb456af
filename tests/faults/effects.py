"""What the listeners made of the logs, against a fold of the logs that shares no code with them."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from services.indicators import queries
from tests.faults.findings import Findings
from tests.faults.ledger import Ledger
from tests.faults.logs import Logged, Logs

FOLLOWED = frozenset({"completed", "abandoned", "interrupted"})
_SITUATION_OF = {"contract": "employed", "situation": "unemployed"}
_CELLS = ("entered", "completed", "abandoned", "completed_e6", "completed_u6", "abandoned_e6", "abandoned_u6")


async def check_effects(
    connection: asyncpg.Connection, ledger: Ledger, *, logs: Logs, findings: Findings
) -> None:
    """Labels in enrolment, follow-ups in followup, facts and cubes in indicators."""
    await _check_versions(connection, logs, findings=findings)
    await _check_followups(connection, ledger, logs=logs, findings=findings)
    await _check_facts(connection, logs, findings=findings)
    await _check_cube(connection, logs, findings=findings)


_KEPT = {
    ("enrolment", "labelling", "labelling.label."): ("labels", "label_id", "version"),
    ("indicators", "labelling", "labelling.label."): ("label_fact", "label_id", "label_version"),
    ("indicators", "labelling", "labelling.training."): ("training_fact", "training_id", "training_version"),
    ("indicators", "labelling", "labelling.target."): ("target_fact", "target_id", "target_version"),
    ("indicators", "enrolment", "enrolment.enrolment."): (
        "enrolment_fact",
        "enrolment_id",
        "enrolment_version",
    ),
    ("indicators", "followup", "followup."): ("enrolment_fact", "enrolment_id", "followup_version"),
}
"""Where a listener keeps the version it heard last: by listener, speaker and type."""


async def _check_versions(connection: asyncpg.Connection, logs: Logs, *, findings: Findings) -> None:
    """A listener holds the newest version of everything it heard, and nothing that was never said."""
    for (listener, speaker, kind), (table, key, version) in _KEPT.items():
        rows = await connection.fetch(
            f"SELECT {key}::text AS key, {version} AS version FROM {listener}.{table} WHERE {version} > 0"  # noqa: S608 - our own names
        )
        held: dict[str, int] = {row["key"]: row["version"] for row in rows}
        said = {
            aggregate: event.version
            for aggregate, event in logs.newest(speaker, listener=listener).items()
            if event.type.startswith(kind)
        }
        for aggregate in said.keys() | held.keys():
            what = f"version of {aggregate} in {listener}.{table}.{version}"
            findings.compare(what, found=held.get(aggregate, 0), owed=said.get(aggregate, 0))


async def _check_followups(
    connection: asyncpg.Connection, ledger: Ledger, *, logs: Logs, findings: Findings
) -> None:
    rows = await connection.fetch(
        "SELECT enrolment_id::text AS id, status, exit_on::text, exit_kind, enrolment_version, version"
        " FROM followup.followup"
    )
    held = {row["id"]: row for row in rows}
    heard, told = logs.newest("enrolment", listener="followup"), logs.newest("followup")
    for aggregate, event in heard.items():
        content = event.content()
        if content.get("status") in FOLLOWED:
            row = held.get(aggregate)
            if row is None:
                findings.lost.append(f"the exit of {aggregate} opened no follow-up")
                continue
            owed = (content["ended_on"], content["status"], event.version)
            found = (row["exit_on"], row["exit_kind"], row["enrolment_version"])
            findings.same(f"the exit of {aggregate} in followup", found=found, owed=owed)
    planted = {
        row.aggregate
        for (_, partition), row in logs.of("followup")
        if any(("followup", partition, row.seq) in parked for parked in logs.parked.values())
    }
    for aggregate, row in held.items():
        if aggregate not in planted:
            said = told[aggregate].version if aggregate in told else 0
            findings.compare(f"settlements of {aggregate}", found=said, owed=row["version"])
    _check_situations(ledger, told=told, findings=findings)


def _check_situations(ledger: Ledger, *, told: Mapping[str, Logged], findings: Findings) -> None:
    """What the reporter said last of each leaver is what followup tells of the sixth month."""
    ends, entries = ledger.said("end"), ledger.said("entry")
    for reference, record in ledger.said("outcome").items():
        if reference not in ends:
            continue
        aggregate = entries[reference].details["enrolment_id"]
        event = told.get(aggregate)
        if event is None:
            findings.lost.append(f"the outcome of {reference} was never told")
            continue
        owed = _SITUATION_OF[record.accepted[-1]["kind"]]
        findings.same(f"the sixth month of {reference}", found=_situation(event.content(), wave=6), owed=owed)


def _situation(content: Mapping[str, Any], *, wave: int) -> str | None:
    return next((one["situation"] for one in content["waves"] if one["wave"] == wave), None)


async def _check_facts(connection: asyncpg.Connection, logs: Logs, *, findings: Findings) -> None:
    rows = await connection.fetch(
        "SELECT enrolment_id::text AS id, status, entered_on::text, ended_on::text, women, low_qualified,"
        " situation_3, situation_6 FROM indicators.enrolment_fact"
    )
    held = {row["id"]: dict(row) for row in rows}
    told = logs.newest("followup", listener="indicators")
    for aggregate, event in logs.newest("enrolment", listener="indicators").items():
        if not event.type.startswith("enrolment.enrolment."):
            continue
        content = event.content()
        followup = told[aggregate].content() if aggregate in told else {"waves": ()}
        owed = {
            "id": aggregate,
            **{name: content[name] for name in ("status", "entered_on", "ended_on")},
            **{name: content["profile"][name] for name in ("women", "low_qualified")},
            **{f"situation_{wave}": _situation(followup, wave=wave) for wave in (3, 6)},
        }
        findings.same(f"the fact of {aggregate}", found=held.get(aggregate), owed=owed)


async def _check_cube(connection: asyncpg.Connection, logs: Logs, *, findings: Findings) -> None:
    """The cells of the nation add up to what the logs say, and every cell to what the facts say."""
    sums = ", ".join(f"coalesce(sum({cell}), 0) AS {cell}" for cell in _CELLS)
    row = await connection.fetchrow(
        f"SELECT {sums} FROM indicators.cube WHERE level = 'nation' AND flag = 'all'"  # noqa: S608 - our own names
    )
    owed = _counted(logs)
    for cell in _CELLS:
        findings.compare(f"{cell} of the nation in the cube", found=row[cell], owed=owed[cell])


def _counted(logs: Logs) -> Counter[str]:
    told = logs.newest("followup", listener="indicators")
    counted: Counter[str] = Counter()
    for aggregate, event in logs.newest("enrolment", listener="indicators").items():
        content = event.content()
        if content.get("coverage") != "covered" or not event.type.startswith("enrolment.enrolment."):
            continue
        counted["entered"] += 1
        counted[content["status"]] += 1
        if aggregate in told:
            situation = _situation(told[aggregate].content(), wave=6)
            letter = {"employed": "e", "unemployed": "u"}.get(situation or "", "-")
            counted[f"{content['status']}_{letter}6"] += 1
    return counted


async def check_cells(url: str, findings: Findings) -> None:
    """The product's own audit: every cell is the sum of what the facts contribute."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            adrift = await queries.cells_adrift(connection)
    finally:
        await engine.dispose()
    for cube, cells in adrift.items():
        if cells:
            findings.wrong.append(f"{cells} cells of {cube} differ from the facts")
