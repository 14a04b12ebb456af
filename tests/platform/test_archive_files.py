"""Files of the archive: found by number, checked to the last byte, in their place when they are whole."""

import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from shared.events.envelope import Envelope
from shared.platform.exchange import log_archive
from shared.platform.exchange.log_archive import MEMBER, Archive, BadArchive, Broken, Contents
from shared.platform.exchange.log_export import Exported, Run, lineage_faults

FILE = "x/day/p00.ndjson.gz"


def rewrite(path: Path, *, drop: int | None = None, swap: bool = False, value: int | None = None) -> None:
    """A sound gzip file with other lines."""
    lines = [Envelope.from_json(line) for line in zlib.decompress(path.read_bytes(), 31).splitlines()]
    if drop is not None:
        del lines[drop]
    if swap:
        lines[1], lines[2] = lines[2], lines[1]
    if value is not None:
        lines[1] = replace(lines[1], data=f'{{"value":{value}}}')
    deflated = zlib.compressobj(6, zlib.DEFLATED, -15)
    content = b"".join(line.to_json().encode() + b"\n" for line in lines)
    body = deflated.compress(content) + deflated.flush()
    length = log_archive._LENGTH.pack(len(body) + 28)
    tail = log_archive._TAIL.pack(zlib.crc32(content), len(content))
    path.write_bytes(log_archive._HEAD + length + body + tail)


def test_a_page_of_a_long_file_is_found_without_reading_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    events = [envelope_of(number) for number in range(3001, 3001 + 5 * MEMBER + 7)]
    with archive.writing(FILE) as writing:
        for first in range(0, len(events), MEMBER):
            writing.add(events[first : first + MEMBER])
        archive.keep(writing)
    assert archive.examine(FILE) == writing.contents
    for after, limit in ((3000, 10), (3499, 2), (3500, 500), (5400, 1000), (5506, 500)):
        found = archive.read(FILE, first_seq=3001, after=after, limit=limit)
        assert found == [one for one in events if one.sequence > after][:limit]


def envelope_of(number: int) -> Envelope:
    return Envelope(
        id=UUID(int=number),
        speaker="x",
        partition=0,
        sequence=number,
        epoch=UUID(int=1),
        type="x.y.z.v1",
        aggregate_id="é",
        aggregate_version=number,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=f'{{"number":{number}}}',
        previous_id=UUID(int=number - 1),
    )


def test_a_file_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(Broken, match="lineage_broken"), archive.writing(FILE) as writing:
        writing.add([envelope_of(1), replace(envelope_of(2), previous_id=None)])
    with archive.writing(FILE) as writing:
        writing.add([envelope_of(1)])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_was_replaced_is_looked_at_anew(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for events in (3 * MEMBER, 2):
        with archive.writing(FILE) as writing:
            for first in range(1, events + 1, MEMBER):
                writing.add([envelope_of(number) for number in range(first, min(first + MEMBER, events + 1))])
            archive.keep(writing)
        assert len(archive.read(FILE, first_seq=1, after=0, limit=9999)) == events


@pytest.mark.parametrize("length", [0, 27, 2**32 - 1])
def test_a_member_that_lies_about_its_length_is_damage(tmp_path: Path, length: int) -> None:
    archive = Archive(tmp_path)
    with archive.writing(FILE) as writing:
        writing.add([envelope_of(1)])
        archive.keep(writing)
    content = (tmp_path / FILE).read_bytes()
    at = len(log_archive._HEAD)
    (tmp_path / FILE).write_bytes(content[:at] + log_archive._LENGTH.pack(length) + content[at + 4 :])
    for look in (archive.examine, lambda file: archive.read(file, first_seq=1, after=0, limit=1)):
        with pytest.raises(BadArchive, match="damaged"):
            look(FILE)


def test_the_files_of_a_partition_follow_one_another() -> None:
    def exported(day: int, *, first: int, previous: int) -> Exported:
        last = first + 9
        contents = Contents(first, last, 10, 0, UUID(int=previous), UUID(int=last), b"")
        return Exported(Run(date(2026, 1, day), 0, first, last), contents, f"{day}", None)

    sound = [exported(1, first=1, previous=0), exported(2, first=11, previous=10)]
    assert lineage_faults(sound) == []
    assert lineage_faults([*sound, exported(4, first=22, previous=21)]) == ["4"]
    assert lineage_faults([*sound, exported(3, first=21, previous=99)]) == ["3"]
