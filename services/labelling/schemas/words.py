"""Small types that several bodies and views of labelling share."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field, StringConstraints

from shared.platform.edge.fields import View

Code = Annotated[
    str,
    StringConstraints(max_length=60, pattern=r"^[a-z][a-z0-9_]*$", strict=True),
    Field(examples=["development"]),
]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Departement = Annotated[
    str,
    StringConstraints(max_length=3, pattern=r"^(\d{2}|2[AB]|9[78]\d)$", strict=True),
    Field(examples=["75"]),
]

Item = TypeVar("Item", bound=View)


class Words(View):
    """A text in both languages."""

    fr: str
    en: str


class Page(View, Generic[Item]):
    """A part of a list; `next` is the `after` of the following part."""

    items: list[Item]
    next: str | None = None
