"""Who holds what: organisations and their sites."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.schemas.organisations import OrganisationView, SiteView
from services.labelling.tables import ORGANISATION, SITE
from shared.kernel.errors import UNKNOWN, NotFound


async def organisation(reader: AsyncConnection, siren: str) -> OrganisationView:
    """An organisation with its sites. Raises NotFound."""
    row = (await reader.execute(select(ORGANISATION).where(ORGANISATION.c.siren == siren))).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    sites = await reader.execute(select(SITE).where(SITE.c.siren == siren).order_by(SITE.c.siret))
    return OrganisationView(
        siren=row.siren,
        name=row.name,
        legal_status=row.legal_status,
        sites=[SiteView.model_validate(dict(site)) for site in sites.mappings()],
        ceased_on=row.ceased_on,
        version=row.version,
    )
