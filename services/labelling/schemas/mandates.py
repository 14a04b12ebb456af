"""Bodies and views of mandates."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from services.labelling.domain.mandates import Mandate, mandate_of
from shared.platform.edge.fields import Body, IsoDate, View

ClientId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", strict=True),
    Field(examples=["editeur-01"], description="As the identity provider knows it."),
]


class MandateBody(Body):
    """Whom the organisation lets act for it, and when."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"client_id": "editeur-01", "valid_from": "2016-01-01", "valid_until": "2018-12-31"}
        }
    )

    client_id: ClientId
    valid_from: IsoDate
    valid_until: IsoDate

    def to_domain(self, holder: str, reference: str) -> Mandate:
        """The mandate of that reference."""
        return mandate_of(
            holder,
            reference,
            client_id=self.client_id,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class RevocationBody(Body):
    """The act of taking a mandate back."""

    model_config = ConfigDict(json_schema_extra={"example": {"revoked_on": "2017-03-01"}})

    revoked_on: IsoDate


class MandateView(View):
    """A mandate as it stands."""

    mandate_id: UUID
    holder: str
    reference: str
    client_id: str
    valid_from: date
    valid_until: date
    revoked_on: date | None = None
    version: int
