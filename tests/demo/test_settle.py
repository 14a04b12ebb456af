"""Who has not heard what, and how a reading asks for what was said."""

from deploy.demo.settle import at_least, unheard


def test_who_has_not_heard_what_is_named() -> None:
    said = {"labelling": {"log": {"00": 12, "01": 0}, "heard": {}}}
    listening = {"log": {}, "heard": {"labelling": {"positions": {"00": 11}}}}

    assert unheard({**said, "enrolment": listening}) == ["enrolment has heard labelling/00 up to 11 of 12"]
    listening["heard"]["labelling"]["positions"]["00"] = 12
    assert unheard({**said, "enrolment": listening}) == []


def test_positions_are_asked_for_as_a_reading_takes_them() -> None:
    assert (
        at_least({"labelling": {"01": 7, "00": 0}, "followup": {"15": 3}}) == "followup/15/3, labelling/01/7"
    )
