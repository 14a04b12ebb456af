"""What is said in a story: facts of the catalogue, and some that no listener can take."""

from datetime import UTC, date, datetime
from typing import ClassVar, Protocol
from uuid import UUID

from shared.events.enrolment import SessionChanged, SessionOpened
from shared.events.envelope import Fact
from shared.events.followup import FollowupExcluded
from shared.events.labelling import OrganisationChanged, TargetSet
from tests.simulation.truth import Kind

BASE = datetime(2026, 3, 2, 9, 59, 48, tzinfo=UTC)
"""Shortly before the hour, so that digests of two hours are kept."""
TODAY = date(2026, 3, 2)
REFUSED = "refused"
"""Said in a text of a fact that every handler refuses."""
HEARD: dict[str, tuple[type[Fact], ...]] = {
    "labelling": (TargetSet,),
    "enrolment": (SessionChanged,),
    "followup": (FollowupExcluded,),
}
"""What the listeners of a story take, by speaker."""


class _Said(Fact):
    """A fact whose aggregate is named without a rule."""

    about: str

    @property
    def aggregate_id(self) -> str:
        """Whatever it was said to be about."""
        return self.about


class TargetRetired(_Said):
    """A type of tomorrow."""

    TYPE: ClassVar[str] = "labelling.target.retired.v9"


class TargetTorn(_Said):
    """The right type with data of another shape."""

    TYPE: ClassVar[str] = TargetSet.TYPE


class SessionRetired(_Said):
    """A type of tomorrow."""

    TYPE: ClassVar[str] = "enrolment.session.retired.v9"


class SessionTorn(_Said):
    """The right type with data of another shape."""

    TYPE: ClassVar[str] = SessionChanged.TYPE


class Maker(Protocol):
    """Makes the facts of one speaker."""

    def __call__(self, kind: Kind, *, aggregate: int, version: int) -> Fact: ...


def target(kind: Kind, *, aggregate: int, version: int) -> Fact:
    """Something that labelling says."""
    about = f"target-{aggregate}"
    if kind == "unknown":
        return TargetRetired(version=version, about=about)
    if kind == "bad":
        return TargetTorn(version=version, about=about)
    if kind == "unwanted":
        return OrganisationChanged(version=version, siren=about, name="", legal_status="")
    indicator = REFUSED if kind == REFUSED else "entered"
    return TargetSet(
        version=version, target_id=about, indicator=indicator, value=version, due_on=TODAY,
        label_fr="", label_en="",
    )  # fmt: skip


def session(kind: Kind, *, aggregate: int, version: int) -> Fact:
    """Something that enrolment says."""
    about = UUID(int=aggregate)
    if kind == "unknown":
        return SessionRetired(version=version, about=str(about))
    if kind == "bad":
        return SessionTorn(version=version, about=str(about))
    state = SessionOpened if kind == "unwanted" else SessionChanged
    return state(
        version=version, session_id=about, holder="", reference=REFUSED if kind == REFUSED else "",
        training_id=about, starts_on=TODAY, planned_end_on=TODAY, coverage="covered",
    )  # fmt: skip


def answer(heard: SessionChanged) -> Fact:
    """What followup says to each session that it hears of."""
    return FollowupExcluded(
        version=heard.version, enrolment_id=heard.session_id, training_id=heard.training_id, exit_on=TODAY,
        exit_kind="completed", mapping="",
    )  # fmt: skip


SAYS: dict[str, Maker] = {"labelling": target, "enrolment": session}


def is_refused(fact: Fact) -> bool:
    """Whether handlers refuse it."""
    return REFUSED in {getattr(fact, "indicator", ""), getattr(fact, "reference", "")}


def kind_of(fact: Fact) -> Kind:
    """What a listener has to make of it."""
    if isinstance(fact, TargetRetired | SessionRetired):
        return "unknown"
    if isinstance(fact, TargetTorn | SessionTorn):
        return "bad"
    if is_refused(fact):
        return "refused"
    return "plain" if any(isinstance(fact, taken) for taken in HEARD.values()) else "unwanted"
