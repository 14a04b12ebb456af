"""Bulk calls as the published description shows them: the body is read raw, so it is described by hand."""

from typing import Any

from pydantic import BaseModel

RESULTS: dict[str, Any] = {
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
                                "status": {
                                    "enum": [
                                        *("created", "accepted", "waiting", "updated", "unchanged"),
                                        *("duplicate", "rejected"),
                                    ]
                                },
                                "errors": {"type": "array", "items": {"type": "object"}},
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


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` for a route that reads a lot of this model."""
    schema = model.model_json_schema()
    resolved = _resolved(schema, definitions=schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": resolved}}}}


def _resolved(schema: Any, *, definitions: dict[str, Any]) -> Any:
    """The schema with its own definitions put in place: `#/$defs` would point to the root of the document."""
    if isinstance(schema, list):
        return [_resolved(part, definitions=definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        rest = {name: part for name, part in schema.items() if name != "$ref"}
        return _resolved(target | rest, definitions=definitions)
    return {name: _resolved(part, definitions=definitions) for name, part in schema.items()}
