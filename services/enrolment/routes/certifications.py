"""Certifications over HTTP."""

from services.enrolment import queries
from services.enrolment.routes.parameters import Writer
from services.enrolment.schemas.ends import CertificationBody
from services.enrolment.schemas.texts import Reference
from services.enrolment.schemas.views import CertificationView
from services.enrolment.use_cases.certifications import declare_result
from shared.platform.edge.dependencies import Today, Tx
from shared.platform.edge.fields import Siren
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/holders/{siren}/enrolments/{reference}/certifications", tags=["certifications"])


@router.put(
    "/{certification_reference}", operation_id="declare_certification", summary="Declare a jury's result"
)
async def declare_certification(
    siren: Siren,
    reference: Reference,
    certification_reference: Reference,
    body: CertificationBody,
    tx: Tx,
    today: Today,
    caller: Writer,
) -> CertificationView:
    """A fact of its own, that may come months after the end."""
    caller.must_be_holder(siren)
    declared = body.to_domain(certification_reference)
    verdict = await declare_result(
        tx, declared, holder=siren, enrolment=reference, caller=caller, today=today
    )
    view = await queries.certification_as_held(
        tx.connection, holder=siren, enrolment=reference, reference=certification_reference
    )
    return view.model_copy(update={"verdict": verdict.status})
