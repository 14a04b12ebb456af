"""What followup can tell: a follow-up and why it stands so, a lot, one's own observations."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.followup.domain import precedence
from services.followup.domain.followups import Followup, SettledWave
from services.followup.domain.observations import Key, Observation, Source
from services.followup.domain.settlement import weigh
from services.followup.domain.waves import Wave, Why, is_firm, waves_of
from services.followup.repository.codes import codes_in_force
from services.followup.repository.followups import COLUMNS as FOLLOWUP_COLUMNS
from services.followup.repository.followups import followup_of
from services.followup.repository.lots import COUNTS
from services.followup.repository.observations import COLUMNS as OBSERVATION_COLUMNS
from services.followup.repository.observations import observation_of
from services.followup.schemas.followups import (
    ConsideredView,
    ExclusionView,
    FollowupView,
    RulesView,
    SettledView,
    WaveView,
)
from services.followup.schemas.lots import LotView, ObservationPage, ObservationView, PeriodView
from services.followup.tables import FOLLOWUP, LOT, OBSERVATION
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.caller import Caller
from shared.platform.edge.streams import Listing

_FOLLOWUP = text(f"SELECT {FOLLOWUP_COLUMNS} FROM followup WHERE enrolment_id = :id")  # noqa: S608 - our own columns
_OBSERVATIONS = text(
    f"SELECT {OBSERVATION_COLUMNS} FROM observation WHERE enrolment_id = :id"  # noqa: S608 - our own columns
    " ORDER BY reporter, reference"
)


_COMPLETE_TO = text("SELECT reporter, complete_to FROM complete_to(CAST(:reporters AS text[]))")


async def lot_of(reader: AsyncConnection, reference: str, *, reporter: str) -> LotView:
    """A reporter's own lot. Raises NotFound."""
    rows = await reader.execute(select(LOT).where(LOT.c.reporter == reporter, LOT.c.reference == reference))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return LotView(
        reference=row["reference"],
        period=PeriodView(from_=row["period_from"], to=row["period_to"]),
        population=row["population"],
        complete_to=row["complete_to"],
        produced_on=row["produced_on"],
        received_at=row["received_at"],
        sendings=row["sendings"],
        counts={name: row[name] for name in COUNTS},
    )


async def own_observations(
    reader: AsyncConnection, *, reporter: str, after: str | None, limit: int
) -> ObservationPage:
    """A reporter's own observations, by reference."""
    asked = observations_listed(reporter=reporter).question
    if after is not None:
        asked = asked.where(OBSERVATION.c.reference > after)
    rows = (await reader.execute(asked.limit(limit + 1))).mappings().all()
    items = [_observation_view(row) for row in rows[:limit]]
    return ObservationPage(items=items, next=items[-1].reference if len(rows) > limit else None)


def observations_listed(*, reporter: str) -> Listing:
    """All of a reporter's own observations, by reference."""
    followed = func.coalesce(FOLLOWUP.c.status.in_(["open", "excluded"]), False)
    asked = (
        select(OBSERVATION, and_(OBSERVATION.c.kind != "retraction", ~followed).label("waiting"))
        .outerjoin(FOLLOWUP, FOLLOWUP.c.enrolment_id == OBSERVATION.c.enrolment_id)
        .where(OBSERVATION.c.reporter == reporter)
        .order_by(OBSERVATION.c.reference)
    )
    return Listing(asked, ObservationView, _observation_view)


def _observation_view(row: RowMapping) -> ObservationView:
    return ObservationView(**row, enrolment=row["enrolment_id"])


async def followup_for(reader: AsyncConnection, enrolment_id: UUID, *, caller: Caller) -> FollowupView:
    """A follow-up, for a reporter or the holder of the enrolment. Raises NotFound."""
    row = (await reader.execute(_FOLLOWUP, {"id": enrolment_id})).one_or_none()
    followup = followup_of(row) if row is not None else None
    if followup is None or not _may_see(followup, caller):
        raise NotFound(UNKNOWN)
    rows = await reader.execute(_OBSERVATIONS, {"id": enrolment_id})
    observations = [observation_of(one) for one in rows]
    complete = await _complete_to(reader, {one.reporter for one in observations})
    return _view(followup, observations, complete=complete, caller=caller)


def _may_see(followup: Followup, caller: Caller) -> bool:
    if followup.exit is None:
        return False
    return caller.reporter is not None or caller.acts_for(followup.exit.holder)


async def _complete_to(reader: AsyncConnection, reporters: set[str]) -> dict[str, date]:
    """Up to which day each reporter says it knows everything."""
    rows = await reader.execute(_COMPLETE_TO, {"reporters": sorted(reporters)})
    return {row.reporter: row.complete_to for row in rows}


def _view(
    followup: Followup, observations: Sequence[Observation], *, complete: Mapping[str, date], caller: Caller
) -> FollowupView:
    codes, left = codes_in_force(), followup.exit
    assert left is not None  # noqa: S101 - only an exit can be seen
    weighing = weigh(followup, observations, outcomes=codes.outcomes)
    settled = {one.wave: one for one in weighing.settled}
    waves = []
    for place, wave in enumerate(waves_of(left.exit_on)):
        reasons = {key: whys[place] for key, whys in weighing.whys.items()}
        winner = next((one for one in observations if reasons[one.key] is Why.COUNTED), None)
        firm = winner is None or is_firm(winner, wave, complete_to=complete.get(winner.reporter))
        found = settled.get(wave.number)
        waves.append(
            _wave_view(
                wave,
                settled=_settled_view(found, firm=firm) if found else None,
                considered=[_considered(one, reasons, caller=caller) for one in observations],
            )
        )
    return FollowupView(
        enrolment_id=followup.enrolment_id,
        training_id=left.training_id,
        status=followup.status.value,
        exit_on=left.exit_on,
        exit_kind=left.exit_kind,
        version=followup.version,
        exclusion=_exclusion_view(followup, caller=caller),
        waves=waves,
        rules=RulesView(
            mapping=codes.outcomes.version, natures=codes.natures.version, precedence=precedence.VERSION
        ),
    )


def _exclusion_view(followup: Followup, *, caller: Caller) -> ExclusionView | None:
    exclusion = followup.exclusion
    if exclusion is None:
        return None
    proof = exclusion.proof if caller.reporter is None else None
    return ExclusionView(code=exclusion.code.value, established_on=exclusion.established_on, proof=proof)


def _wave_view(wave: Wave, *, settled: SettledView | None, considered: list[ConsideredView]) -> WaveView:
    return WaveView(
        wave=wave.number,
        due_on=wave.due_on,
        window_from=wave.window_from,
        window_to=wave.window_to,
        cut_off_on=wave.cut_off_on,
        settled=settled,
        considered=considered,
    )


def _settled_view(settled: SettledWave, *, firm: bool) -> SettledView:
    return SettledView(
        situation=settled.situation.value,
        outcome=settled.outcome,
        job_class=settled.job_class.value if settled.job_class else None,
        durable=settled.durable,
        source=settled.source.value,
        reference_on=settled.reference_on,
        collected_on=settled.collected_on,
        firm=firm,
    )


def _considered(observation: Observation, reasons: Mapping[Key, Why], *, caller: Caller) -> ConsideredView:
    why = reasons[observation.key]
    own = observation.reporter == caller.reporter or caller.acts_for(observation.reporter)
    source: Source = observation.source
    return ConsideredView(
        source=source.value,
        kind=observation.kind.value,
        counted=why is Why.COUNTED,
        why=why.value,
        reference=observation.reference if own else None,
    )
