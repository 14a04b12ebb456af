"""Doors to mandates: who acts for an organisation, given and taken back by itself or by the office."""

from services.labelling.queries import mandates as queries
from services.labelling.routes.callers import Principal, PrincipalActing
from services.labelling.schemas.mandates import MandateBody, MandateView, RevocationBody
from services.labelling.schemas.words import Page
from services.labelling.use_cases import mandates as use_cases
from shared.platform.edge.dependencies import Reader, Tx
from shared.platform.edge.fields import Reference, Siren
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router

router = Router(prefix="/v1/holders/{siren}/mandates", tags=["mandates"])


@router.put("/{reference}", operation_id="give_mandate", summary="Let a client act for the organisation")
async def give_mandate(
    siren: Siren, reference: Reference, body: MandateBody, tx: Tx, _: Principal
) -> MandateView:
    """In force in every service within seconds; sent again with another last day, it is prolonged or shortened."""
    await use_cases.give_mandate(tx, body.to_domain(siren, reference))
    return await queries.mandate(tx.connection, siren, reference=reference)


@router.put("/{reference}/revocation", operation_id="revoke_mandate", summary="Take a mandate back")
async def revoke_mandate(
    siren: Siren, reference: Reference, body: RevocationBody, tx: Tx, actor: PrincipalActing
) -> MandateView:
    """From that day on the client no longer acts; its imports that wait end `failed`."""
    await use_cases.revoke_mandate(tx, reference, holder=siren, revoked_on=body.revoked_on, actor=actor)
    return await queries.mandate(tx.connection, siren, reference=reference)


@router.get("", operation_id="list_mandates", summary="The organisation's mandates")
async def list_mandates(siren: Siren, reader: Reader, page: Paged, _: Principal) -> Page[MandateView]:
    """Those that ended included."""
    return page.sealed(await queries.mandates(reader, siren, limit=page.limit, after=page.after))


@router.get("/{reference}", operation_id="read_mandate", summary="A mandate")
async def read_mandate(siren: Siren, reference: Reference, reader: Reader, _: Principal) -> MandateView:
    """As it stands."""
    return await queries.mandate(reader, siren, reference=reference)
