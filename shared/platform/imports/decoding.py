"""Text of a spreadsheet in the encodings that spreadsheets write: UTF-8, Windows-1252, UTF-16."""

import codecs
from io import IncrementalNewlineDecoder
from typing import Final

from shared.kernel.errors import Violation
from shared.platform.edge.problems import ProblemError
from shared.platform.imports.rules import UNKNOWN_ENCODING

CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
    # What is sent under this name is the other one; they differ where this one has no letters.
    "iso-8859-1": "windows-1252",
    "iso-8859-15": "iso-8859-15",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
"""Names in a media type, in lower case, and the encodings they mean."""
EXPECTED: Final = "utf-8 | windows-1252 | utf-16"
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT: Final = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\xd0\xcf\x11\xe0")
"""A workbook, a compressed file, a PDF, an old workbook."""
_HEAD: Final = 8
_LONGEST: Final = 4
"""Bytes of the longest character in UTF-8."""


class Decoder:
    """Bytes to text with plain line ends; the encoding is found where the first letter beyond ASCII stands."""

    def __init__(self, charset: str | None) -> None:
        """`charset` is an encoding of CHARSETS that the caller named; a byte order mark goes before it."""
        self._named = charset
        self._held = b""
        self._begun = False
        self._decoder: codecs.IncrementalDecoder | None = None
        self._ends = IncrementalNewlineDecoder(None, translate=True)
        self.encoding = "utf-8"

    def feed(self, data: bytes, *, last: bool = False) -> str:
        """The text of some more bytes. Raises ProblemError 422."""
        self._held += data
        if not self._begun and len(self._held) < _HEAD and not last:
            return ""
        try:
            return self._ends.decode(self._read(last=last), last)
        except UnicodeDecodeError:
            raise unreadable() from None

    def _read(self, *, last: bool) -> str:
        if not self._begun:
            self._begin()
        if self._decoder is None:
            return self._undecided(last=last)
        data, self._held = self._held, b""
        return self._decoder.decode(data, last)

    def _begin(self) -> None:
        self._begun = True
        if self._held.startswith(_NO_TEXT):
            raise unreadable()
        for mark, encoding in _MARKS:
            if self._held.startswith(mark):
                self._held = self._held.removeprefix(mark)
                self._decide(encoding)
                return
        # Without a mark, every other byte of a header in UTF-16 is zero.
        head = self._held[:_HEAD]
        if {0} in ({*head[::2]}, {*head[1::2]}):
            self._decide("utf-16-le" if head[0] else "utf-16-be")
        elif self._named is not None:
            self._decide(self._named)

    def _undecided(self, *, last: bool) -> str:
        data = self._held
        if data.isascii():
            self._held = b""
            return data.decode("ascii")
        plain = len(data) - len(data.lstrip(_ASCII))
        if len(data) - plain < _LONGEST and not last:
            self._held = data[plain:]
            return data[:plain].decode("ascii")
        self._decide("utf-8" if _begins_in_utf8(data[plain:]) else "windows-1252")
        return self._read(last=last)

    def _decide(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()


_ASCII: Final = bytes(range(128))
_LENGTHS: Final = ((4, 0xF0), (3, 0xE0), (2, 0xC0))
"""Bytes of a character in UTF-8, by the least value of its first byte."""


def _begins_in_utf8(data: bytes) -> bool:
    """Whether the first character is one of UTF-8: two letters beyond ASCII that look like one are no word."""
    length = next((size for size, least in _LENGTHS if data[0] >= least), 1)
    try:
        return len(data[:length].decode()) == 1
    except UnicodeDecodeError:
        return False


def unreadable() -> ProblemError:
    """What is no text, or in none of the encodings."""
    return ProblemError(422, UNKNOWN_ENCODING, (Violation(UNKNOWN_ENCODING, "", EXPECTED),))
