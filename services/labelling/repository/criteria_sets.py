"""The criteria sets of `data/criteria`, read and checked once when this module is imported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.labelling.domain.criteria import (
    OPERATORS_OF,
    TYPE_OF_FACT,
    CriteriaSet,
    Criterion,
    Kind,
    Operator,
)

_FOLDER: Final = Path(__file__).resolve().parents[1] / "data" / "criteria"
_COUNTING: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.COUNT_AT_LEAST})
_CHOOSING: Final = frozenset({Operator.ONE_OF, Operator.ANY_OF})

_Words = Annotated[str, Field(min_length=1)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Closed):
    fr: _Words
    en: _Words


class _Criterion(_Closed):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Kind
    text: _Text
    fact: str
    operator: Operator
    threshold: Annotated[int, Field(strict=True, ge=0)] | tuple[_Words, ...] | None = None
    source: _Words

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.operator not in OPERATORS_OF[TYPE_OF_FACT[self.fact]]:
            message = f"{self.id}: {self.operator} does not fit the fact {self.fact}"
            raise ValueError(message)
        expected: type = type(None)
        if self.operator in _COUNTING:
            expected = int
        elif self.operator in _CHOOSING:
            expected = tuple
        if not isinstance(self.threshold, expected) or self.threshold == ():
            message = f"{self.id}: the threshold does not fit {self.operator}"
            raise ValueError(message)
        return self

    @model_validator(mode="before")
    @classmethod
    def _knows_its_fact(cls, values: dict[str, object]) -> dict[str, object]:
        if values.get("fact") not in TYPE_OF_FACT:
            message = f"{values.get('id')}: no such fact"
            raise ValueError(message)
        return values

    def to_domain(self) -> Criterion:
        return Criterion(
            id=self.id,
            kind=self.kind,
            text_fr=self.text.fr,
            text_en=self.text.en,
            operator=self.operator,
            fact=self.fact,
            threshold=self.threshold,
            source=self.source,
        )


class _CriteriaSet(_Closed):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*@[1-9][0-9]*$")]
    title: _Text
    criteria: Annotated[tuple[_Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [criterion.id for criterion in self.criteria]
        if len(set(names)) != len(names):
            message = f"{self.id}: a criterion is named twice"
            raise ValueError(message)
        return self


def read_criteria_set(text: str, *, name: str) -> CriteriaSet:
    """A criteria set from YAML; `name` is what it must be called. Raises ValueError on anything else."""
    read = _CriteriaSet.model_validate(yaml.safe_load(text))
    if read.id != name:
        message = f"{name}: the file calls itself {read.id}"
        raise ValueError(message)
    return CriteriaSet(
        id=read.id,
        title_fr=read.title.fr,
        title_en=read.title.en,
        criteria=tuple(criterion.to_domain() for criterion in read.criteria),
    )


CRITERIA_SETS: Final[Mapping[str, CriteriaSet]] = {
    path.stem: read_criteria_set(path.read_text(encoding="utf-8"), name=path.stem)
    for path in sorted(_FOLDER.glob("*.yaml"))
}
"""Every version ever published, by id."""
