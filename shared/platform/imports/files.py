"""A file of lines of JSON while it comes: what is kept of it, how many lines it has, what is wrong with the whole."""

from typing import Final, Literal, Protocol

from shared.kernel.errors import Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.imports.lines import Splitter
from shared.platform.imports.rules import EMPTY_FILE, TOO_MANY_LINES
from shared.platform.imports.uploads import Shape

_MARK: Final = b"\xef\xbb\xbf"


class File(Protocol):
    """Turns the bytes of an upload into those that are kept: lines in UTF-8."""

    @property
    def format(self) -> Literal["ndjson", "csv"]:
        """Its name in the job."""

    def feed(self, data: bytes) -> bytes:
        """What is to be kept of some bytes, now. Raises ProblemError 413 or 422."""

    def finish(self) -> tuple[bytes, Shape]:
        """The rest, and what the whole is like. Raises as `feed`."""


class LinesFile:
    """NDJSON: kept as it comes, but for a byte order mark."""

    format: Literal["ndjson", "csv"] = "ndjson"

    def __init__(self, *, max_lines: int) -> None:
        self._lines = LineCount(Splitter(), most=max_lines)
        self._head: bytes | None = b""

    def feed(self, data: bytes) -> bytes:
        """As it comes, from the fourth byte on."""
        if self._head is None:
            return self._lines.feed(data)
        self._head += data
        if len(self._head) <= len(_MARK):
            return b""
        return self._begin()

    def finish(self) -> tuple[bytes, Shape]:
        """The rest, and the number of lines."""
        rest = self._begin() if self._head is not None else b""
        self._lines.finish()
        return rest, Shape(lines=self._lines.number, encoding="utf-8")

    def _begin(self) -> bytes:
        head = (self._head or b"").removeprefix(_MARK)
        self._head = None
        return self._lines.feed(head)


class LineCount:
    """Counts the lines of a stream as the worker will cut them."""

    def __init__(self, splitter: Splitter, *, most: int) -> None:
        self._splitter = splitter
        self._most = most
        self.number = 0

    def feed(self, data: bytes) -> bytes:
        """Count, and give the same bytes. Raises ProblemError 413."""
        self._count(sum(1 for _ in self._splitter.feed(data)))
        return data

    def finish(self) -> None:
        """Count the last line. Raises ProblemError 413 or 422 (there was none)."""
        self._count(sum(1 for _ in self._splitter.finish()))
        if self.number == 0:
            raise ProblemError(422, EMPTY_FILE)

    def _count(self, more: int) -> None:
        self.number += more
        if self.number > self._most:
            expected = f"<= {self._most}"
            raise ProblemError(413, TOO_MANY_LINES, (Violation(TOO_MANY_LINES, "", expected),))
