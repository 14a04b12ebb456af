"""JSON as it may be sent: what parsers read differently, or only some of them read at all, is refused by name.

Source of the rules: RFC 8259 section 4 (names should be unique), 6 (numbers), 8.1 (UTF-8), 8.2 (surrogates).
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from json import JSONDecodeError, JSONDecoder
from math import isfinite
from typing import Any, Final, NoReturn

from pydantic import BaseModel

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.fields import FORBIDDEN_CHARACTER
from shared.platform.edge.problems import MALFORMED_JSON, TOO_LARGE, ProblemError
from shared.platform.edge.shape_errors import models_in, pointer_of

MAX_DEPTH: Final = 32
"""Most objects and arrays within one another."""
MAX_KEYS: Final = 10_000
"""Most names in one object."""
MAX_DIGITS: Final = 40
"""Most characters of one number: more than any amount, count or coordinate needs."""

DUPLICATE_KEY = Rule(
    "duplicate_key",
    fr="Un nom figure deux fois dans un objet JSON.",
    en="A name stands twice in a JSON object.",
)
TOO_DEEP = Rule("too_deep", fr="JSON trop profondément imbriqué.", en="JSON nested too deeply.")
NUMBER_OUT_OF_RANGE = Rule(
    "number_out_of_range",
    fr="Nombre hors de toute étendue utile.",
    en="Number outside of any useful range.",
)
INVALID_UNICODE = Rule(
    "invalid_unicode",
    fr="Demi-caractère Unicode isolé dans un texte.",
    en="Half of a Unicode character alone in a text.",
)

_BOM: Final = b"\xef\xbb\xbf"
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# Where one of these stands in a text, counting quotes and colons does not count its names.
_ODD = (b'\\"', b"\\u0022", b" :", b"\t:", b"\n:", b"\r:", b"\\u0000")
_NAMES: Final = b'":'
_OURS = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class _Refused(Exception):
    """Raised within the decoder, which knows no place."""

    def __init__(self, status: int, rule: Rule, *, expected: str) -> None:
        super().__init__(rule.code)
        self.problem = ProblemError(status, rule, (Violation(rule, "", expected),))


def without_bom(raw: bytes) -> bytes:
    """The text without the mark that some Windows tools put before it."""
    return raw.removeprefix(_BOM)


def check_json(raw: bytes, *, nul_in: bool = False) -> Any:
    """The content of a JSON text in UTF-8, read to the letter; `nul_in` leaves NUL in texts to whoever reads on.

    Raises ProblemError 400 (`malformed_json` with the byte, `too_deep`, `duplicate_key`, `number_out_of_range`),
    413 (`too_large`: more than MAX_KEYS names) or 422 (`invalid_unicode`, `forbidden_character`, with the pointer).
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise _malformed(error.start) from None
    _check_depth(raw)
    try:
        content = _DECODER.decode(text)
    except JSONDecodeError as error:
        raise _malformed(len(text[: error.pos].encode())) from None
    except _Refused as refused:
        raise refused.problem from None
    if "\\u" in text and (found := forbidden_text(content, nul_in=nul_in)):
        raise ProblemError(422, found.rule, (found,))
    return content


def check_valid_json(raw: bytes, read: BaseModel) -> None:
    """Of a JSON text that was `read` into a closed model, check what the model cannot see. Raises as `check_json`.

    A model holds depth, names and numbers; of a name that stands twice it sees the last only. So the names of the
    text are counted, and the fields that they set: that is many times faster than to read the text here again.
    """
    if any(odd in raw for odd in _ODD) or _fields_set(read) != raw.count(_NAMES):
        check_json(raw)


def _fields_set(read: BaseModel) -> int:
    """How many fields were given, in the model and all those within it."""
    total = 0
    waiting: list[BaseModel] = [read]
    while waiting:
        model = waiting.pop()
        given = model.__pydantic_fields_set__
        total += len(given)
        held = model.__dict__
        kind: type[BaseModel] = type(model)
        for name in _holders(kind):
            if name in given:
                inner = held[name]
                if isinstance(inner, BaseModel):
                    waiting.append(inner)
                elif isinstance(inner, list | tuple):
                    waiting += [one for one in inner if isinstance(one, BaseModel)]
    return total


@cache
def _holders(model: type[BaseModel]) -> tuple[str, ...]:
    """Fields in which other models may be."""
    return tuple(name for name, info in model.model_fields.items() if models_in(info.annotation))


def _malformed(byte: int) -> ProblemError:
    return ProblemError(
        400, MALFORMED_JSON, (Violation(MALFORMED_JSON, "", f"JSON (RFC 8259), from byte {byte} on"),)
    )


def _check_depth(raw: bytes) -> None:
    brackets = _STRINGS.sub(b"", raw).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise _Refused(400, TOO_DEEP, expected=f"<= {MAX_DEPTH}").problem


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise _Refused(413, TOO_LARGE, expected=f"<= {MAX_KEYS} names")
    content = dict(pairs)
    if len(content) != len(pairs):
        raise _Refused(400, DUPLICATE_KEY, expected="each name once")
    return content


def _constant(_: str) -> NoReturn:
    raise _Refused(400, MALFORMED_JSON, expected="no NaN, no Infinity")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _Refused(400, NUMBER_OUT_OF_RANGE, expected=f"<= {MAX_DIGITS} characters")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    vanished = number == 0 and any(digit in "123456789" for digit in digits.lower().partition("e")[0])
    if len(digits) > MAX_DIGITS or not isfinite(number) or vanished:
        raise _Refused(400, NUMBER_OUT_OF_RANGE, expected="a finite double")
    return number


def forbidden_text(content: Any, *, nul_in: bool = False) -> Violation | None:
    """The first text that says, by escapes, what no text may hold; of a content whose depth is bounded."""
    for text, place in _texts(content, ()):
        if _is_torn(text):
            return Violation(INVALID_UNICODE, pointer_of(place))
        if "\0" in text and not nul_in:
            return Violation(FORBIDDEN_CHARACTER, pointer_of(place))
    return None


def _texts(content: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Every text with its place; a name is the caller's own, its place is that of its object."""
    if isinstance(content, str):
        yield content, place
    elif isinstance(content, dict):
        for name, value in content.items():
            yield name, place
            yield from _texts(value, (*place, name) if _OURS.fullmatch(name) else place)
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _texts(value, (*place, index))


def _is_torn(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


_DECODER = JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole, parse_float=_real
)
