"""Safe retries: what a bulk call with an `Idempotency-Key` has done is kept in the very transaction that did it.

A bulk call is several transactions. Each keeps its results under the key, so that a retry after a cut, a time-out or a
killed process does what was not done, gives what was, and its answer is the one that the first call would have had.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from pydantic_core import to_json
from sqlalchemy import text

from shared.kernel.errors import Rule, Violation
from shared.platform.database import Transaction
from shared.platform.edge.problems import ProblemError
from shared.platform.event_log import Position

KEEP_DAYS: Final = 7
HEADER: Final = "Idempotency-Key"

BAD_IDEMPOTENCY_KEY = Rule(
    "bad_idempotency_key",
    fr="Idempotency-Key : de 1 à 255 caractères ASCII visibles, avec ou sans guillemets.",
    en="Idempotency-Key: 1 to 255 visible ASCII characters, with or without quotes.",
)
IDEMPOTENCY_KEY_REUSED = Rule(
    "idempotency_key_reused",
    fr="Cette clé d'idempotence a servi à un autre contenu.",
    en="This idempotency key was used for another content.",
)
STILL_RUNNING = Rule(
    "still_running",
    fr="Le premier appel de cette clé est encore en cours.",
    en="The first call with this key is still running.",
)
_FORM = re.compile(r'"[!#-~]{1,255}"|[!#-~]{1,255}', re.ASCII)
_LOCK = """
SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', 'idempotency',
    CAST(:client AS text), CAST(:route AS text), CAST(:key AS text)), 0)) AS mine
"""
_FOUND = """
SELECT part, fingerprint, results, positions FROM {schema}.idempotency_key
WHERE client_id = :client AND route = :route AND key = :key ORDER BY part
"""
_KEEP = """
INSERT INTO {schema}.idempotency_key (client_id, route, key, part, fingerprint, results, positions)
VALUES (:client, :route, :key, :part, :fingerprint, CAST(:results AS json), CAST(:positions AS text[]))
"""


@dataclass(frozen=True)
class Done:
    """What one transaction of an earlier call did: results as they were answered, and positions reached."""

    results: list[dict[str, Any]]
    positions: list[Position]


@dataclass(frozen=True)
class Retry:
    """A call under its key, which belongs to one client, method and path."""

    client: str
    route: str
    key: str
    fingerprint: bytes
    schema: str

    async def done(self, tx: Transaction, *, part: int) -> Done | None:
        """What was done of a part; None when it is this call's to do, and nobody else's until the transaction ends.

        Raises ProblemError 409 while another call works under the key, 422 when the key had another content.
        """
        if not (await tx.execute(text(_LOCK), self._names)).scalar_one():
            raise ProblemError(409, STILL_RUNNING, headers={"Retry-After": "1"})
        rows = (await tx.execute(text(_FOUND.format(schema=self.schema)), self._names)).all()
        if any(row.fingerprint != self.fingerprint for row in rows):
            raise ProblemError(422, IDEMPOTENCY_KEY_REUSED)
        for row in rows:
            if row.part == part:
                return Done(row.results, [Position.of(text) for text in row.positions])
        return None

    def keep(self, tx: Transaction, results: list[dict[str, Any]], *, part: int) -> None:
        """Keep the results of a part with the positions that its transaction reaches."""

        async def write(reached: list[Position]) -> None:
            values = {
                "part": part,
                "fingerprint": self.fingerprint,
                "results": to_json(results).decode(),
                "positions": [str(position) for position in reached],
            }
            await tx.execute(text(_KEEP.format(schema=self.schema)), self._names | values)

        tx.at_last(write)

    @property
    def _names(self) -> dict[str, str]:
        return {"client": self.client, "route": self.route, "key": self.key}


def retry_of(request: Request, content: bytes) -> Retry | None:
    """The call's key with what it was given for; None without one. Raises ProblemError 400 on a key of another form."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1 or not _FORM.fullmatch(given[0]):
        raise ProblemError(
            400, BAD_IDEMPOTENCY_KEY, (Violation(BAD_IDEMPOTENCY_KEY, "", '"8e03978e-40d5-43dd"'),)
        )
    asked = request.scope["query_string"]
    return Retry(
        client=request.state.client_id,
        route=f"{request.method} {request.url.path}",
        key=given[0].strip('"'),
        fingerprint=hashlib.sha256(asked + b"\n" + content).digest(),
        schema=request.app.state.service,
    )
