"""Files of the log's days: one run of a partition as gzip NDJSON, in members that can be found without reading them.

A member holds 500 envelopes, the last one what is left, and says its own length in the extra field of its header: any
gzip tool reads the file, and ours goes straight to a number in it.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from shared.events.envelope import BadEnvelope, Envelope
from shared.platform.exchange.intake_store import ID_BITS

MEMBER = 500
"""Envelopes of one gzip member."""

_LEVEL = 6
_PART = ".part"
_STALE = 24 * 3600.0
# Magic, deflate, an extra field follows, no time, no flags, unknown system; the field's length, our mark, four bytes.
_HEAD = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff" + struct.pack("<H2sH", 8, b"TR", 4)
_LENGTH = struct.Struct("<I")
_TAIL = struct.Struct("<II")


class BadArchive(Exception):
    """A file that is missing, damaged, or not what was recorded of it; the reason is a word."""

    def __init__(self, reason: str, *, file: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Contents:
    """What a run of events amounts to, whether a file or the tables hold it."""

    first_seq: int
    last_seq: int
    events: int
    digest: int
    previous_id: UUID | None
    last_id: UUID
    sha256: bytes
    """Of the lines, not of their compression."""


def file_of(service: str, day: date, *, partition: int) -> str:
    """Where the run of a partition is kept, e.g. `labelling/2026-11-25/p07.ndjson.gz`."""
    return f"{service}/{day.isoformat()}/p{partition:02d}.ndjson.gz"


class Archive:
    """The folder that holds them; all replicas of a service, and whoever rebuilds from it, see the same one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self, file: str) -> Iterator["Writing"]:
        """A new file under a name of its own; unless it was given to `keep`, nothing is left of it after the block."""
        path = self._folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_parts(path.parent)
        part = path.parent / f".{path.name}.{uuid4().hex}{_PART}"
        try:
            with part.open("wb") as stream:
                yield Writing(stream, file=file, part=part)
        finally:
            part.unlink(missing_ok=True)

    def keep(self, writing: "Writing") -> None:
        """Put a file in its place, durable. It waits for the disk. Raises Broken when nothing was written."""
        path = self._folder / writing.file
        writing.flush()
        self._set_aside(writing.file, writing.contents)
        writing.part.rename(path)
        for folder in (path.parent, path.parent.parent, self._folder):
            _fsync(folder)

    def examine(self, file: str) -> Contents:
        """Read a file to its end. Raises BadArchive unless it is one unbroken run."""
        sums = Sums()
        try:
            with (self._folder / file).open("rb") as stream:
                for offset, length in _members(self._folder / file):
                    for line in _lines(stream, offset=offset, length=length):
                        sums.add(Envelope.from_json(line), line)
            return sums.contents()
        except _DAMAGE as error:
            raise _bad(file, error) from error
        except Broken as broken:
            raise BadArchive(str(broken), file=file) from broken

    def read(self, file: str, *, first_seq: int, after: int, limit: int) -> list[Envelope]:
        """The next events of a file that begins at `first_seq`. Raises BadArchive."""
        skipped, within = divmod(after + 1 - first_seq, MEMBER)
        found: list[Envelope] = []
        try:
            with (self._folder / file).open("rb") as stream:
                for offset, length in _members(self._folder / file)[skipped:]:
                    lines = _lines(stream, offset=offset, length=length)[within:]
                    found += [Envelope.from_json(line) for line in lines[: limit - len(found)]]
                    within = 0
                    if len(found) == limit:
                        break
        except _DAMAGE as error:
            raise _bad(file, error) from error
        if [envelope.sequence for envelope in found] != list(range(after + 1, after + 1 + len(found))):
            raise BadArchive("not_contiguous", file=file)
        return found

    def _set_aside(self, file: str, contents: Contents) -> None:
        """What stands there and is something else is kept: a log that was set back says another story than it told."""
        path = self._folder / file
        try:
            same = self.examine(file) == contents
        except BadArchive as bad:
            if bad.reason == "missing":
                return
            same = False
        if not same:
            now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            path.rename(path.with_name(f"{path.name.split('.', 1)[0]}.replaced-{now}.ndjson.gz"))


class Broken(Exception):
    """A run of events with a gap, a repetition or another predecessor."""


