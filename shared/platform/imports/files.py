"""A file of lines of JSON while it comes: what is kept of it, how many lines it has, what is wrong with the whole."""

from collections.abc import Iterable
from typing import Final, Literal, Protocol

from shared.kernel.errors import Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.imports.lines import Line, Splitter
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


class LineCount:
    """Counts the lines of a file as the worker will cut them."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self.number = 0

    def add(self, lines: Iterable[Line]) -> None:
        """Some more of them. Raises ProblemError 413."""
        self.number += sum(1 for _ in lines)
        if self.number > self._most:
            expected = f"<= {self._most}"
            raise ProblemError(413, TOO_MANY_LINES, (Violation(TOO_MANY_LINES, "", expected),))

    def must_be_some(self) -> None:
        """Raises ProblemError 422 where there was none."""
        if self.number == 0:
            raise ProblemError(422, EMPTY_FILE)


class LinesFile:
    """NDJSON: kept as it comes, but for a byte order mark."""

    format: Literal["ndjson", "csv"] = "ndjson"

    def __init__(self, *, max_lines: int) -> None:
        self._splitter = Splitter(quoted=False)
        self._count = LineCount(most=max_lines)
        self._head: bytes | None = b""

    def feed(self, data: bytes) -> bytes:
        """As it comes, from the fourth byte on. Raises ProblemError 413."""
        if self._head is None:
            return self._take(data)
        self._head += data
        return self._begin() if len(self._head) > len(_MARK) else b""

    def finish(self) -> tuple[bytes, Shape]:
        """The rest, and the number of lines. Raises ProblemError 413 or 422."""
        rest = self._begin()
        self._count.add(self._splitter.finish())
        self._count.must_be_some()
        return rest, Shape(lines=self._count.number, encoding="utf-8")

    def _begin(self) -> bytes:
        head = (self._head or b"").removeprefix(_MARK)
        self._head = None
        return self._take(head)

    def _take(self, data: bytes) -> bytes:
        self._count.add(self._splitter.feed(data))
        return data
