"""A change of an API that would break a client is refused by name, unless it was announced and its day has come."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.platform.topology import SPEAKERS
from tests.contracts import snapshot
from tests.contracts.api_compatibility import breaks, unannounced
from tests.contracts.snapshot import OPENAPI, SCHEMAS

Document = dict[str, Any]
DOCUMENTS = {service: json.loads((OPENAPI / f"{service}.json").read_text()) for service in SPEAKERS}
_TICKET: Document = {
    "type": "object",
    "additionalProperties": False,
    "required": ["reference", "kind"],
    "properties": {
        "reference": {"type": "string", "maxLength": 64},
        "kind": {"enum": ["bug", "wish"], "type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    },
}


def toy() -> Document:
    """One operation that takes a ticket and answers with it."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Ticket"}}}
    operation: Document = {
        "operationId": "put_ticket",
        "parameters": [{"in": "query", "name": "page", "schema": {"type": "integer", "maximum": 9}}],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"content": deepcopy(content)}},
    }
    schemas = {"Ticket": deepcopy(_TICKET), "Answer": deepcopy(_TICKET)}
    operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"] = (
        "#/components/schemas/Answer"
    )
    return {"paths": {"/v1/tickets": {"put": operation}}, "components": {"schemas": schemas}}


def changed(change: Callable[[Document, Document], Any]) -> Document:
    """The toy after a change of its operation or of its schemas."""
    document = toy()
    change(document["paths"]["/v1/tickets"]["put"], document["components"]["schemas"])
    return document


def fields(schemas: Document, name: str) -> Document:
    found: Document = schemas[name]["properties"]
    return found


ANSWERS = "answers 200, held against the former description:"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda op, _: op.update(operationId="x"), "has another operationId"),
        (lambda op, _: op.update(parameters=[]), "refuses the query parameter `page`"),
        (
            lambda op, _: op["parameters"].append(
                {"in": "query", "name": "q", "required": True, "schema": {}}
            ),
            "needs the query parameter `q`",
        ),
        (lambda op, _: op["parameters"][0].update(required=True), "needs the query parameter `page`"),
        (
            lambda op, _: op["parameters"][0]["schema"].update(maximum=8),
            "query parameter `page`: the data is bound by maximum 8 instead of 9",
        ),
        (
            lambda op, _: op["requestBody"].update(content={"text/csv": {"schema": {}}}),
            "refuses a body of application/json",
        ),
        (lambda _, all_: fields(all_, "Ticket").pop("note"), "body: field `note` was removed"),
        (
            lambda _, all_: all_["Ticket"].update(required=["reference", "kind", "note"]),
            "body: field `note` became required",
        ),
        (
            lambda _, all_: fields(all_, "Ticket")["kind"].update(enum=["bug"]),
            "body: field `kind` no longer takes the value 'wish'",
        ),
        (lambda op, _: op["responses"].pop("200"), "no longer answers 200 with application/json"),
        (
            lambda _, all_: all_["Answer"].update(required=["reference"]),
            f"{ANSWERS} field `kind` became required",
        ),
        (
            lambda _, all_: (
                fields(all_, "Answer").pop("kind"),
                all_["Answer"].update(required=["reference"]),
            ),
            f"{ANSWERS} field `kind` is new and required",
        ),
        (
            lambda _, all_: fields(all_, "Answer")["kind"].update(enum=["bug", "wish", "other"]),
            f"{ANSWERS} field `kind` no longer takes the value 'other'",
        ),
        (
            lambda _, all_: fields(all_, "Answer").update(reference={"type": "integer"}),
            f"{ANSWERS} field `reference` no longer takes integer",
        ),
    ],
)
def test_what_breaks_a_client_is_said(change: Callable[[Document, Document], Any], sentence: str) -> None:
    assert f"PUT /v1/tickets {sentence}" in breaks(toy(), changed(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda op, _: op.update(summary="x"),
        lambda op, _: op["parameters"].append({"in": "query", "name": "q", "schema": {}}),
        lambda op, _: op["parameters"][0]["schema"].update(maximum=10),
        lambda op, _: op["responses"].update({"201": {}}),
        lambda _, all_: fields(all_, "Ticket").update(colour={"type": "string", "default": "red"}),
        lambda _, all_: fields(all_, "Ticket")["kind"].update(enum=["bug", "wish", "other"]),
        lambda _, all_: all_["Ticket"].update(required=["reference"]),
        lambda _, all_: fields(all_, "Answer").update(colour={"type": "string"}),
        lambda _, all_: fields(all_, "Answer")["kind"].update(enum=["bug"]),
        lambda _, all_: all_["Answer"].update(required=["reference", "kind", "note"]),
    ],
)
def test_an_addition_breaks_nobody(change: Callable[[Document, Document], Any]) -> None:
    assert breaks(toy(), changed(change)) == []


@pytest.mark.parametrize("service", SPEAKERS)
def test_each_operation_is_missed_when_it_goes(service: str) -> None:
    for path, methods in DOCUMENTS[service]["paths"].items():
        for method in methods:
            after = deepcopy(DOCUMENTS[service])
            del after["paths"][path][method]
            assert breaks(DOCUMENTS[service], after) == [f"{method.upper()} {path} was removed"]


def test_a_body_of_several_kinds_is_compared_kind_by_kind() -> None:
    after = deepcopy(DOCUMENTS["followup"])
    del after["components"]["schemas"]["ContractLine"]["properties"]["nature_dsn"]
    found = breaks(DOCUMENTS["followup"], after)
    assert "POST /v1/outcomes body: field `items[].nature_dsn` was removed" in found


def test_an_announced_break_is_let_through_from_its_day_on() -> None:
    announced, day = {"a": date(2027, 1, 1)}, date(2027, 1, 1)
    assert unannounced(["a", "b"], announced=announced, today=day) == ["b"]
    assert unannounced(["a"], announced=announced, today=date(2026, 12, 31)) == ["a"]


def test_nothing_is_written_over_a_document_that_a_change_would_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for service, document in DOCUMENTS.items():
        former = deepcopy(document)
        if service == "followup":
            former["paths"]["/v1/former"] = {"get": {"operationId": "read_former", "responses": {}}}
        (tmp_path / f"{service}.json").write_text(json.dumps(former))
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert snapshot.main(schemas=SCHEMAS, openapi=tmp_path) == 1

    assert "followup: GET /v1/former was removed" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
