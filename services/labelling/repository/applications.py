"""Applications of holders."""

from collections.abc import Collection, Sequence

from sqlalchemy import RowMapping, Text, and_, select, update

from services.labelling.domain.applications import Application, State
from services.labelling.domain.trainings import as_document
from services.labelling.repository.content import (
    content_of,
    finding_document,
    finding_of,
)
from services.labelling.tables import APPLICATION
from shared.platform.database import Transaction
from shared.platform.rows import unnested, upsert_rows

Key = tuple[str, str]
"""Holder and its own reference."""


async def hold_applications(tx: Transaction, keys: Collection[Key]) -> dict[Key, Application]:
    """Applications by key, locked in the order of their keys."""
    if not keys:
        return {}
    rows = [{"siren": siren, "reference": reference} for siren, reference in sorted(keys)]
    wanted = unnested({"siren": Text(), "reference": Text()}, rows, name="wanted")
    held = await tx.execute(
        select(APPLICATION)
        .join(
            wanted,
            and_(APPLICATION.c.siren == wanted.c.siren, APPLICATION.c.reference == wanted.c.reference),
        )
        .order_by(APPLICATION.c.siren, APPLICATION.c.reference)
        .with_for_update(of=APPLICATION)
    )
    found = [application_of(row) for row in held.mappings()]
    return {(application.holder, application.reference): application for application in found}


async def save_applications(tx: Transaction, applications: Sequence[Application]) -> None:
    """Write applications in the order of their keys."""
    ordered = sorted(applications, key=lambda held: (held.holder, held.reference))
    if ordered:
        rows = [_row(application) for application in ordered]
        await tx.execute(upsert_rows(APPLICATION, rows, key=["siren", "reference"]))


async def save_states(tx: Transaction, applications: Sequence[Application]) -> None:
    """Write where held applications stand, and nothing else of them."""
    columns = {name: APPLICATION.c[name].type for name in ("siren", "reference", "state", "version")}
    rows = [
        {
            "siren": application.holder,
            "reference": application.reference,
            "state": application.state.value,
            "version": application.version,
        }
        for application in applications
    ]
    given = unnested(columns, rows)
    await tx.execute(
        update(APPLICATION)
        .values(state=given.c.state, version=given.c.version)
        .where(APPLICATION.c.siren == given.c.siren, APPLICATION.c.reference == given.c.reference)
    )


def application_of(row: RowMapping) -> Application:
    """The application of a row."""
    return Application(
        holder=row["siren"],
        reference=row["reference"],
        content=content_of(row["content"]),
        state=State(row["state"]),
        criteria_set=row["criteria_set"],
        findings=tuple(finding_of(document) for document in row["findings"]),
        intake=row["intake"],
        submitted_on=row["submitted_on"],
        withdrawn_on=row["withdrawn_on"],
        version=row["version"],
    )


def _row(application: Application) -> dict[str, object]:
    return {
        "siren": application.holder,
        "reference": application.reference,
        "call": application.content.call,
        "siret": application.content.siret,
        "content": as_document(application.content),
        "state": application.state.value,
        "criteria_set": application.criteria_set,
        "findings": [finding_document(finding) for finding in application.findings],
        "intake": application.intake,
        "submitted_on": application.submitted_on,
        "withdrawn_on": application.withdrawn_on,
        "version": application.version,
    }
