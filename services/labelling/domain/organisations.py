"""Organisations and the sites where they teach."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.labelling.domain import refusals
from shared.kernel.errors import Invalid
from shared.kernel.territories import region_of


class LegalStatus(StrEnum):
    """The three statuses that the label tells apart."""

    ASSOCIATION = "association"
    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True)
class Site:
    """A place of an organisation; the region follows from the commune."""

    siret: str
    name: str
    code_insee: str
    region: str
    open_from: date
    open_until: date | None = None


@dataclass(frozen=True)
class Organisation:
    """An organisation with its sites in the order of their SIRET."""

    siren: str
    name: str
    legal_status: LegalStatus
    sites: tuple[Site, ...] = ()
    ceased_on: date | None = None
    version: int = 1

    def site(self, siret: str | None) -> Site | None:
        """Its site of that number."""
        return next((site for site in self.sites if site.siret == siret), None)


@dataclass(frozen=True)
class DeclaredSite:
    """A site as its organisation declares it, before it is placed on the map."""

    siret: str
    name: str
    code_insee: str
    open_from: date
    open_until: date | None = None


def place(declared: DeclaredSite, *, siren: str) -> Site:
    """The site on the map.

    Source: rule 4 (a label is for a training at a site) and rule 6 (key: SIREN, with dated SIRET per site).
    Raises Invalid.
    """
    if not declared.siret.startswith(siren):
        raise Invalid(refusals.FOREIGN_SIRET, pointer="/siret", expected=f"{siren}NNNNN")
    region = region_of(declared.code_insee)
    if region is None:
        raise Invalid(refusals.UNKNOWN_DEPARTEMENT, pointer="/code_insee")
    if declared.open_until and declared.open_until < declared.open_from:
        raise Invalid(refusals.PERIOD_REVERSED, pointer="/open_until", expected=f">= {declared.open_from}")
    return Site(
        siret=declared.siret,
        name=declared.name,
        code_insee=declared.code_insee,
        region=region,
        open_from=declared.open_from,
        open_until=declared.open_until,
    )


def with_site(organisation: Organisation, site: Site) -> Organisation:
    """The organisation with a site added or replaced; itself when nothing changes."""
    if organisation.site(site.siret) == site:
        return organisation
    others = [held for held in organisation.sites if held.siret != site.siret]
    sites = tuple(sorted([*others, site], key=lambda held: held.siret))
    return replace(organisation, sites=sites, version=organisation.version + 1)
