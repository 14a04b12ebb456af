"""Takes a file in while it comes: refused at once where it can be, counted, sealed chunk by chunk, handed over."""

import asyncio
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.kernel.errors import DomainError, Violation
from shared.platform.caller import Caller
from shared.platform.database import Database
from shared.platform.edge.addresses import public
from shared.platform.edge.bodies import UNSUPPORTED_ENCODING
from shared.platform.edge.problems import TOO_LARGE, ProblemError
from shared.platform.imports.decoding import CHARSETS
from shared.platform.imports.files import File, LinesFile
from shared.platform.imports.kinds import Address, Kind
from shared.platform.imports.rules import IMPORT_RUNNING, UNSUPPORTED_FILE, UPLOAD_CUT
from shared.platform.imports.sealing import Keys
from shared.platform.imports.sheets import SheetFile
from shared.platform.imports.uploads import NewJob, SealedFile, failure_of, open_job
from shared.platform.request_context import current_traceparent
from shared.platform.settings import ImportingSettings

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
MEDIA_TYPES: Final = (NDJSON, CSV)
_TYPE: Final = re.compile(
    r"\s*(application/x-ndjson|text/csv)\s*(?:;\s*header\s*=\s*present\s*)?(?:;\s*charset\s*=\s*\"?([\w.:-]{1,40})\"?\s*)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Reception:
    """What a process receives files with: the keys, and how large a file may be."""

    keys: Keys
    max_bytes: int
    max_lines: int
    dry_run_lines: int

    @classmethod
    def of(cls, settings: ImportingSettings) -> "Reception":
        """As a service's settings say."""
        return cls(
            Keys(settings.import_secret),
            settings.import_max_bytes,
            settings.import_max_lines,
            settings.import_dry_run_lines,
        )


async def receive(request: Request, kind: Kind, *, database: Database, caller: Caller, dry_run: bool) -> UUID:
    """Read the file of a call to its end into a new job, and give the job's id.

    Raises ProblemError 400 (cut), 409 (one is running), 413 (bytes, lines), 415 (type, compressed), 422 (unreadable).
    """
    reception: Reception = request.app.state.reception
    file = _file_of(request, kind, max_lines=reception.dry_run_lines if dry_run else reception.max_lines)
    _check_announced(request, limit=reception.max_bytes)
    job = NewJob(
        job_id=uuid4(),
        owner=request.state.import_owner,
        caller=caller,
        kind=kind.name,
        dry_run=dry_run,
        head=getattr(request.state, "import_head", {}),
        format=file.format,
    )
    seal = reception.keys.new(job.job_id)
    async with database.transaction() as tx:
        running = await open_job(
            tx,
            job,
            schema=database.service,
            wrapped_key=reception.keys.wrap(seal),
            traceparent=current_traceparent(),
        )
    if running is not None:
        address: Address = request.state.import_address
        location = public(request, address(running.owner, f"/{running.job_id}"))
        headers = {"Location": location, "Retry-After": "2"}
        raise ProblemError(409, IMPORT_RUNNING, headers=headers)
    await _take(request, file, stored=SealedFile(database, job, seal=seal), limit=reception.max_bytes)
    return job.job_id


def _file_of(request: Request, kind: Kind, *, max_lines: int) -> File:
    found = _TYPE.fullmatch(request.headers.get("content-type", ""))
    media_type, charset = (found[1].lower(), found[2]) if found else (None, None)
    encoding = CHARSETS.get((charset or "utf-8").lower())
    if media_type is None or encoding is None or (media_type == NDJSON and encoding != "utf-8"):
        expected = " | ".join(MEDIA_TYPES)
        raise ProblemError(415, UNSUPPORTED_FILE, (Violation(UNSUPPORTED_FILE, "", expected),))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, UNSUPPORTED_ENCODING)
    if media_type == NDJSON:
        return LinesFile(max_lines=max_lines)
    return SheetFile(kind.item, charset=encoding if charset else None, max_lines=max_lines)


def _check_announced(request: Request, *, limit: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise _too_large(limit)
    request.state.max_bytes = limit


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, TOO_LARGE, (Violation(TOO_LARGE, "", f"<= {limit} bytes"),))


async def _take(request: Request, file: File, *, stored: SealedFile, limit: int) -> None:
    """Whatever stops the upload ends the job and destroys what was kept of the file."""
    try:
        async for data in request.stream():
            await stored.write(file.feed(data))
        rest, shape = file.finish()
        await stored.write(rest)
        await stored.close(shape)
    except ClientDisconnect:
        cut = ProblemError(400, UPLOAD_CUT)
        await stored.give_up(failure_of(cut))
        raise cut from None
    except HTTPException:
        # Of the edge, which counts what it lets through.
        large = _too_large(limit)
        await stored.give_up(failure_of(large))
        raise large from None
    except (DomainError, ProblemError) as refusal:
        await stored.give_up(failure_of(refusal))
        raise
    except BaseException:
        await asyncio.shield(stored.give_up(failure_of(ProblemError(503, UPLOAD_CUT))))
        raise
