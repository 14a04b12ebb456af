"""Texts that callers send: none of them takes a social security number."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.enrolment.domain.nir import holds_nir
from services.enrolment.domain.refusals import NIR_REFUSED
from shared.platform.edge import fields
from shared.platform.edge.fields import FORBIDDEN_CHARACTER, Text


def _no_nir(value: Any) -> Any:
    if type(value) is str and holds_nir(value):
        raise PydanticCustomError("rule", "{code}", {"code": NIR_REFUSED.code, "rule": NIR_REFUSED})
    return value


# Before any other check, so that the caller learns the true reason and no constraint speaks of the value.
NO_NIR = BeforeValidator(_no_nir)

Reference = Annotated[fields.Reference, NO_NIR]
Name = Annotated[Text, StringConstraints(max_length=120), NO_NIR, Field(examples=["Dupont-Exemple"])]
Purpose = Annotated[
    Text, StringConstraints(min_length=3, max_length=200), NO_NIR, Field(examples=["six-month follow-up"])
]
Code = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$", strict=True),
    NO_NIR,
    Field(examples=["diplome"]),
]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$", strict=True),
    fields.must(str.isprintable, rule=FORBIDDEN_CHARACTER),
    NO_NIR,
    Field(examples=["someone@example.org"]),
]
Phone = Annotated[
    str,
    StringConstraints(pattern=r"^\+?[0-9][0-9 .()-]{4,23}$", strict=True),
    NO_NIR,
    Field(examples=["+33199000000"]),
]
FranceTravailNumber = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{11}$", strict=True), NO_NIR, Field(examples=["00012345678"])
]
CodeInsee = Annotated[fields.CodeInsee, NO_NIR]
RegisterEntry = Annotated[fields.RegisterEntry, NO_NIR]


def hide_nir(references: list[str | None]) -> None:
    """Blank those references of a bulk call that hold a NIR: an answer repeats references, even of refused items."""
    references[:] = [None if reference and holds_nir(reference) else reference for reference in references]
