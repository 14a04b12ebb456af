"""Calls that differ in one name only: another tenant's, which exists, and one that nobody has."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from shared.kernel.identifiers import is_siret
from tests.fuzz.clients import SIREN as THEIRS

OURS: Final = "000000026"
"""The caller's own organisation; what is named belongs to another one."""
NOBODYS: Final = "000000901"
_NOT_NAMES: Final = {"after", "limit", "at_least", "dry_run", "Idempotency-Key"}
_LEARNER: Final = "APP-00004"
"""A learner of theirs, in the bodies of the replay."""
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)")


@dataclass(frozen=True)
class Call:
    """One call of an operation, in which `named` is somebody else's or nobody's."""

    operation: str
    method: str
    path: str
    named: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def renamed(self, names: Mapping[str, str]) -> "Call":
        """The same call with other names in its places."""

        def put(text: str) -> str:
            for name, other in names.items():
                text = text.replace(name, other)
            return text

        query = {key: put(value) for key, value in self.query.items()}
        body = json.loads(put(json.dumps(self.body)))
        return Call(
            self.operation, self.method, put(self.path), names.get(self.named, self.named), query, body
        )


def normal(answer: httpx.Response, names: Mapping[str, str]) -> tuple[int, str]:
    """Status and body without what differs between any two calls: ids, instants, and the names that were put."""
    text = answer.text
    for name, other in names.items():
        text = text.replace(other, name)
    return answer.status_code, _ID.sub("ID", _INSTANT.sub("INSTANT", text))


def put(call: Call, *, theirs: Mapping[str, str], name: str, number: int) -> dict[str, str]:
    """What to put where in a call: `name` where something is named, and what it writes under a reference of its own.

    Without the latter the second of two calls would find what the first has written.
    """
    written = {item["reference"] for item in (call.body or {}).get("items", ())}
    own = {
        reference: f"OWN-{number}-{place}"
        for place, reference in enumerate(sorted({*theirs.values(), _LEARNER} | written))
        if reference != call.named and not _ID.fullmatch(reference) and not reference.isdigit()
    }
    return own | {call.named: name}


def nobodys(name: str) -> str:
    """A name of the same form that nobody has."""
    if name == THEIRS:
        return NOBODYS
    if is_siret(name):
        return next(one for nic in range(90_000, 99_999) if is_siret(one := f"{name[:9]}{nic}"))
    if _ID.fullmatch(name):
        return "deadbeef-dead-4eef-8ead-deadbeefdead"
    return f"{name[:-1]}x"


def calls_of(
    operation: Mapping[str, Any], method: str, *, path: str, theirs: Mapping[str, str], bodies: list[Any]
) -> Iterator[Call]:
    """The calls of one operation, one for each of its places that names something."""
    bodies = [one | {"items": one["items"][:1]} if "items" in one else one for one in bodies[:1]]
    name, body = operation["operationId"], bodies[0] if bodies else None
    own = {key: value for key, value in theirs.items() if key != "siren"} | {"siren": OURS}
    for parameter in operation.get("parameters", ()):
        key = parameter["name"]
        if key in _NOT_NAMES or _value(theirs, key, path=path) is None:
            continue
        named = str(_value(theirs, key, path=path))
        if parameter["in"] == "path":
            # A foreign organisation is asked for what it has; our own for what only another has.
            place = _filled(path, theirs if key == "siren" else own | {key: named})
            yield Call(name, method, place, named, _required(operation, theirs), body)
        elif parameter["in"] == "query":
            query = _required(operation, theirs) | {key: named}
            yield Call(name, method, _filled(path, own), named, query, body)
    for one in bodies:
        written = json.dumps(one)
        for named in sorted({value for value in theirs.values() if f'"{value}"' in written}):
            yield Call(name, method, _filled(path, own), named, _required(operation, theirs), one)


def _value(names: Mapping[str, str], key: str, *, path: str) -> str | None:
    before = path.partition(f"/{{{key}}}")[0].rpartition("/")[2]
    return names.get(before if key == "reference" else key)


def _filled(path: str, names: Mapping[str, str]) -> str:
    def fill(match: "re.Match[str]") -> str:
        return _value(names, match[1], path=path) or "any-reference"

    return re.sub(r"\{(\w+)\}", fill, path)


def _required(operation: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Right values of the parameters that must be there."""
    return {
        parameter["name"]: names.get(parameter["name"], str(parameter.get("example", "x")))
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter.get("required")
    }
