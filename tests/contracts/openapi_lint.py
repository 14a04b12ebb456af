"""What an OpenAPI document of ours must state beyond being valid: how long, how many, how much, and what is needed."""

from collections.abc import Collection, Iterator
from typing import Any

Schema = dict[str, Any]

_BOUNDED_TEXT = {"maxLength", "enum", "const", "format", "pattern"}
_BOUNDED_NUMBER = {"maximum", "exclusiveMaximum", "enum", "const"}
_STREAMED = {"application/x-ndjson", "text/csv"}
"""Files: their size is that of the body, which the edge counts."""


def faults(document: Schema, *, public: Collection[str]) -> list[str]:
    """One sentence for each thing that is not stated, with its operation; `public` are the ids of those open to all."""
    return [
        f"{method.upper()} {path}: {fault}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for fault in _of_operation(operation, public=public, document=document)
    ]


def _of_operation(operation: Schema, *, public: Collection[str], document: Schema) -> Iterator[str]:
    if any(operation.get("security", [])) == (operation["operationId"] in public):
        yield "says of tokens what the matrix of rights does not"
    if not any(status.startswith("2") for status in operation["responses"]):
        yield "no answer that is not a problem"
    for parameter in operation.get("parameters", []):
        at = f"{parameter['in']} parameter `{parameter['name']}`"
        yield from _unbounded(parameter["schema"], at=at, document=document, within=())
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if media_type not in _STREAMED:
            yield from _unbounded(content["schema"], at="body", document=document, within=())


def _unbounded(schema: Schema, *, at: str, document: Schema, within: tuple[str, ...]) -> Iterator[str]:
    if (reference := schema.get("$ref")) is not None:
        if reference not in within:
            target = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
            yield from _unbounded(target, at=at, document=document, within=(*within, reference))
        return
    yield from (f"{at} {fault}" for fault in _without_limit(schema))
    rest = schema.get("additionalProperties")
    inside = [
        *((at, each) for key in ("anyOf", "oneOf", "allOf") for each in schema.get(key, [])),
        *((f"{at}.{name}", each) for name, each in schema.get("properties", {}).items()),
        *([(f"{at}[]", schema["items"])] if "items" in schema else []),
        *([(f"{at}.*", rest)] if isinstance(rest, dict) else []),
    ]
    for place, each in inside:
        yield from _unbounded(each, at=place, document=document, within=within)


def _without_limit(schema: Schema) -> Iterator[str]:
    kind = schema.get("type")
    if kind == "string" and not _BOUNDED_TEXT & schema.keys():
        yield "is a text of any length"
    if kind in {"integer", "number"} and not _BOUNDED_NUMBER & schema.keys():
        yield "is a number of any size"
    if kind == "array" and "maxItems" not in schema:
        yield "is a list of any length"
    if (
        kind == "object"
        and "properties" not in schema
        and not isinstance(schema.get("additionalProperties"), dict)
    ):
        yield "is an object of any content"
