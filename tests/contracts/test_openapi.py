"""The published description of each service is the one in the repository, valid, and with examples that validate."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.platform.topology import SPEAKERS
from tests.contracts.snapshot import openapi_of

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
