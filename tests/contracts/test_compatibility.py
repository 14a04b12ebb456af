"""Within a version an event changes by addition alone: whatever was published under it is still read."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.events.catalogue import BY_TYPE
from shared.events.envelope import Fact
from tests.contracts import snapshot
from tests.contracts.compatibility import breaks, schema_of
from tests.contracts.snapshot import SCHEMAS, as_kept, kept_schemas


def test_no_event_has_changed_in_a_way_that_is_not_additive() -> None:
    assert snapshot.breaks(SCHEMAS) == [], (
        "what is not additive is a new version: docs/how-to/add-an-event.md"
    )


def test_the_schemas_are_those_in_the_repository() -> None:
    kept = {type_: as_kept(schema) for type_, schema in kept_schemas(SCHEMAS).items() if type_ in BY_TYPE}
    assert {type_: as_kept(schema_of(event)) for type_, event in BY_TYPE.items()} == kept, (
        "an event changed: run `make openapi`, read the difference, commit both"
    )


@pytest.mark.parametrize("type_", BY_TYPE)
def test_each_field_of_each_event_is_missed_when_it_goes(type_: str) -> None:
    before = schema_of(BY_TYPE[type_])
    for name in before["properties"]:
        after = deepcopy(before)
        del after["properties"][name]
        assert f"{type_}: field `{name}` was removed" in breaks(type_, before=before, after=after)


class Part(BaseModel):
    """A part of the toy fact."""

    place: str
    since: str | None = None


class Opened(Fact):
    """A toy fact with one field of each kind."""

    TYPE: ClassVar[str] = "toy.ticket.opened.v1"

    ticket: UUID
    size: float
    kind: Literal["bug", "wish"]
    rank: Literal[3, 6] | None = None
    note: str | None = "none"
    hours: int = Field(default=0, ge=0, le=24)
    parts: tuple[Part, ...] = ()
    counts: dict[str, int | None] = Field(default={})


def changed(name: str, annotation: Any, *, default: Any = ...) -> dict[str, Any]:
    field: Any = {name: (annotation, default)}
    return schema_of(create_model("Opened", __base__=Opened, **field))


class Shorter(BaseModel):
    """The part without a field."""

    place: str


class Stricter(BaseModel):
    """The part with an optional field made required."""

    place: str
    since: str | None


class Longer(Part):
    """The part with one more field."""

    until: str | None = None


class Closed(Part):
    """The part that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


@pytest.mark.parametrize(
    ("after", "fault"),
    [
        (changed("added", int), "field `added` is new and required"),
        (changed("note", str | None), "field `note` became required"),
        (changed("note", str, default="none"), "field `note` no longer takes null"),
        (changed("note", int | None, default=None), "field `note` no longer takes string"),
        (changed("note", str | None, default="empty"), "field `note` has another default"),
        (changed("size", int), "field `size` no longer takes number"),
        (changed("ticket", int), "field `ticket` no longer takes string"),
        (changed("kind", Literal["bug"]), "field `kind` no longer takes the value 'wish'"),
        (changed("rank", Literal[6] | None, default=None), "field `rank` no longer takes the value 3"),
        (changed("rank", Literal[3, 6], default=3), "field `rank` no longer takes null"),
        (changed("note", Literal["none"] | None, default="none"), "field `note` takes only ['none']"),
        (
            changed("note", UUID | None, default="none"),
            "field `note` is bound by format 'uuid' instead of None",
        ),
        (
            changed("hours", int, default=Field(default=0, ge=0, le=12)),
            "field `hours` is bound by maximum 12 instead of 24",
        ),
        (
            changed("hours", int, default=Field(default=0, ge=1, le=24)),
            "field `hours` is bound by minimum 1 instead of 0",
        ),
        (changed("parts", tuple[Shorter, ...], default=()), "field `parts[].since` was removed"),
        (changed("parts", tuple[Stricter, ...], default=()), "field `parts[].since` became required"),
        (
            changed("parts", tuple[Closed, ...], default=()),
            "field `parts[]` no longer takes a field it does not know",
        ),
        (changed("parts", tuple[str, ...], default=()), "field `parts[]` no longer takes object"),
        (changed("counts", dict[str, int], default={}), "field `counts.*` no longer takes null"),
        (changed("size", tuple[int, ...]), "field `size` no longer takes number"),
        (
            changed("parts", tuple[Part, Part], default=()),
            "field `parts` uses prefixItems, which this check cannot compare",
        ),
    ],
)
def test_a_change_that_is_not_additive_is_refused_by_the_name_of_event_and_field(
    after: dict[str, Any], fault: str
) -> None:
    found = breaks(Opened.TYPE, before=schema_of(Opened), after=after)
    assert f"toy.ticket.opened.v1: {fault}" in found


@pytest.mark.parametrize(
    "after",
    [
        schema_of(Opened),
        changed("added", int | None, default=None),
        changed("ticket", UUID, default=None),
        changed("ticket", str),
        changed("note", str | int | None, default="none"),
        changed("kind", Literal["bug", "wish", "question"]),
        changed("kind", str),
        changed("hours", int, default=Field(default=0, ge=0, le=48)),
        changed("hours", float, default=0),
        changed("parts", tuple[Longer, ...], default=()),
        changed("size", Any),
    ],
)
def test_an_additive_change_is_let_through(after: dict[str, Any]) -> None:
    assert breaks(Opened.TYPE, before=schema_of(Opened), after=after) == []


def test_nothing_is_written_over_a_schema_that_a_change_would_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    type_ = next(iter(BY_TYPE))
    before = schema_of(BY_TYPE[type_])
    before["properties"]["unit"] = {"type": "string"}
    (tmp_path / f"{type_}.json").write_text(json.dumps(before))

    assert snapshot.main(schemas=tmp_path) == 1

    assert f"{type_}: field `unit` was removed" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [f"{type_}.json"]
    assert json.loads((tmp_path / f"{type_}.json").read_text()) == before
