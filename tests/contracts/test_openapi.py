"""The published description of each service is the one in the repository, valid, and with examples that validate."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.platform.topology import SPEAKERS
from tests.contracts.openapi_lint import faults
from tests.contracts.snapshot import openapi_of
from tests.security.rights import matrix

OPENAPI = Path(__file__).resolve().parent / "openapi"


@pytest.mark.parametrize("service", SPEAKERS)
def test_the_description_is_the_one_in_the_repository(service: str) -> None:
    kept = (OPENAPI / f"{service}.json").read_text()
    assert openapi_of(service) == kept, (
        "the API changed: run `make openapi`, read the difference, commit both"
    )


@pytest.mark.parametrize("service", SPEAKERS)
def test_the_description_is_valid_openapi(service: str) -> None:
    document = json.loads((OPENAPI / f"{service}.json").read_text())
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("service", SPEAKERS)
def test_every_operation_has_an_id_a_summary_a_tag_and_declares_problems(service: str) -> None:
    document = json.loads((OPENAPI / f"{service}.json").read_text())
    found = operations(document)
    ids = [operation["operationId"] for _, operation in found]
    assert len(ids) == len(set(ids))
    for name, operation in found:
        assert operation["summary"], name
        assert operation["tags"], name
        assert "application/problem+json" in operation["responses"]["default"]["content"], name


@pytest.mark.parametrize("service", SPEAKERS)
def test_every_body_has_an_example(service: str) -> None:
    document = json.loads((OPENAPI / f"{service}.json").read_text())
    for name, operation in operations(document):
        if "requestBody" in operation:
            for content in operation["requestBody"]["content"].values():
                schema = content["schema"]
                if "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
                assert {"example", "examples"} & {*content, *schema}, name


@pytest.mark.parametrize("service", SPEAKERS)
def test_limits_answers_and_security_are_stated(service: str) -> None:
    public = {name for name, right in matrix()[service].items() if right.is_public}
    assert faults(json.loads((OPENAPI / f"{service}.json").read_text()), public=public) == []


def put_of(schema: dict[str, Any]) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    operation = {
        "operationId": "put_x",
        "security": [{"token": ["x"]}],
        "responses": {"200": {}},
        "requestBody": body,
    }
    return {"paths": {"/v1/x": {"put": operation}}, "components": {"schemas": {}}}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "string"}, "body is a text of any length"),
        ({"type": "integer", "minimum": 0}, "body is a number of any size"),
        ({"type": "array", "items": {"type": "null"}}, "body is a list of any length"),
        ({"type": "object"}, "body is an object of any content"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "body is a text of any length"),
        ({"properties": {"a": {"type": "number"}}}, "body.a is a number of any size"),
        ({"additionalProperties": {"type": "string"}}, "body.* is a text of any length"),
        ({"items": {"type": "string"}}, "body[] is a text of any length"),
    ],
)
def test_what_has_no_limit_is_found(schema: dict[str, Any], fault: str) -> None:
    assert faults(put_of(schema), public=()) == [f"PUT /v1/x: {fault}"]


def test_a_route_whose_rights_are_said_otherwise_and_one_without_an_answer_are_found() -> None:
    document = put_of({"type": "null"})
    fault = "PUT /v1/x: says of tokens what the matrix of rights does not"
    assert faults(document, public=["put_x"]) == [fault]
    document["paths"]["/v1/x"]["put"] |= {"security": [], "responses": {"default": {}}}
    assert faults(document, public=()) == [fault, "PUT /v1/x: no answer that is not a problem"]
