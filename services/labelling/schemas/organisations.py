"""Bodies and views of organisations and sites."""

from datetime import date

from pydantic import ConfigDict

from services.labelling.domain.organisations import DeclaredSite, LegalStatus
from shared.platform.edge.fields import Body, CodeInsee, IsoDate, Text, View


class OrganisationBody(Body):
    """An organisation, without its sites."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Atelier du code", "legal_status": "association"}}
    )

    name: Text
    legal_status: LegalStatus


class SiteBody(Body):
    """A place where an organisation teaches; its region follows from the commune."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "Fabrique de Nantes", "code_insee": "44109", "open_from": "2015-09-01"}
        }
    )

    name: Text
    code_insee: CodeInsee
    open_from: IsoDate
    open_until: IsoDate | None = None

    def to_domain(self, siret: str) -> DeclaredSite:
        """The declared site of that number."""
        return DeclaredSite(
            siret=siret,
            name=self.name,
            code_insee=self.code_insee,
            open_from=self.open_from,
            open_until=self.open_until,
        )


class SiteView(View):
    """A site on the map."""

    siret: str
    name: str
    code_insee: str
    region: str
    open_from: date
    open_until: date | None = None


class OrganisationView(View):
    """An organisation with its sites."""

    siren: str
    name: str
    legal_status: LegalStatus
    sites: list[SiteView]
    ceased_on: date | None = None
    version: int
