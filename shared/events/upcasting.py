"""Brings the data of an event that was published in an older version to the newest one, a step at a time."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError, from_json

from shared.events.envelope import Fact

Data = dict[str, Any]
Step = Callable[[Data], Data]
"""From the data of one version to that of the next; pure: what it was given stays as it was."""

STEPS: Mapping[str, Step] = MappingProxyType({})
"""The steps of the house by the older type, e.g. `labelling.label.granted.v1` for the way from v1 to v2."""

_TYPE = re.compile(r"(?P<name>[a-z_]+\.[a-z_]+\.[a-z_]+)\.v(?P<version>[1-9][0-9]*)")


class UnknownType(KeyError):
    """No fact of this name is known here, or only older versions of it: this code is older than its speaker."""


class BrokenChain(Exception):
    """Some version that was published has no way to the newest, or a step leads nowhere."""


class Upcasting:
    """Reads every version of the facts it is given; a reader only ever meets the newest."""

    def __init__(self, facts: Iterable[type[Fact]], *, steps: Mapping[str, Step]) -> None:
        """Raises BrokenChain unless each fact is there once, with one step from each of its older versions."""
        facts = tuple(facts)
        faults = broken_chains([fact.TYPE for fact in facts], steps)
        if faults:
            raise BrokenChain("; ".join(faults))
        self._newest = {fact.TYPE: fact for fact in facts}
        self._steps = dict(steps)

    @property
    def types(self) -> frozenset[str]:
        """Every type that can be read, in every version."""
        return frozenset(self._newest) | frozenset(self._steps)

    def newest(self, type_: str) -> type[Fact]:
        """What a type is read as. Raises UnknownType."""
        while type_ not in self._newest:
            if type_ not in self._steps:
                raise UnknownType(type_)
            type_ = _following(type_)
        return self._newest[type_]

    def current(self, type_: str, data: Data) -> tuple[str, Data]:
        """The newest type and its data. Raises UnknownType, and whatever a step raises on data of another shape."""
        while type_ not in self._newest:
            if type_ not in self._steps:
                raise UnknownType(type_)
            type_, data = _following(type_), self._steps[type_](data)
        return type_, data

    def read(self, type_: str, data: str | Data) -> Fact:
        """The newest version of a fact, from JSON text or from what was read out of it.

        Raises UnknownType, and ValidationError on data of another shape.
        """
        fact = self._newest.get(type_)
        if fact is None:
            fact, data = self._upcast(type_, data)
        return fact.model_validate_json(data) if isinstance(data, str) else fact.model_validate(data)

    def _upcast(self, type_: str, data: str | Data) -> tuple[type[Fact], Data]:
        if type_ not in self._steps:
            raise UnknownType(type_)
        try:
            newest, data = self.current(type_, from_json(data) if isinstance(data, str) else data)
        except Exception as error:
            # A step is pure: what it trips over is the data of this event.
            raise _unfit(type_) from error
        return self._newest[newest], data


def broken_chains(types: Iterable[str], steps: Iterable[str]) -> list[str]:
    """Why older versions cannot all be read, one sentence each; empty when they can."""
    faults: list[str] = []
    newest: dict[str, int] = {}
    for type_ in types:
        name, version = _parsed(type_)
        if name in newest:
            faults.append(f"{name} is listed twice: only its newest version is, the older ones have steps")
        newest[name] = version
    held = set(steps)
    for name, version in newest.items():
        older = [f"{name}.v{number}" for number in range(1, version)]
        faults += [f"{type_} has no step to the next version" for type_ in older if type_ not in held]
        held -= set(older)
    return faults + [f"the step from {type_} leads to no fact that is listed" for type_ in sorted(held)]


def _parsed(type_: str) -> tuple[str, int]:
    found = _TYPE.fullmatch(type_)
    if found is None:
        raise BrokenChain(f"{type_!r} is not <speaker>.<aggregate>.<verb>.vN")
    return found["name"], int(found["version"])


def _following(type_: str) -> str:
    name, version = _parsed(type_)
    return f"{name}.v{version + 1}"


def _unfit(type_: str) -> ValidationError:
    reason = PydanticCustomError("not_upcast", "cannot be brought to the newest version")
    # The value stays out: an error is logged, and its data may be a person's.
    return ValidationError.from_exception_data(type_, [{"type": reason, "input": None}], hide_input=True)
