"""The services' own OpenAPI documents, in which half of the values are such as exist: chance alone finds no learner."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fuzz.known import Known

Document = dict[str, Any]
_METHODS = {"get", "put", "post", "delete", "patch"}
_ONLY = {"siren", "holder", "at_least"}
"""Any other value is another tenant's, or a position that is not reached: 404 and 503 alone would be tried."""


def enrich(document: Document, *, known: Known, bodies: Mapping[str, Sequence[Any]]) -> Document:
    """The document with known values beside the free ones; what is refused stays described as it was."""
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for operation in (methods[method] for method in _METHODS & set(methods)):
            operation["parameters"] = [
                _enriched(parameter, path=path, known=known)
                for parameter in operation.get("parameters", ())
                if not _is_a_cursor(parameter)
            ]
            _enrich_body(operation, schemas=schemas, bodies=bodies)
    return document


def _is_a_cursor(parameter: Document) -> bool:
    """Signed by us: chance makes none that is right, and `tests/platform/test_paging.py` tries the wrong ones."""
    return bool(parameter["name"] == "after" and parameter["schema"].get("type") != "integer")


def _enriched(parameter: Document, *, path: str, known: Known) -> Document:
    name = parameter["name"]
    before = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
    values = known.get(before if name == "reference" else name, ())
    if name in _ONLY:
        parameter["schema"] = {"enum": list(values)}
    elif values:
        parameter["schema"] = {"anyOf": [{"enum": list(values)}, parameter["schema"]]}
    return parameter


def _enrich_body(operation: Document, *, schemas: Document, bodies: Mapping[str, Sequence[Any]]) -> None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    schema = content["schema"]
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    right = list(bodies.get(operation["operationId"], [named["example"]] if "example" in named else []))
    if right:
        content["schema"] = {"anyOf": [{"enum": right}, schema]}
        content["examples"] = {f"right-{number}": {"value": body} for number, body in enumerate(right)}
