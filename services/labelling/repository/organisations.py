"""Organisations with their sites."""

from collections.abc import Collection

from sqlalchemy import ARRAY, RowMapping, Text, any_, bindparam, select

from services.labelling.domain.organisations import LegalStatus, Organisation, Site
from services.labelling.repository.locks import lock
from services.labelling.tables import ORGANISATION, SITE
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows


async def hold_organisation(tx: Transaction, siren: str) -> Organisation | None:
    """An organisation, held against other writers of it or of its applications."""
    await lock(tx, "organisation", key=siren)
    row = (
        (await tx.execute(select(ORGANISATION).where(ORGANISATION.c.siren == siren))).mappings().one_or_none()
    )
    if row is None:
        return None
    sites = (await tx.execute(select(SITE).where(SITE.c.siren == siren).order_by(SITE.c.siret))).mappings()
    return Organisation(
        siren=row["siren"],
        name=row["name"],
        legal_status=LegalStatus(row["legal_status"]),
        sites=tuple(_site_of(site) for site in sites),
        ceased_on=row["ceased_on"],
        version=row["version"],
    )


async def load_sites(tx: Transaction, sirets: Collection[str]) -> dict[str, Site]:
    """Sites by SIRET."""
    wanted = bindparam("sirets", sorted(sirets), type_=ARRAY(Text))
    rows = (await tx.execute(select(SITE).where(SITE.c.siret == any_(wanted)))).mappings()
    return {row["siret"]: _site_of(row) for row in rows}


async def save_organisation(tx: Transaction, organisation: Organisation) -> None:
    """Write an organisation, not its sites."""
    row = {
        "siren": organisation.siren,
        "name": organisation.name,
        "legal_status": organisation.legal_status.value,
        "ceased_on": organisation.ceased_on,
        "version": organisation.version,
    }
    await tx.execute(upsert_rows(ORGANISATION, [row], key=["siren"]))


async def save_site(tx: Transaction, site: Site, *, siren: str) -> None:
    """Write one site of an organisation."""
    await tx.execute(upsert_rows(SITE, [{**vars(site), "siren": siren}], key=["siret"]))


def _site_of(row: RowMapping) -> Site:
    return Site(
        siret=row["siret"],
        name=row["name"],
        code_insee=row["code_insee"],
        region=row["region"],
        open_from=row["open_from"],
        open_until=row["open_until"],
    )
