"""The worker beside the doors: takes a job, gives it a turn, lets the next one in, and tidies what was left."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

import structlog

from shared.kernel.clock import Clock
from shared.kernel.errors import DomainError
from shared.platform import request_context
from shared.platform.database import Database
from shared.platform.edge.problems import INTERNAL, ProblemError
from shared.platform.failures import is_transient
from shared.platform.imports import board
from shared.platform.imports.board import Job, Overtaken
from shared.platform.imports.kinds import Imports
from shared.platform.imports.rules import FILE_LOST, MANDATE_ENDED, UPLOAD_CUT
from shared.platform.imports.sealing import Keys, SealBroken
from shared.platform.imports.turns import Turn
from shared.platform.imports.uploads import caller_of, end_job, failure_of
from shared.platform.mandates.lookup import Mandates
from shared.platform.metrics import FORGOTTEN, IMPORT_AGE
from shared.platform.retention import Kept, forget
from shared.platform.sight import Sight

log = structlog.get_logger()

PAUSE: Final = 1.0
"""Seconds between two looks at an empty list."""
AFTER_FAILURE: Final = 2.0
TIDY_EVERY: Final = 600.0
KEPT: Final = Kept("import_job", "finished_at", 30)
OPEN_STATES: Final = ("receiving", "received", "running")


@dataclass(frozen=True)
class Runner:
    """Takes jobs as the worker and does them in the callers' role: a file has its sender's rights and no more."""

    worker: Database
    desk: Database
    imports: Imports
    keys: Keys
    clock: Clock
    mandates: Mandates

    async def run(self) -> None:
        """Until cancelled."""
        tidied: float | None = None
        while True:
            found = False
            try:
                if tidied is None or time.monotonic() - tidied > TIDY_EVERY:
                    await self.tidy()
                    tidied = time.monotonic()
                found = await self.once()
            except Exception as error:  # noqa: BLE001 - the next look tries again; the class is logged
                log.warning("imports.interrupted", error=type(error).__name__)
            if not found:
                await asyncio.sleep(PAUSE)

    async def once(self) -> bool:
        """One turn of one job; gives whether there was any."""
        await self._measure()
        job = await board.take_job(self.worker)
        if job is None:
            return False
        request_context.continue_trace(job.traceparent)
        try:
            await self._attempt(job)
        except Overtaken:
            log.info("import.overtaken", job=str(job.job_id), kind=job.kind)
        except asyncio.CancelledError:
            await asyncio.shield(board.release(self.worker, job))
            raise
        return True

    async def tidy(self) -> None:
        """Give up uploads that were left; forget jobs that ended long ago."""
        failure = failure_of(ProblemError(409, UPLOAD_CUT))
        async with self.worker.transaction() as tx:
            for job_id in await board.stale_uploads(tx, schema=self.worker.service):
                await end_job(tx, job_id, schema=self.worker.service, state="failed", failure=failure)
        FORGOTTEN.labels(self.worker.service, KEPT.table).inc(await forget(self.worker, KEPT))

    async def _attempt(self, job: Job) -> None:
        try:
            if await (await self._turn(job)).take():
                await self._end(job, "succeeded")
            else:
                await board.release(self.worker, job)
        except SealBroken:
            await self._end(job, "failed", failure=failure_of(ProblemError(409, FILE_LOST)))
        except (DomainError, ProblemError) as refusal:
            await self._end(job, "failed", failure=failure_of(refusal))
        except Overtaken:
            raise
        except Exception as error:  # noqa: BLE001 - what passes is tried again, what does not ends the job
            await self._trouble(job, error)

    async def _turn(self, job: Job) -> Turn:
        caller = await self.mandates.added_to(caller_of(job.caller))
        if job.owner != caller.reporter and not caller.acts_for(job.owner):
            raise ProblemError(409, MANDATE_ENDED)
        return Turn(
            job,
            kind=self.imports.named(job.kind),
            caller=caller,
            worker=self.worker,
            desk=self.desk.seen_by(Sight.of(caller)),
            seal=self.keys.unwrap(job.job_id, job.wrapped_key),
            today=self.clock.today(),
        )

    async def _trouble(self, job: Job, error: Exception) -> None:
        if is_transient(error):
            log.warning("import.interrupted", job=str(job.job_id), error=type(error).__name__)
            await board.release(self.worker, job, pause=AFTER_FAILURE)
            return
        place = error.__traceback__
        while place and place.tb_next:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        log.error("import.broken", job=str(job.job_id), error=type(error).__name__, place=where)
        await self._end(job, "failed", failure=failure_of(ProblemError(500, INTERNAL)))

    async def _end(self, job: Job, state: str, *, failure: dict[str, Any] | None = None) -> None:
        schema = self.worker.service
        async with self.worker.transaction() as tx:
            await board.hold(tx, job, schema=schema)
            await end_job(tx, job.job_id, schema=schema, state=state, failure=failure)
        log.info("import.ended", job=str(job.job_id), kind=job.kind, state=state, dry_run=job.dry_run)

    async def _measure(self) -> None:
        oldest = await board.ages(self.worker)
        for state in OPEN_STATES:
            IMPORT_AGE.labels(self.worker.service, state).set(oldest.get(state, 0.0))
