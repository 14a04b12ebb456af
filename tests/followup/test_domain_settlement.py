"""Which situation stands at each anniversary, by examples and by laws."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.followup.domain.followups import Exclusion, ExclusionCode, Followup, SettledWave, Status
from services.followup.domain.observations import Kind, Observation, Source
from services.followup.domain.settlement import Change, change_between, settle, weigh
from services.followup.domain.waves import Why
from tests.followup.cases import CODES, HOLDER, SIX, THREE, day, followed, observed, snapshot, spell

Words = dict[str, Any]
DOCUMENT: Words = {"source": Source.DOCUMENT, "reporter": "a-desk"}
LEARNER: Words = {"source": Source.LEARNER, "reporter": "the-learner"}
BY_HOLDER: Words = {"source": Source.HOLDER, "reporter": HOLDER}


def at_three(*observations: Observation) -> tuple[str, str] | None:
    settled = {one.wave: one for one in settle(followed(), observations, outcomes=CODES.outcomes)}
    return (settled[3].outcome, settled[3].source.value) if 3 in settled else None


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        ([], None),
        ([spell()], ("permanent", "administrative")),
        ([observed("R", kind=Kind.SEARCHED_NOT_FOUND, observed_on=THREE)], None),
        ([snapshot(code="unknown")], None),
        ([snapshot()], ("job_search", "administrative")),
        # Each source before the next.
        ([spell("A"), spell("B", **DOCUMENT)], ("permanent", "administrative")),
        ([snapshot(**LEARNER), spell("B", **DOCUMENT)], ("permanent", "document")),
        ([snapshot(**LEARNER), spell("B", **BY_HOLDER)], ("job_search", "learner")),
        # An administration that sees no job never beats a declared one, but beats those that declare none.
        ([snapshot(), spell("B", **BY_HOLDER)], ("permanent", "holder")),
        ([snapshot(code="inactive"), snapshot(code="own_business", **LEARNER)], ("own_business", "learner")),
        ([snapshot(), snapshot(code="inactive", **LEARNER)], ("job_search", "administrative")),
        (
            [
                observed("R", kind=Kind.SEARCHED_NOT_FOUND, observed_on=THREE),
                snapshot(code="temp_agency", **LEARNER),
            ],
            ("temp_agency", "learner"),
        ),
        # A job or a training that an administration sees does.
        ([spell(), snapshot(code="inactive", **LEARNER)], ("permanent", "administrative")),
        ([snapshot(code="further_training"), spell("B", **LEARNER)], ("further_training", "administrative")),
        # Three at odds: the administration stands aside, then the learner comes before the holder.
        (
            [snapshot(), snapshot(code="inactive", **LEARNER), spell("B", **BY_HOLDER)],
            ("inactive", "learner"),
        ),
    ],
)
def test_sources_prevail_in_order(
    observations: Sequence[Observation], expected: tuple[str, str] | None
) -> None:
    assert at_three(*observations) == expected


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (
            snapshot(code="inactive", observed_on=day("2016-06-17")),
            snapshot("L", observed_on=day("2016-06-12")),
        ),
        (spell(outcome="fixed_lt6", durable=False), snapshot("L", observed_on=day("2016-06-16"))),
        (spell(), spell("L", outcome="fixed_lt6", durable=False)),
        (spell(), spell("L", outcome="own_business", ends_on=day("2016-12-31"))),
        (
            spell(outcome="temp_agency", durable=False, ends_on=day("2016-08-31")),
            spell("L", outcome="fixed_lt6", durable=False, ends_on=day("2016-07-31")),
        ),
        (spell(outcome="own_business", collected_on=day("2016-07-20")), spell("L")),
        (spell(outcome="own_business", recorded_at=datetime(2016, 7, 1, tzinfo=UTC)), spell("L")),
    ],
    ids=[
        "nearest",
        "the day itself",
        "durable",
        "open-ended",
        "longest",
        "latest collected",
        "latest recorded",
    ],
)
def test_ties_go_to_the_nearest_then_longest_then_latest(winner: Observation, loser: Observation) -> None:
    assert at_three(loser, winner) == at_three(winner, loser) == (winner.outcome, "administrative")


def test_each_observation_says_why_it_counts_or_not() -> None:
    held = [
        spell("A", ends_on=day("2016-07-01")),
        snapshot("B"),
        snapshot("C", code="inactive", observed_on=SIX),
        observed("D", kind=Kind.SEARCHED_NOT_FOUND, observed_on=THREE),
    ]

    whys = weigh(followed(), held, outcomes=CODES.outcomes).whys

    assert {reference: reasons for (_, reference), reasons in whys.items()} == {
        "A": (Why.COUNTED, Why.ENDED_BEFORE),
        "B": (Why.OUTRANKED, Why.OUTSIDE_WINDOW),
        "C": (Why.OUTSIDE_WINDOW, Why.COUNTED),
        "D": (Why.NOT_AN_ANSWER, Why.NOT_AN_ANSWER),
    }


@pytest.mark.parametrize("status", [Status.WAITING, Status.CLOSED])
def test_without_an_exit_all_wait(status: Status) -> None:
    weighed = weigh(followed()._replace(status=status), [spell()], outcomes=CODES.outcomes)

    assert weighed.settled == ()
    assert set(weighed.whys.values()) == {(Why.WAITING_FOR_EXIT, Why.WAITING_FOR_EXIT)}


def test_an_excluded_learner_counts_apart_in_both_waves() -> None:
    exclusion = Exclusion(ExclusionCode.LONG_ILLNESS, day("2016-05-01"), "P-1")
    excluded = followed()._replace(status=Status.EXCLUDED, exclusion=exclusion)

    weighed = weigh(excluded, [spell()], outcomes=CODES.outcomes)

    assert [(one.wave, one.situation, one.outcome) for one in weighed.settled] == [
        (3, "excluded", "long_illness"),
        (6, "excluded", "long_illness"),
    ]
    assert set(weighed.whys.values()) == {(Why.EXCLUDED, Why.EXCLUDED)}


def test_another_holder_is_not_heard() -> None:
    stranger = spell("S", source=Source.HOLDER, reporter="000000026")

    weighed = weigh(followed(), [stranger, snapshot()], outcomes=CODES.outcomes)

    assert [one.outcome for one in weighed.settled] == ["job_search"]
    assert weighed.whys[stranger.key] == (Why.WAITING_FOR_EXIT, Why.WAITING_FOR_EXIT)


def waves(*observations: Observation) -> tuple[SettledWave, ...]:
    return settle(followed(), observations, outcomes=CODES.outcomes)


BOTH = waves(spell())
FIRST = waves(spell(ends_on=day("2016-07-01")))
SECOND = waves(snapshot(observed_on=SIX))


@pytest.mark.parametrize(
    ("held", "now", "change"),
    [
        ((), (), None),
        (BOTH, BOTH, None),
        ((), FIRST, Change.SETTLED),
        (FIRST, BOTH, Change.SETTLED),
        (BOTH, FIRST, Change.WITHDRAWN),
        (BOTH, (), Change.WITHDRAWN),
        (FIRST, SECOND, Change.SETTLED),
        (BOTH, SECOND, Change.SETTLED),
    ],
)
def test_a_wave_gained_or_changed_is_told_before_one_lost(
    held: tuple[SettledWave, ...], now: tuple[SettledWave, ...], change: Change | None
) -> None:
    before = followed()._replace(settled=held)

    assert change_between(before, before, settled=now) is change


def test_a_corrected_exit_is_told_with_the_situations_that_stand() -> None:
    before = followed()._replace(settled=BOTH)

    assert change_between(before, followed(day("2016-03-16")), settled=BOTH) is Change.SETTLED
    assert change_between(followed(), followed(day("2016-03-16")), settled=()) is None


_days = st.dates(date(2016, 1, 1), date(2017, 1, 31))
_sources = st.sampled_from(
    [
        (Source.ADMINISTRATIVE, "ft"),
        (Source.DOCUMENT, "desk"),
        (Source.LEARNER, "learner"),
        (Source.HOLDER, HOLDER),
    ]
)


@st.composite
def _observations(draw: st.DrawFn) -> Observation:
    source, reporter = draw(_sources)
    collected_on = draw(_days)
    common: Words = {
        "source": source,
        "reporter": reporter,
        "collected_on": collected_on,
        "first_collected_on": collected_on,
        "recorded_at": datetime(2017, 1, 1, tzinfo=UTC) + timedelta(days=draw(st.integers(0, 3))),
    }
    reference = f"R{draw(st.integers(0, 10**6))}"
    kind = draw(st.sampled_from(Kind))
    if kind in {Kind.SEARCHED_NOT_FOUND, Kind.RETRACTION}:
        return observed(reference, kind=kind, observed_on=draw(_days), **common)
    code = draw(st.sampled_from(sorted(CODES.outcomes.by_code)))
    if kind is Kind.SITUATION:
        return snapshot(reference, code=code, observed_on=draw(_days), **common)
    starts_on = draw(_days)
    ends_on = draw(st.none() | _days.filter(lambda end: end >= starts_on))
    return spell(reference, starts_on=starts_on, ends_on=ends_on, outcome=code, **common)


_many = st.lists(_observations(), max_size=6, unique_by=lambda one: one.key)


@given(_many, st.randoms(use_true_random=False))
def test_the_order_of_observations_never_matters(held: list[Observation], random: object) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random

    assert waves(*shuffled) == waves(*held)


@given(_many, st.data())
def test_duplicates_never_matter(held: list[Observation], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(held), max_size=3)) if held else []

    assert waves(*held, *again) == waves(*held)


@given(_many, _observations())
def test_what_was_retracted_was_never_sent(held: list[Observation], wrong: Observation) -> None:
    retracted = observed(wrong.reference, kind=Kind.RETRACTION, reporter=wrong.reporter, source=wrong.source)

    assert waves(*held, retracted) == waves(*held)


@given(_many)
def test_what_counts_is_exactly_what_is_settled(held: list[Observation]) -> None:
    weighed = weigh(followed(), held, outcomes=CODES.outcomes)

    for place, wave in enumerate((3, 6)):
        counted = [key for key, whys in weighed.whys.items() if whys[place] is Why.COUNTED]
        assert len(counted) == sum(one.wave == wave for one in weighed.settled)
    assert set(weighed.whys) == {one.key for one in held}


@given(_many)
def test_an_administration_without_a_job_never_beats_a_declared_one(held: list[Observation]) -> None:
    negative = {
        code for code, one in CODES.outcomes.by_code.items() if one.situation is not None and not one.positive
    }
    weighed = weigh(followed(), held, outcomes=CODES.outcomes)

    for place, settled in ((0 if one.wave == 3 else 1, one) for one in weighed.settled):
        if settled.source is Source.ADMINISTRATIVE and settled.outcome in negative:
            rivals = [one for one in held if weighed.whys[one.key][place] is Why.OUTRANKED]
            assert not any(
                one.source is not Source.ADMINISTRATIVE and CODES.outcomes.by_code[one.outcome or ""].employed
                for one in rivals
            )


def test_a_followup_without_anything_is_settled_by_nothing() -> None:
    assert settle(Followup(followed().enrolment_id, Status.WAITING), [], outcomes=CODES.outcomes) == ()
