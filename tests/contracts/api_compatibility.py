"""Compares two OpenAPI documents of one service: whether a client written for the first is served by the second.

What is sent as before must be taken, what is answered must be what was described. More operations, more optional
parameters and fields, wider values taken, more fields in an answer are additive. All else breaks a client.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tests.contracts import compatibility

Document = dict[str, Any]
Schema = dict[str, Any]

_ADDED = (" was removed", " no longer takes a field it does not know", " has another default")
"""What the comparison of schemas says, held the other way round, of what an answer may gain."""


def breaks(before: Document, after: Document) -> list[str]:
    """Why a client breaks, one sentence each that begins with the operation."""
    return [
        f"{method.upper()} {path} {sentence}"
        for path, methods in before["paths"].items()
        for method, operation in methods.items()
        for sentence in _of_operation(
            _Described(operation, before), after["paths"].get(path, {}).get(method), document=after
        )
    ]


def unannounced(found: list[str], *, announced: Mapping[str, date], today: date) -> list[str]:
    """The breaks that nobody announced, or whose day has not come (RFC 8594: `Sunset`)."""
    return [sentence for sentence in found if announced.get(sentence, date.max) > today]


class _Described:
    """An operation with the document in which its references lead somewhere."""

    def __init__(self, operation: Schema, document: Document) -> None:
        self.operation = operation
        self.document = document

    def parameters(self) -> dict[tuple[str, str], Schema]:
        return {(each["in"], each["name"]): each for each in self.operation.get("parameters", [])}

    def bodies(self) -> dict[str, Schema]:
        return self._schemas(self.operation.get("requestBody", {}))

    def answers(self) -> dict[tuple[str, str], Schema]:
        return {
            (status, media_type): schema
            for status, response in self.operation["responses"].items()
            for media_type, schema in self._schemas(response).items()
        }

    def inlined(self, schema: Schema) -> Schema:
        """The schema by itself, without a reference."""
        if (reference := schema.get("$ref")) is not None:
            return self.inlined(self.document["components"]["schemas"][reference.rsplit("/", 1)[1]])
        return {key: self._inlined_in(value) for key, value in schema.items()}

    def _inlined_in(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._inlined_in(each) for each in value]
        return self.inlined(value) if isinstance(value, dict) else value

    def _schemas(self, holder: Schema) -> dict[str, Schema]:
        contents = holder.get("content", {}).items()
        return {media_type: self.inlined(content.get("schema", {})) for media_type, content in contents}


def _of_operation(old: _Described, given: Schema | None, *, document: Document) -> Iterator[str]:
    if given is None:
        yield "was removed"
        return
    new = _Described(given, document)
    if old.operation["operationId"] != given["operationId"]:
        yield "has another operationId"
    yield from _parameters(old, new)
    yield from _bodies(old, new)
    yield from _answers(old, new)


def _parameters(old: _Described, new: _Described) -> Iterator[str]:
    before, after = old.parameters(), new.parameters()
    for (place, name), parameter in after.items():
        if parameter.get("required") and not before.get((place, name), {}).get("required"):
            yield f"needs the {place} parameter `{name}`"
    for (place, name), parameter in before.items():
        if (other := after.get((place, name))) is None:
            yield f"refuses the {place} parameter `{name}`"
            continue
        schemas = old.inlined(parameter["schema"]), new.inlined(other["schema"])
        yield from (f"{place} parameter `{name}`: {sentence}" for sentence in _narrowed(*schemas))


def _bodies(old: _Described, new: _Described) -> Iterator[str]:
    before, after = old.bodies(), new.bodies()
    if after and not before and new.operation["requestBody"].get("required"):
        yield "needs a body"
    for media_type, schema in before.items():
        if media_type not in after:
            yield f"refuses a body of {media_type}"
            continue
        yield from (f"body: {sentence}" for sentence in _narrowed(schema, after[media_type]))


def _answers(old: _Described, new: _Described) -> Iterator[str]:
    before, after = old.answers(), new.answers()
    for (status, media_type), schema in before.items():
        if (status, media_type) not in after:
            yield f"no longer answers {status} with {media_type}"
            continue
        # The other way round: whatever is answered now has to be what was described before.
        held = _narrowed(after[status, media_type], schema)
        yield from (
            f"answers {status}, held against the former description: {sentence}"
            for sentence in held
            if not sentence.endswith(_ADDED)
        )


def _narrowed(before: Schema, after: Schema) -> list[str]:
    """The sentences of the comparison of events, which judges what it is shown and nothing that stayed the same."""
    if before == after:
        return []
    found = compatibility.breaks("", before=before, after=after)
    return [sentence.removeprefix(": ") for sentence in found]
