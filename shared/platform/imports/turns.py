"""A turn of one job: batches of its file, each decided, written and noted in one transaction; or a rehearsal."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from shared.platform.caller import Caller
from shared.platform.database import Database, Transaction
from shared.platform.edge.bulk import Verdict
from shared.platform.edge.problems import ProblemError
from shared.platform.event_log import MAX_EVENTS, Position
from shared.platform.imports import board
from shared.platform.imports.board import Finding, Job, Progress
from shared.platform.imports.columns import Table
from shared.platform.imports.items import ItemReader
from shared.platform.imports.kinds import Batch, Kind
from shared.platform.imports.lines import Line, Splitter
from shared.platform.imports.rules import FILE_LOST
from shared.platform.imports.sealing import CHUNK, Seal
from shared.platform.metrics import IMPORT_ROWS

BATCH: Final = MAX_EVENTS
"""Lines of one transaction: each says one fact at most."""
BATCH_BYTES: Final = 4 * 1024 * 1024
"""Where lines are long, fewer are decided together; a batch depends on the file alone."""
TURN: Final = 10
"""Batches of one job before the others have their turn."""
MOST_OF_A_LINE: Final = 10
MOST_FINDINGS: Final = 100_000
"""Findings that are kept of a line, and of a job: beyond them lines are only counted."""


@dataclass(frozen=True)
class Turn:
    """One worker's hold of one job, on behalf of its sender."""

    job: Job
    kind: Kind
    caller: Caller
    worker: Database
    desk: Database
    seal: Seal
    today: date

    async def take(self) -> bool:
        """Do some batches, or the whole of a dry run; gives whether the file is at its end.

        Raises board.Overtaken, SealBroken, and what the work raises.
        """
        if self.job.dry_run:
            await self._rehearse()
            return True
        progress = self.job.progress
        batches = self._batches(progress)
        for _ in range(TURN):
            lines = await anext(batches, None)
            if lines is None:
                return True
            async with self.desk.transaction() as tx:
                await board.hold(tx, self.job, schema=self.desk.service)
                progress = await self._do(tx, lines, progress=progress, notes=tx)
            _count(self.kind, before=self.job.progress, after=progress)
        await batches.aclose()
        return False

    async def _rehearse(self) -> None:
        """The whole file in one transaction that is rolled back: each line meets what those before it left."""
        progress = self.job.progress
        async with self.desk.rehearsal() as tx:
            async for lines in self._batches(progress):
                async with self.desk.transaction() as notes:
                    await board.hold(notes, self.job, schema=self.desk.service)
                    progress = await self._do(tx, lines, progress=progress, notes=notes)
                tx.spoken.clear()

    async def _do(
        self, tx: Transaction, lines: list[Line], *, progress: Progress, notes: Transaction
    ) -> Progress:
        verdicts = await self._decide(tx, lines)
        room = MOST_FINDINGS - progress.findings
        findings = [
            finding
            for line, verdict in zip(lines, verdicts, strict=True)
            for finding in _findings(line, verdict)
        ][:room]
        reached = Progress(
            lines_done=progress.lines_done + len(lines),
            next_number=lines[-1].next_number,
            next_offset=lines[-1].next_offset,
            counts=dict(Counter(progress.counts) + Counter(verdict.status for verdict in verdicts)),
            findings=progress.findings + len(findings),
            positions=progress.positions,
        )

        async def note(positions: list[Position]) -> None:
            reached.positions = _last_of_each(progress.positions, positions)
            await board.advance(
                notes, self.job, schema=self.desk.service, progress=reached, findings=findings
            )

        # With the positions of its facts, which are numbered as the last thing before the commit.
        notes.at_last(note)
        return reached

    async def _decide(self, tx: Transaction, lines: list[Line]) -> list[Verdict]:
        read = self._reader.read(lines)
        places = sorted(read.items)
        batch = Batch(
            job_id=self.job.job_id,
            owner=self.job.owner,
            caller=self.caller,
            today=self.today,
            items=[read.items[place] for place in places],
            refused=len(read.refused),
            head=self.job.head,
        )
        found = dict(zip(places, await self.kind.work(tx, batch), strict=True))
        found |= {
            place: Verdict("rejected", violations=violations) for place, violations in read.refused.items()
        }
        return [found[place] for place in range(len(lines))]

    @cached_property
    def _reader(self) -> ItemReader:
        if self.job.delimiter is None:
            return ItemReader(self.kind.item)
        table = Table(self.kind.item, names=self.job.columns, delimiter=self.job.delimiter)
        return ItemReader(self.kind.item, to_json=table.to_json)

    async def _batches(self, progress: Progress) -> AsyncGenerator[list[Line], None]:
        held: list[Line] = []
        size = 0
        async for line in self._lines(progress):
            held.append(line)
            size += len(line.raw or b"")
            if len(held) == BATCH or size >= BATCH_BYTES:
                yield held
                held, size = [], 0
        if held:
            yield held

    async def _lines(self, progress: Progress) -> AsyncIterator[Line]:
        """The lines from where the job stands, a chunk of the file in memory at a time."""
        splitter = Splitter(
            quoted=self.job.format == "csv", number=progress.next_number, offset=progress.next_offset
        )
        first, skipped = divmod(progress.next_offset, CHUNK)
        for number in range(first, -(-self.job.bytes // CHUNK)):
            sealed = await board.chunk(self.worker, self.job, number=number)
            if sealed is None:
                raise ProblemError(409, FILE_LOST)
            for line in splitter.feed(self.seal.open(number, sealed)[skipped:]):
                yield line
            skipped = 0
        for line in splitter.finish():
            yield line


def _findings(line: Line, verdict: Verdict) -> Iterator[Finding]:
    found = [(False, one) for one in verdict.violations] + [(True, one) for one in verdict.warnings]
    for number, (warning, violation) in enumerate(found[:MOST_OF_A_LINE]):
        yield Finding(
            line.number,
            number,
            status=verdict.status,
            warning=warning,
            pointer=violation.pointer,
            code=violation.rule.code,
            expected=violation.expected,
        )


def _last_of_each(before: Sequence[str], reached: Sequence[Position]) -> list[str]:
    last = {(one.service, one.partition): one for one in [*map(Position.of, before), *reached]}
    return [str(one) for _, one in sorted(last.items())]


def _count(kind: Kind, *, before: Progress, after: Progress) -> None:
    for status, number in (Counter(after.counts) - Counter(before.counts)).items():
        IMPORT_ROWS.labels(kind.name, status).inc(number)
