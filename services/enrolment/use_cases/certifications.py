"""Declaring what a jury decided."""

from datetime import date

from services.enrolment.domain.certifications import Candidate, DeclaredResult, award
from services.enrolment.repository import certifications as rows
from services.enrolment.repository import enrolments as enrolment_rows
from services.enrolment.repository import locks
from services.enrolment.use_cases.backfill import calendar_of, record_backfill
from services.enrolment.use_cases.speech import certification_fact
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


async def declare_result(
    tx: Transaction, declared: DeclaredResult, *, holder: str, enrolment: str, caller: Caller, today: date
) -> Verdict:
    """Keep a jury's result for an enrolment. Raises NotFound, Invalid, Forbidden."""
    await locks.share(tx, holder)
    held = (await enrolment_rows.enrolments_by_reference(tx, holder, references=[enrolment])).get(enrolment)
    if held is None:
        raise NotFound(UNKNOWN)
    before = await rows.certification(tx, held.enrolment_id, reference=declared.reference)
    calendar = calendar_of(caller, today=today)
    candidate = Candidate(held.enrolment_id, holder, held.entered_on)
    result = award(before, declared, candidate=candidate, calendar=calendar)
    details = {"certification_id": str(result.certification_id)}
    if result is before:
        return Verdict("unchanged", details)
    await rows.save_certification(tx, result)
    tx.speak(certification_fact(result, enrolment=held))
    if before is None or before.declared.decided_on != declared.decided_on:
        await record_backfill(
            tx, caller=caller, calendar=calendar, kind="certifications", dates=[declared.decided_on]
        )
    return Verdict("accepted" if before is None else "updated", details)
