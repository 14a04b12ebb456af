"""Tables for spreadsheets: UTF-8 with its mark, columns apart by semicolons, no text that is taken for a formula."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any, Final

from pydantic_core import to_json, to_jsonable_python

MARK: Final = "\ufeff"
"""With it a French spreadsheet takes the file for what it is."""
_BLANKS: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")


def table(rows: Iterable[Sequence[Any]]) -> str:
    """Lines of a table, one for each row of values."""
    written = StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(map(_cell, row) for row in rows)
    return written.getvalue()


def harmless(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would take it for a formula.

    Source: OWASP, CSV injection. Blanks before it are passed over, and the forms of other widths count too.
    """
    first = text[_BLANKS.match(text).end() :][:1]  # type: ignore[union-attr]  # it matches nothing at least
    formula = text.startswith(("\t", "\r")) or unicodedata.normalize("NFKC", first) in {"=", "+", "-", "@"}
    return f"'{text}" if formula else text


def _cell(value: Any) -> str:
    """A text made harmless, nothing for None, numbers and dates as JSON has them, lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    plain = to_jsonable_python(value)
    return plain if isinstance(plain, str) else to_json(plain).decode()
