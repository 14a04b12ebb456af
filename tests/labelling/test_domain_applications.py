"""An application's life: what each state allows, when it can be submitted, what makes it inadmissible."""

from dataclasses import replace
from datetime import date

import pytest

from services.labelling.domain.applications import (
    TRANSITIONS,
    Act,
    Application,
    State,
    Submission,
    after,
    close,
    redeclare,
    submit,
    withdraw,
)
from services.labelling.domain.calls import Call, Intake, check_open_to_labels
from services.labelling.domain.trainings import Content
from services.labelling.repository.criteria_sets import CRITERIA_SETS
from shared.kernel.errors import Conflict, DomainError, Invalid
from tests.labelling.builders import CALL, HOLDER, a_content

OPENS, CLOSES = date(2015, 9, 14), date(2015, 10, 19)
DECIDED = date(2016, 2, 3)
THE_CALL = Call(CALL, "Appel", "gen", OPENS, "gen-2016@1", (Intake("releve-1", OPENS, CLOSES),))
CRITERIA = CRITERIA_SETS["gen-2016@1"]


def a_draft(content: Content | None = None) -> Application:
    return Application(HOLDER, "FORM-001", content or a_content())


def submitted(content: Content | None = None, *, on: date = CLOSES, intake: str = "releve-1") -> Application:
    return submit(a_draft(content), Submission("FORM-001", intake, on), call=THE_CALL, criteria=CRITERIA)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_the_table_of_transitions_is_all_there_is(state: State, act: Act) -> None:
    if (state, act) in TRANSITIONS:
        assert after(state, act) is TRANSITIONS[state, act]
        return
    with pytest.raises(Conflict) as refusal:
        after(state, act)
    (violation,) = refusal.value.violations
    assert violation.rule.code == "wrong_state"
    assert violation.expected


def test_what_was_decided_or_left_stays_so() -> None:
    left = {State.INADMISSIBLE, State.GRANTED, State.REFUSED, State.WITHDRAWN}

    assert not {state for state, _ in TRANSITIONS} & left


@pytest.mark.parametrize("on", [OPENS, CLOSES])
def test_the_first_and_the_last_day_of_an_intake_count(on: date) -> None:
    assert submitted(on=on).state is State.IN_REVIEW


@pytest.mark.parametrize(
    ("on", "intake", "code"),
    [
        (date(2015, 9, 13), "releve-1", "outside_intake"),
        (date(2015, 10, 20), "releve-1", "outside_intake"),
        (CLOSES, "releve-9", "intake_unknown"),
    ],
)
def test_a_submission_outside_its_intake_is_refused(on: date, intake: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        submitted(on=on, intake=intake)

    assert refusal.value.rule.code == code


@pytest.mark.parametrize("free", [False, None])
def test_an_unmet_or_unknown_eligibility_criterion_makes_it_inadmissible(*, free: bool | None) -> None:
    application = submitted(a_content(free_of_charge=free))

    assert application.state is State.INADMISSIBLE
    assert application.criteria_set == "gen-2016@1"


def test_a_submission_sent_again_changes_nothing_and_another_one_conflicts() -> None:
    first = submitted()
    again = Submission("FORM-001", "releve-1", CLOSES)

    assert submit(first, again, call=THE_CALL, criteria=CRITERIA) is first
    with pytest.raises(Conflict):
        submit(first, replace(again, submitted_on=OPENS), call=THE_CALL, criteria=CRITERIA)


def test_a_draft_changes_and_a_submitted_application_does_not() -> None:
    other = a_content(title="Autre titre")
    changed = redeclare(a_draft(), other)

    assert (changed.content, changed.version) == (other, 2)
    assert redeclare(submitted(), a_content()).version == 2
    with pytest.raises(Conflict) as refusal:
        redeclare(submitted(), other)
    assert refusal.value.rule.code == "content_frozen"


def test_an_open_application_can_be_taken_back_once() -> None:
    gone = withdraw(submitted(), withdrawn_on=date(2015, 12, 1))

    assert gone.state is State.WITHDRAWN
    assert withdraw(gone, withdrawn_on=date(2015, 12, 1)) is gone
    with pytest.raises(Conflict):
        withdraw(gone, withdrawn_on=date(2015, 12, 2))
    with pytest.raises(Invalid):
        withdraw(submitted(), withdrawn_on=date(2015, 10, 1))
    with pytest.raises(Conflict):
        close(gone, granted=True, decided_on=DECIDED)


def test_a_decision_follows_the_submission() -> None:
    assert close(submitted(), granted=True, decided_on=CLOSES).state is State.GRANTED
    assert close(submitted(), granted=False, decided_on=DECIDED).state is State.REFUSED
    with pytest.raises(Invalid):
        close(submitted(), granted=True, decided_on=OPENS)
    with pytest.raises(Conflict):
        close(a_draft(), granted=True, decided_on=DECIDED)


def test_a_call_closed_to_new_labels_grants_none_after_its_date() -> None:
    closed = replace(THE_CALL, closed_to_new_labels_on=date(2016, 2, 2))

    check_open_to_labels(closed, decided_on=date(2016, 2, 2))
    check_open_to_labels(THE_CALL, decided_on=DECIDED)
    with pytest.raises(DomainError) as refusal:
        check_open_to_labels(closed, decided_on=DECIDED)
    assert refusal.value.rule.code == "closed_to_new_labels"
