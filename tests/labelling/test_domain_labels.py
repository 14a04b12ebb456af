"""A label's dates: validity, suspensions, revocation, and the status they give at any date."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.labelling.domain.labels import (
    Change,
    ChangeKind,
    Label,
    Status,
    Suspension,
    change,
    grant,
    status_at,
)
from shared.kernel.errors import DomainError
from tests.labelling.builders import HOLDER

GRANTED = date(2016, 2, 3)
LAST_DAY = date(2019, 2, 2)


def a_label(**changes: object) -> Label:
    return replace(grant(holder=HOLDER, reference="FORM-001", decided_on=GRANTED, months=36), **changes)  # type: ignore[arg-type]  # each test names real fields


def act(kind: ChangeKind, on: date) -> Change:
    return Change("A", kind, on, "motif")


def test_a_label_holds_for_the_months_of_its_call_last_day_included() -> None:
    label = a_label()

    assert (label.valid_from, label.valid_until) == (GRANTED, LAST_DAY)
    assert grant(holder=HOLDER, reference="F", decided_on=date(2016, 1, 31), months=1).valid_until == date(
        2016, 2, 28
    )


@pytest.mark.parametrize(
    ("on", "status"),
    [
        (date(2016, 2, 2), Status.NOT_YET_VALID),
        (GRANTED, Status.ACTIVE),
        (date(2016, 8, 31), Status.ACTIVE),
        (date(2016, 9, 1), Status.SUSPENDED),
        (date(2016, 9, 30), Status.SUSPENDED),
        (date(2016, 10, 1), Status.ACTIVE),
        (date(2017, 1, 1), Status.SUSPENDED),
        (LAST_DAY, Status.SUSPENDED),
        (LAST_DAY + timedelta(1), Status.EXPIRED),
    ],
)
def test_the_status_follows_from_the_dates(on: date, status: Status) -> None:
    pauses = (Suspension(date(2016, 9, 1), date(2016, 9, 30)), Suspension(date(2017, 1, 1)))

    assert status_at(a_label(suspensions=pauses), on) is status


def test_a_revoked_label_stays_revoked_after_its_last_day() -> None:
    label = a_label(revoked_on=date(2017, 5, 1))

    assert status_at(label, date(2017, 4, 30)) is Status.ACTIVE
    assert status_at(label, date(2017, 5, 1)) is Status.REVOKED
    assert status_at(label, date(2020, 1, 1)) is Status.REVOKED


def test_a_reinstatement_ends_the_suspension_the_day_before() -> None:
    suspended = change(a_label(), act(ChangeKind.SUSPENDED, date(2016, 9, 1)))
    reinstated = change(suspended, act(ChangeKind.REINSTATED, date(2016, 10, 1)))

    assert reinstated.suspensions == (Suspension(date(2016, 9, 1), date(2016, 9, 30)),)
    assert reinstated.version == 3


@pytest.mark.parametrize(
    ("label", "kind", "on", "code"),
    [
        (a_label(), ChangeKind.REINSTATED, date(2016, 9, 1), "not_suspended"),
        (a_label(), ChangeKind.SUSPENDED, date(2016, 2, 2), "outside_validity"),
        (a_label(), ChangeKind.REVOKED, date(2019, 2, 3), "outside_validity"),
        (a_label(revoked_on=date(2017, 1, 1)), ChangeKind.SUSPENDED, date(2016, 9, 1), "label_revoked"),
        (
            a_label(suspensions=(Suspension(date(2016, 9, 1)),)),
            ChangeKind.SUSPENDED,
            date(2016, 10, 1),
            "already_suspended",
        ),
        (
            a_label(suspensions=(Suspension(date(2016, 9, 1)),)),
            ChangeKind.REINSTATED,
            date(2016, 9, 1),
            "change_out_of_order",
        ),
        (
            a_label(suspensions=(Suspension(date(2016, 9, 1), date(2016, 9, 30)),)),
            ChangeKind.REVOKED,
            date(2016, 9, 15),
            "change_out_of_order",
        ),
    ],
)
def test_an_act_against_the_labels_dates_is_refused(
    label: Label, kind: ChangeKind, on: date, code: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        change(label, act(kind, on))

    assert refusal.value.rule.code == code


@given(days=st.lists(st.integers(0, 1094), unique=True, max_size=6).map(sorted), probe=st.integers(-10, 1200))
def test_alternating_acts_give_alternating_statuses(days: list[int], probe: int) -> None:
    label = a_label()
    for place, day in enumerate(days):
        kind = ChangeKind.REINSTATED if place % 2 else ChangeKind.SUSPENDED
        label = change(label, act(kind, GRANTED + timedelta(day)))
    status = status_at(label, GRANTED + timedelta(probe))

    if probe < 0:
        assert status is Status.NOT_YET_VALID
    elif GRANTED + timedelta(probe) > LAST_DAY:
        assert status is Status.EXPIRED
    else:
        suspended = sum(day <= probe for day in days) % 2 == 1
        assert status is (Status.SUSPENDED if suspended else Status.ACTIVE)
