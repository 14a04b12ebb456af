"""What bulk doors share: their documented body and items turned into domain values."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from shared.platform.bulk import Verdict, Work
from shared.platform.database import Transaction

Item = TypeVar("Item")
Value = TypeVar("Value")


def each_as(
    convert: Callable[[Item], Value], work: Callable[[Transaction, list[Value]], Awaitable[list[Verdict]]]
) -> Work:
    """Work on domain values, given the bodies of a lot."""

    async def run(tx: Transaction, items: list[Any]) -> list[Verdict]:
        return await work(tx, [convert(item) for item in items])

    return run


def documented(lot: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body itself."""
    schema = lot.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(schema, definitions)}},
        }
    }


def _inlined(part: Any, definitions: dict[str, Any]) -> Any:
    """References to definitions replaced by these: the document of the service has no place of their own for them."""
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = cast("str", part["$ref"]).rsplit("/", 1)[-1]
        others = {key: value for key, value in part.items() if key != "$ref"}
        return _inlined({**definitions[name], **others}, definitions)
    return {key: _inlined(value, definitions) for key, value in part.items()}
