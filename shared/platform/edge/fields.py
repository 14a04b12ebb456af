"""Types of HTTP fields: strict where JSON is lax, with the rule named when it refuses."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.kernel.errors import Rule
from shared.kernel.identifiers import (
    BAD_CODE_INSEE,
    BAD_RNCP,
    BAD_SIREN,
    BAD_SIRET,
    is_code_insee,
    is_register_entry,
    is_siren,
    is_siret,
)

BAD_DATE = Rule("bad_date", fr="Date attendue : AAAA-MM-JJ.", en="Expected date: YYYY-MM-DD.")
FORBIDDEN_CHARACTER = Rule(
    "forbidden_character", fr="Caractère interdit dans un texte.", en="Forbidden character in a text."
)


class Body(BaseModel):
    """Base of what callers send: closed, so that a misspelt field is refused and not lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class View(BaseModel):
    """Base of what callers get: open, so that fields can be added."""

    model_config = ConfigDict(frozen=True)


def must(test: Callable[[str], bool], *, rule: Rule) -> AfterValidator:
    """A validator that refuses a text by a rule of ours, so that the answer names the rule."""

    def check(value: str) -> str:
        if not test(value):
            raise PydanticCustomError("rule", "{code}", {"code": rule.code, "rule": rule})
        return value

    return AfterValidator(check)


def _iso_date(value: Any) -> Any:
    """Only `YYYY-MM-DD`: pydantic alone would take seconds since 1970 and full instants."""
    if isinstance(value, str) and len(value) == 10:  # noqa: PLR2004 - length of YYYY-MM-DD
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif type(value) is date:
        return value
    raise PydanticCustomError("rule", "{code}", {"code": BAD_DATE.code, "rule": BAD_DATE})


def _printable(value: str) -> bool:
    """No control character, no lone surrogate, no invisible direction mark."""
    # Nearly every text passes this one test, at the speed of C; line ends and the no-break spaces of French
    # typography take the long way.
    return value.isprintable() or all(
        character in "\n\r\t\u00a0\u202f"
        or (character.isprintable() and not "\ud800" <= character <= "\udfff")
        for character in value
    )


def _shown(pattern: str) -> Callable[[dict[str, Any]], None]:
    """The form of a field for those who read its schema; ours is checked by a rule that has a name."""

    def show(schema: dict[str, Any]) -> None:
        schema["pattern"] = pattern
        # Bounds of dates, which JSON Schema does not know.
        schema.pop("ge", None)
        schema.pop("le", None)

    return show


IsoDate = Annotated[
    date,
    BeforeValidator(_iso_date),
    Field(
        ge=date(1900, 1, 1),
        le=date(2200, 1, 1),
        examples=["2016-02-03"],
        json_schema_extra=_shown(r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"),
    ),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400, strict=True),
    must(_printable, rule=FORBIDDEN_CHARACTER),
]
LongText = Annotated[
    str, StringConstraints(max_length=4000, strict=True), must(_printable, rule=FORBIDDEN_CHARACTER)
]
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}", re.ASCII)
"""A caller's own reference: no space, no accent, so that it fits in a path and on a screen."""
Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=f"^{REFERENCE.pattern}$", strict=True),
    Field(examples=["2016-PARIS-042"]),
]
Siren = Annotated[
    str,
    StringConstraints(max_length=9, strict=True),
    must(is_siren, rule=BAD_SIREN),
    Field(examples=["732829320"], json_schema_extra=_shown("^[0-9]{9}$")),
]
Siret = Annotated[
    str,
    StringConstraints(max_length=14, strict=True),
    must(is_siret, rule=BAD_SIRET),
    Field(examples=["73282932000074"], json_schema_extra=_shown("^[0-9]{14}$")),
]
RegisterEntry = Annotated[
    str,
    StringConstraints(max_length=12, strict=True),
    must(is_register_entry, rule=BAD_RNCP),
    Field(examples=["RNCP34126"], json_schema_extra=_shown("^(RNCP|RS)[1-9][0-9]{0,5}$")),
]
CodeInsee = Annotated[
    str,
    StringConstraints(max_length=5, strict=True),
    must(is_code_insee, rule=BAD_CODE_INSEE),
    Field(examples=["75056"], json_schema_extra=_shown("^([0-9]{2}|2[AB])[0-9]{3}$")),
]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Level = Annotated[int, Field(strict=True, ge=1, le=8)]
Flag = Annotated[bool, Field(strict=True)]
