"""Doors to organisations and their sites."""

from services.labelling.queries.organisations import organisation
from services.labelling.routes.callers import Declarant, HolderReader
from services.labelling.schemas.organisations import OrganisationBody, OrganisationView, SiteBody
from services.labelling.use_cases import organisations as use_cases
from shared.platform.edge.dependencies import Reader, Tx
from shared.platform.edge.fields import Siren, Siret
from shared.platform.edge.routing import Router

router = Router(prefix="/v1", tags=["organisations"])


@router.put(
    "/organisations/{siren}", operation_id="declare_organisation", summary="Declare or change an organisation"
)
async def declare_organisation(
    siren: Siren, body: OrganisationBody, tx: Tx, _: Declarant
) -> OrganisationView:
    """By the organisation itself or by the office. Its sites are declared one by one."""
    await use_cases.declare_organisation(tx, siren=siren, name=body.name, legal_status=body.legal_status)
    return await organisation(tx.connection, siren)


@router.get(
    "/organisations/{siren}", operation_id="read_organisation", summary="An organisation with its sites"
)
async def read_organisation(siren: Siren, reader: Reader, _: HolderReader) -> OrganisationView:
    """As its own clients and the office see it."""
    return await organisation(reader, siren)


@router.put("/holders/{siren}/sites/{siret}", operation_id="declare_site", summary="Declare or change a site")
async def declare_site(siren: Siren, siret: Siret, body: SiteBody, tx: Tx, _: Declarant) -> OrganisationView:
    """The organisation must be declared; the site's SIRET begins with its SIREN."""
    await use_cases.declare_site(tx, siren=siren, site=body.to_domain(siret))
    return await organisation(tx.connection, siren)
