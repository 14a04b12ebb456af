"""Shape errors of pydantic as violations: which field, which rule, what was expected; never what was sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.suggestions import nearest

MISSING_FIELD = Rule("missing_field", fr="Champ obligatoire absent.", en="A required field is missing.")
UNKNOWN_FIELD = Rule("unknown_field", fr="Champ inconnu.", en="Unknown field.")
WRONG_TYPE = Rule("wrong_type", fr="Type de valeur inattendu.", en="Unexpected type of value.")
WRONG_VALUE = Rule("wrong_value", fr="Valeur hors des valeurs permises.", en="Value outside those allowed.")
WRONG_FORM = Rule("wrong_form", fr="Forme inattendue.", en="Unexpected form.")

_EXPECTED = {
    "date": "YYYY-MM-DD",
    "datetime": "YYYY-MM-DDTHH:MM:SS+00:00",
    "int": "integer",
    "float": "number",
    "decimal": "number",
    "string": "string",
    "bool": "true | false",
    "uuid": "8c0f2d5e-7d0f-4c39-9a43-0b9c2f4f6a11",
    "list": "array",
    "tuple": "array",
    "dict": "object",
    "model": "object",
}
# Location parts that pydantic adds for its own needs, not fields of the caller.
_OWN_PARTS = ("function-", "constrained-", "lax-or-strict", "json-or-python")


def violations_of(
    details: Sequence[Mapping[str, Any]], *, prefix: str = "", model: Any = None
) -> tuple[Violation, ...]:
    """Violations of pydantic's error details (as given by `errors()`), pointers starting at `prefix`.

    With the `model` that refused, a field it does not have is answered with the nearest one it has.
    """
    return tuple(_violation_of(detail, prefix=prefix, model=model) for detail in details)


def pointer_of(parts: Iterable[object], *, prefix: str = "") -> str:
    """JSON pointer (RFC 6901) of a location."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return prefix + "".join(f"/{part}" for part in escaped)


def _violation_of(detail: Mapping[str, Any], *, prefix: str, model: Any) -> Violation:
    location = [part for part in detail["loc"] if not str(part).startswith(_OWN_PARTS)]
    if location and location[0] in {"body", "query", "path", "header"}:
        location = location[1:]
    kind = str(detail["type"])
    context = detail.get("ctx", {})
    pointer = pointer_of(location, prefix=prefix)
    rule_in_context = context.get("rule")
    if isinstance(rule_in_context, Rule):
        return Violation(rule_in_context, pointer)
    if kind == "missing":
        return Violation(MISSING_FIELD, pointer)
    if kind == "extra_forbidden":
        # The name is the caller's own text: the pointer stops at its parent.
        *parents, name = location
        meant = nearest(str(name), field_names(model, parents))
        return Violation(UNKNOWN_FIELD, pointer_of(parents, prefix=prefix), meant)
    return _value_violation(kind, context, pointer=pointer)


def field_names(model: Any, parents: Sequence[object]) -> set[str]:
    """The names of the fields that an object has at a place within a model; of several kinds, those of all."""
    found = models_in(model)
    for part in parents:
        if isinstance(part, str):
            inner = [one.model_fields[part].annotation for one in found if part in one.model_fields]
            # A part that is no field says which of several kinds it is.
            found = [one for annotation in inner for one in models_in(annotation)] if inner else found
    return {info.alias or name for one in found for name, info in one.model_fields.items()}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value of this annotation may be or hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for argument in get_args(annotation) for one in models_in(argument)]


def _value_violation(kind: str, context: Mapping[str, Any], *, pointer: str) -> Violation:
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        return Violation(WRONG_VALUE, pointer, str(context.get("expected") or context.get("expected_tags")))
    if kind == "string_pattern_mismatch":
        return Violation(WRONG_FORM, pointer, str(context.get("pattern")))
    bounds = ", ".join(f"{key} {value}" for key, value in context.items() if key in _BOUNDS)
    if bounds:
        return Violation(WRONG_FORM, pointer, bounds)
    expected = next((form for name, form in _EXPECTED.items() if kind.startswith(name)), None)
    return Violation(WRONG_TYPE if kind.endswith(("_type", "_parsing")) else WRONG_FORM, pointer, expected)


_BOUNDS = frozenset(
    {"ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "max_digits", "decimal_places"}
)
