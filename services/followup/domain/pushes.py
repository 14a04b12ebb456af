"""The lines of one push, taken in order against what is held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from services.followup.domain.contracts import Classified
from services.followup.domain.followups import Followup
from services.followup.domain.observations import Key, Kind, Observation, Source, Statement
from services.followup.domain.settlement import WAITING, Whys
from services.followup.domain.statements import Meaning, meaning
from services.followup.domain.waves import WAVES, Why

_CHANGING = frozenset(
    {Meaning.NEW, Meaning.CORRECTS, Meaning.CONFIRMS, Meaning.RETRACTS, Meaning.RETRACTS_UNKNOWN}
)
_RETRACTED: Whys = (Why.RETRACTED,) * len(WAVES)
_OUTRANKED: Whys = (Why.OUTRANKED,) * len(WAVES)


class Taken(NamedTuple):
    """A line that was taken in: what it meant, and the observation its reference holds right after it."""

    statement: Statement
    meaning: Meaning
    observation: Observation
    classified: Classified


@dataclass
class Push:
    """One reporter's lines; each is judged against the ones before it."""

    reporter: str
    source: Source
    now: datetime
    followups: Mapping[UUID, Followup]
    held: dict[Key, Observation]
    replaced: set[tuple[str, bytes]]
    """Reference and digest of every word that a later one replaced."""
    written: list[Taken] = field(default_factory=list)

    def take(self, statement: Statement, classified: Classified) -> Taken:
        """Take one line in. Raises Conflict for another's reference."""
        key = (self.reporter, statement.reference)
        held = self.held.get(key)
        digest = blake2b(statement.content.encode(), digest_size=16).digest()
        said_before = (statement.reference, digest) in self.replaced
        meant = meaning(statement, held, digest=digest, said_before=said_before)
        if meant not in _CHANGING:
            assert held is not None  # noqa: S101 - an unknown reference is always a change
            return Taken(statement, meant, held, classified)
        if meant is Meaning.CONFIRMS and held is not None:
            observation = held._replace(
                collected_on=statement.collected_on, recorded_at=self.now, revision=held.revision + 1
            )
        else:
            observation = self._observation(statement, classified, held=held, digest=digest)
        if held is not None:
            self.replaced.add((held.reference, held.digest))
        self.held[key] = observation
        taken = Taken(statement, meant, observation, classified)
        self.written.append(taken)
        return taken

    def why(self, taken: Taken, whys: Mapping[Key, Whys]) -> Whys:
        """Why a line counts or not, once all lines are in and its enrolment is weighed."""
        now_held = self.held[taken.observation.key]
        if now_held.kind is Kind.RETRACTION:
            return _RETRACTED
        if taken.meaning is Meaning.OLDER or now_held.digest != taken.observation.digest:
            return _OUTRANKED
        # What is said of an enrolment that is not for the reporter to know of was not weighed: it waits.
        return whys.get(now_held.key, WAITING)

    def waits(self, statement: Statement) -> bool:
        """Whether the exit of a line's enrolment is not heard, or is not for the reporter to know of.

        Another holder's enrolment is answered as one that nobody has: what is said of it waits, and never counts.
        """
        followup = self.followups.get(statement.enrolment_id) if statement.enrolment_id else None
        if followup is None or followup.exit is None or not followup.has_exit:
            return True
        return self.source is Source.HOLDER and followup.exit.holder != self.reporter

    def _observation(
        self, statement: Statement, classified: Classified, *, held: Observation | None, digest: bytes
    ) -> Observation:
        speaks_on = (
            held is not None and held.kind is not Kind.RETRACTION and statement.kind is not Kind.RETRACTION
        )
        first = held.first_collected_on if held is not None and speaks_on else statement.collected_on
        return Observation(
            reporter=self.reporter,
            reference=statement.reference,
            source=self.source,
            kind=statement.kind,
            enrolment_id=statement.enrolment_id or (held.enrolment_id if held else None),
            collected_on=statement.collected_on,
            first_collected_on=min(first, statement.collected_on),
            recorded_at=self.now,
            digest=digest,
            revision=held.revision + 1 if held else 1,
            outcome=classified.outcome or None,
            durable=classified.durable,
            starts_on=statement.starts_on,
            ends_on=statement.ends_on,
            planned_end_on=statement.planned_end_on,
            observed_on=statement.observed_on,
        )
