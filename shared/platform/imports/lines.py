"""Cuts a stream of bytes into lines with a bounded memory, and tells where each one stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_LINE: Final = 64 * 1024
"""Most bytes of one line that are kept; of a longer one only the place is known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, where the next one starts, and its bytes unless there were too many."""

    number: int
    next_number: int
    next_offset: int
    raw: bytes | None


class QuoteLeftOpen(Exception):
    """A quote that begins on a line (the argument) and does not end within MAX_LINE bytes, or the file."""


class Splitter:
    """Lines of a stream that starts at a given place of a file; blank ones are passed over.

    In a `quoted` one, line ends between double quotes belong to the line. Source: RFC 4180, section 2.
    """

    def __init__(self, *, quoted: bool, number: int = 1, offset: int = 0) -> None:
        self._quoted = quoted
        self._quotes = 0
        self._inner = 0
        self._number = number
        self._offset = offset
        self._held = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end within these bytes. Raises QuoteLeftOpen."""
        first, *more = data.split(b"\n")
        self._hold(first)
        for piece in more:
            yield from self._end(1)
            self._hold(piece)

    def finish(self) -> Iterator[Line]:
        """The last line, where no line end follows it. Raises QuoteLeftOpen."""
        yield from self._end(0)

    def _hold(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._quoted:
            self._quotes += piece.count(b'"')
        if self._size <= MAX_LINE:
            self._held += piece
        else:
            self._held.clear()

    def _end(self, ends: int) -> Iterator[Line]:
        number, size = self._number, self._size
        if self._quotes % 2:
            if size > MAX_LINE or not ends:
                raise QuoteLeftOpen(number)
            self._inner += 1
            self._hold(b"\n")
            return
        self._number += self._inner + ends
        self._offset += size + ends
        raw = bytes(self._held)
        self._held.clear()
        self._size = self._quotes = self._inner = 0
        if size > MAX_LINE:
            yield Line(number, self._number, self._offset, None)
        elif raw.strip():
            yield Line(number, self._number, self._offset, raw)
