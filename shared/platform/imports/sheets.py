"""A table while it comes: made UTF-8, its header read, and refused as a whole where no line could be right."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.edge.suggestions import nearest
from shared.platform.imports.columns import DELIMITERS, cells_of, columns_of
from shared.platform.imports.decoding import Decoder
from shared.platform.imports.files import LineCount
from shared.platform.imports.lines import Line, QuoteLeftOpen, Splitter
from shared.platform.imports.rules import (
    DUPLICATE_COLUMN,
    EMPTY_FILE,
    LINE_TOO_LONG,
    MISSING_COLUMN,
    UNBALANCED_QUOTES,
    UNKNOWN_COLUMN,
)
from shared.platform.imports.uploads import Shape

_QUOTED: Final = re.compile(r'"[^"]*"')
_SEPARATOR: Final = re.compile(r"sep=([;,\t])", re.IGNORECASE)
"""A first line that some spreadsheets write and others obey."""
_NAMES: Final = {"\t": "tab"}


class SheetFile:
    """CSV: kept in UTF-8 with plain line ends, header included; lines are cut by quotes as the worker will."""

    format: Literal["ndjson", "csv"] = "csv"

    def __init__(self, model: Any, *, charset: str | None, max_lines: int) -> None:
        self._model = model
        self._decoder = Decoder(charset)
        self._splitter = Splitter(quoted=True)
        self._count = LineCount(most=max_lines)
        self._delimiter: str | None = None
        self._columns: tuple[str, ...] = ()
        self._header: Line | None = None

    def feed(self, data: bytes) -> bytes:
        """The same text in UTF-8. Raises ProblemError 413 or 422."""
        return self._take(self._decoder.feed(data))

    def finish(self) -> tuple[bytes, Shape]:
        """The rest, and what the header says. Raises ProblemError 413 or 422."""
        rest = self._take(self._decoder.feed(b"", last=True))
        self._look(self._splitter.finish())
        if self._header is None:
            raise ProblemError(422, EMPTY_FILE)
        self._count.must_be_some()
        return rest, Shape(
            lines=self._count.number,
            encoding=self._decoder.encoding,
            delimiter=self._delimiter,
            columns=self._columns,
            next_number=self._header.next_number,
            next_offset=self._header.next_offset,
        )

    def _take(self, text: str) -> bytes:
        data = text.encode()
        self._look(self._splitter.feed(data))
        return data

    def _look(self, lines: Iterator[Line]) -> None:
        try:
            for line in lines:
                if self._header is not None:
                    self._count.add((line,))
                elif not self._says_separator(line):
                    self._read_header(line)
        except QuoteLeftOpen as found:
            (number,) = found.args
            raise self._refusal((UNBALANCED_QUOTES, f"line {number}")) from None

    def _says_separator(self, line: Line) -> bool:
        found = _SEPARATOR.fullmatch((line.raw or b"").decode().strip(" "))
        if found:
            self._delimiter = found[1]
        return found is not None

    def _read_header(self, line: Line) -> None:
        if line.raw is None:
            raise self._refusal((LINE_TOO_LONG, "a header"))
        text = line.raw.decode()
        self._delimiter = self._delimiter or _delimiter_of(text)
        names = [name.strip().lower() for name in cells_of(text, delimiter=self._delimiter)]
        faults = list(_faults(names, self._model))
        if faults:
            raise self._refusal(*faults)
        self._header = line
        self._columns = tuple(names)

    def _refusal(self, *faults: tuple[Rule, str]) -> ProblemError:
        """Names how the file was read: most often that is what is wrong."""
        read = f"encoding: {self._decoder.encoding}"
        if self._delimiter:
            read += f"; delimiter: {_NAMES.get(self._delimiter, self._delimiter)}"
        violations = tuple(Violation(rule, "", f"{expected} ({read})") for rule, expected in faults)
        return ProblemError(422, faults[0][0], violations)


def _delimiter_of(header: str) -> str:
    bare = _QUOTED.sub("", header)
    return max(DELIMITERS, key=bare.count)


def _faults(names: Sequence[str], model: Any) -> Iterator[tuple[Rule, str]]:
    """What is wrong with a header; a name of the caller's own is told by its place."""
    known = columns_of(model)
    for place, name in enumerate(names, start=1):
        if name and name not in known:
            meant = nearest(name, known)
            yield UNKNOWN_COLUMN, f"column {place}" + (f": {meant}" if meant else "")
    for name, times in Counter(names).items():
        if times > 1 and name in known:
            yield DUPLICATE_COLUMN, name
    for name, column in known.items():
        if column.required and name not in names:
            yield MISSING_COLUMN, name
