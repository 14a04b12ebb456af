"""The published description of a service: security, problems, positions, the same for every route."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from shared.platform.edge.bulk import MAX_ITEMS

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "expected": {"type": "string"},
                },
            },
        },
        "truncated": {"type": "boolean"},
    },
    "example": {
        "type": "/problems/invalid_request",
        "title": "The request does not conform.",
        "status": 422,
        "code": "invalid_request",
        "instance": "urn:uuid:5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f10",
        "request_id": "5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f10",
        "errors": [
            {"pointer": "/starts_on", "code": "bad_date", "message": "Expected date: YYYY-MM-DD."},
        ],
    },
}
BULK_RESULTS: dict[int | str, dict[str, Any]] = {
    207: {
        "description": "One result per item, in order.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["results", "summary"],
                    "properties": {
                        "results": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["index", "reference", "status"],
                                "properties": {
                                    "index": {"type": "integer"},
                                    "reference": {"type": ["string", "null"]},
                                    "status": {"type": "string"},
                                    "errors": _PROBLEM["properties"]["errors"],
                                    "warnings": {"type": "array", "items": {"type": "object"}},
                                },
                            },
                        },
                        "summary": {"type": "object", "additionalProperties": {"type": "integer"}},
                    },
                }
            }
        },
    }
}
"""`responses` of a bulk route that says no more than the platform does."""
_ANY_PROBLEM = {
    "description": "A problem (RFC 9457): code, pointers, request id; never the rejected value.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_POSITION = {
    "description": "Where this write stands in the log; give it to a reader as `at_least`.",
    "schema": {"type": "string"},
    "example": "enrolment/07/1234",
}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a call under its key, for seven days: it is done once, and answered alike.",
    "schema": {"type": "string", "pattern": r'^("[!#-~]{1,255}"|[!#-~]{1,255})$', "maxLength": 257},
    "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
}


def bulk_body(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a bulk route, which reads its body itself; `describe` moves the definitions to their place."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    # Not a limit of the model: one item too many is 413, and not a fault of each item.
    schema["properties"]["items"]["maxItems"] = MAX_ITEMS
    return {
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def describe(app: FastAPI) -> None:
    """Complete the generated OpenAPI document of `app`."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
            for path in document["paths"].values():
                for method, operation in path.items():
                    _complete_operation(method, operation)
                    _move_definitions(operation, document["components"]["schemas"])
            for unused in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # the framework's documented way


def _move_definitions(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for name, definition in content["schema"].pop("$defs", {}).items():
            schemas.setdefault(name, definition)


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = _ANY_PROBLEM
    if method in {"put", "post", "delete"}:
        for status, response in responses.items():
            if status.startswith("2"):
                response.setdefault("headers", {})["Tremplin-Position"] = _POSITION