class Sums:
    """Adds up a run line by line."""

    def __init__(self) -> None:
        self._first: Envelope | None = None
        self._last: Envelope | None = None
        self._events = 0
        self._digest = 0
        self._hash = hashlib.sha256()

    def add(self, envelope: Envelope, line: bytes) -> None:
        """The next event, and its line. Raises Broken unless it follows the one before."""
        last = self._last
        if last is not None and envelope.sequence != last.sequence + 1:
            raise Broken("not_contiguous")
        if last is not None and envelope.previous_id != last.id:
            raise Broken("lineage_broken")
        self._first = self._first or envelope
        self._last = envelope
        self._events += 1
        self._digest += envelope.id.int & ID_BITS
        self._hash.update(line + b"\n")

    def contents(self) -> Contents:
        """The sums so far. Raises Broken when there was nothing."""
        if self._first is None or self._last is None:
            raise Broken("empty")
        return Contents(
            first_seq=self._first.sequence,
            last_seq=self._last.sequence,
            events=self._events,
            digest=self._digest,
            previous_id=self._first.previous_id,
            last_id=self._last.id,
            sha256=self._hash.digest(),
        )


class Writing:
    """A file under way."""

    def __init__(self, stream: BinaryIO, *, file: str, part: Path) -> None:
        self.file = file
        self.part = part
        self._stream = stream
        self._sums = Sums()

    def flush(self) -> None:
        """Hand everything to the disk and wait for it."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def add(self, envelopes: Sequence[Envelope]) -> None:
        """One member. Raises Broken unless the events follow those before."""
        lines = [envelope.to_json().encode() for envelope in envelopes]
        for envelope, line in zip(envelopes, lines, strict=True):
            self._sums.add(envelope, line)
        content = b"".join(line + b"\n" for line in lines)
        deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = deflate.compress(content) + deflate.flush()
        length = len(_HEAD) + _LENGTH.size + len(body) + _TAIL.size
        tail = _TAIL.pack(zlib.crc32(content), len(content) & 0xFFFFFFFF)
        self._stream.write(_HEAD + _LENGTH.pack(length) + body + tail)

    @property
    def contents(self) -> Contents:
        """What was written so far."""
        return self._sums.contents()


class _Cut(Exception):
    """The file ends inside a member, or is no file of ours."""


_DAMAGE = (OSError, zlib.error, BadEnvelope, _Cut)


def _bad(file: str, error: Exception) -> BadArchive:
    """A file that is not there, one that cannot be read, and one that says something else than it should."""
    if isinstance(error, OSError):
        return BadArchive("missing" if isinstance(error, FileNotFoundError) else "unreadable", file=file)
    return BadArchive("damaged", file=file)


def _members(path: Path) -> tuple[tuple[int, int], ...]:
    """Offset and length of each member; known from the last time while the file is the same."""
    stat = path.stat()
    return _hop(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _hop(path: Path, size: int, _written: int) -> tuple[tuple[int, int], ...]:
    """From head to head."""
    found = []
    offset = 0
    with path.open("rb") as stream:
        while offset < size:
            stream.seek(offset)
            head = stream.read(len(_HEAD) + _LENGTH.size)
            if len(head) < len(_HEAD) + _LENGTH.size or not head.startswith(_HEAD):
                raise _Cut
            length = _LENGTH.unpack(head[len(_HEAD) :])[0]
            if length <= len(head) or offset + length > size:
                raise _Cut
            found.append((offset, length))
            offset += length
    return tuple(found)


def _lines(stream: BinaryIO, *, offset: int, length: int) -> list[bytes]:
    """The lines of one member; zlib compares its checksum."""
    stream.seek(offset)
    member = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = member.decompress(stream.read(length))
    if not member.eof or member.unused_data:
        raise _Cut
    return content.split(b"\n")[:-1]


def _forget_parts(folder: Path) -> None:
    """Files that a killed writer left; one that is being written elsewhere is younger."""
    before = datetime.now(UTC).timestamp() - _STALE
    for part in folder.glob(f".*{_PART}"):
        # Another writer may finish its own file, or forget the same one, at this very moment.
        with suppress(FileNotFoundError):
            if part.stat().st_mtime < before:
                part.unlink()


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
