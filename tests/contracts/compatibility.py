"""Compares two JSON Schemas of one event: whether what was published under the first is read by the second.

A new field with a default, another value of an enum and a wider type are additive. All else is a new version.
"""

from collections.abc import Iterator
from typing import Any

from shared.events.envelope import Fact

Schema = dict[str, Any]
Rest = Schema | bool
"""What is said of fields beyond those that are named."""

_TEXTS = {"title", "description", "example", "examples", "default", "$defs", "discriminator"}
_LOWEST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_HIGHEST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_EXACT = {"format", "pattern", "uniqueItems", "multipleOf", "contentEncoding"}
_SHAPES = {
    "type",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "items",
    "properties",
    "required",
    "additionalProperties",
}
_WIDER = ("integer", "number")
_JUDGED = _TEXTS | _LOWEST | _HIGHEST | _EXACT | _SHAPES


def schema_of(event: type[Fact]) -> Schema:
    """What a reader of this event accepts as its data."""
    return event.model_json_schema()


def breaks(type_: str, *, before: Schema, after: Schema) -> list[str]:
    """Why the change is not additive, one sentence each that names the event and the field."""
    found = _narrowed(_inlined(before, before), _inlined(after, after), at="")
    return [f"{type_}: {sentence}" for sentence in found]


def _inlined(schema: Any, root: Schema) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, root) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        schema = target | {key: value for key, value in schema.items() if key != "$ref"}
    return {key: _inlined(value, root) for key, value in schema.items() if key != "$defs"}


def _narrowed(old: Schema, new: Schema, *, at: str) -> Iterator[str]:
    unjudged = sorted((old.keys() | new.keys()) - _JUDGED)
    if unjudged:
        yield f"{_named(at)} uses {', '.join(unjudged)}, which this check cannot compare"
        return
    others = _ways(new)
    for way in _ways(old):
        same_type = [other for other in others if _takes_type(way, other)]
        if not same_type:
            yield f"{_named(at)} no longer takes {way.get('type', 'anything')}"
            continue
        faults = [list(_narrowed_way(way, other, at=at)) for other in same_type]
        yield from min(faults, key=len)


def _ways(schema: Schema) -> list[Schema]:
    if alternatives := schema.get("anyOf") or schema.get("oneOf"):
        return [way for alternative in alternatives for way in _ways(alternative)]
    if "const" in schema:
        return [schema | {"enum": [schema["const"]]}]
    return [schema]


def _takes_type(old: Schema, new: Schema) -> bool:
    return "type" not in new or old.get("type") == new["type"] or (old.get("type"), new["type"]) == _WIDER


def _narrowed_way(old: Schema, new: Schema, *, at: str) -> Iterator[str]:
    if "enum" in new and "enum" not in old:
        yield f"{_named(at)} takes only {new['enum']}"
    lost = [value for value in old.get("enum", []) if value not in new.get("enum", [value])]
    yield from (f"{_named(at)} no longer takes the value {value!r}" for value in lost)
    yield from (
        f"{_named(at)} is bound by {keyword} {new[keyword]!r} instead of {old.get(keyword)!r}"
        for keyword in sorted(new.keys() & (_LOWEST | _HIGHEST | _EXACT))
        if _tighter(old.get(keyword), new[keyword], keyword=keyword)
    )
    if "items" in new:
        yield from _narrowed(old.get("items", {}), new["items"], at=f"{at}[]")
    yield from _narrowed_object(old, new, at=at)


def _tighter(old: Any, new: Any, *, keyword: str) -> bool:
    if old is None or keyword in _EXACT:
        return bool(old != new)
    return bool(new > old) if keyword in _LOWEST else bool(new < old)


def _narrowed_object(old: Schema, new: Schema, *, at: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, field in before.items():
        inner = f"{at}.{name}" if at else name
        if name not in after:
            yield f"{_named(inner)} was removed"
            continue
        yield from _narrowed(field, after[name], at=inner)
        optional = name not in new.get("required", []) and name not in old.get("required", [])
        if optional and field.get("default") != after[name].get("default"):
            # What was published without the field would come to mean something else.
            yield f"{_named(inner)} has another default"
    for name in new.get("required", []):
        if name not in old.get("required", []):
            inner = f"{at}.{name}" if at else name
            yield f"{_named(inner)} {'became' if name in before else 'is new and'} required"
    yield from _narrowed_rest(
        old.get("additionalProperties", True), new.get("additionalProperties", True), at=at
    )


def _narrowed_rest(old: Rest, new: Rest, *, at: str) -> Iterator[str]:
    if new is False and old is not False:
        yield f"{_named(at)} no longer takes a field it does not know"
    elif isinstance(new, dict) and old is not False:
        yield from _narrowed(old if isinstance(old, dict) else {}, new, at=f"{at}.*".removeprefix("."))


def _named(place: str) -> str:
    return f"field `{place}`" if place else "the data"
