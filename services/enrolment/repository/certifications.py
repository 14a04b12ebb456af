"""Certifications."""

from uuid import UUID

from sqlalchemy import select

from services.enrolment.domain.certifications import Certification, DeclaredResult
from services.enrolment.repository.sets import add_rows, update_rows
from services.enrolment.tables import CERTIFICATIONS
from shared.platform.database import Transaction


async def certification(tx: Transaction, enrolment_id: UUID, *, reference: str) -> Certification | None:
    """A result of an enrolment."""
    found = await tx.execute(
        select(CERTIFICATIONS).where(
            CERTIFICATIONS.c.enrolment_id == enrolment_id, CERTIFICATIONS.c.reference == reference
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    names = ("reference", "register_entry", "kind", "level", "result", "decided_on")
    return Certification(
        certification_id=row["certification_id"],
        enrolment_id=row["enrolment_id"],
        holder=row["holder"],
        declared=DeclaredResult(**{name: row[name] for name in names}),
        version=row["version"],
    )


async def save_certification(tx: Transaction, certification: Certification) -> None:
    """Insert or replace a result, by its version."""
    row = {
        "certification_id": certification.certification_id,
        "enrolment_id": certification.enrolment_id,
        "holder": certification.holder,
        **vars(certification.declared),
        "version": certification.version,
    }
    write = add_rows if certification.version == 1 else update_rows
    await write(tx, CERTIFICATIONS, rows=[row])
