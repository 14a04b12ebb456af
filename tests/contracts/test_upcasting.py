"""What was published in an older version is read as the newest, whatever the number of steps between them."""

from copy import deepcopy
from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared.events.catalogue import BY_TYPE, UPCASTING, read_fact
from shared.events.envelope import Fact
from shared.events.upcasting import BrokenChain, Data, Step, UnknownType, Upcasting
from tests.contracts.golden import GOLDEN, published


class TicketOpened(Fact):
    """A toy fact that has changed twice."""

    TYPE: ClassVar[str] = "toy.ticket.opened.v3"

    ticket: str
    hours: int
    minutes: int


class TicketClosed(Fact):
    """A toy fact that never changed."""

    TYPE: ClassVar[str] = "toy.ticket.closed.v1"

    ticket: str


def name_the_ticket(data: Data) -> Data:
    return {key: value for key, value in data.items() if key != "id"} | {"ticket": data["id"]}


def split_the_duration(data: Data) -> Data:
    hours, minutes = divmod(data["duration"], 60)
    return data | {"hours": hours, "minutes": minutes}


STEPS: dict[str, Step] = {
    "toy.ticket.opened.v1": name_the_ticket,
    "toy.ticket.opened.v2": split_the_duration,
}
TOY = Upcasting((TicketOpened, TicketClosed), steps=STEPS)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("toy.ticket.opened.v1", {"version": 1, "id": "T1", "duration": 90}),
        ("toy.ticket.opened.v2", {"version": 1, "ticket": "T1", "duration": 90}),
        ("toy.ticket.opened.v3", {"version": 1, "ticket": "T1", "hours": 1, "minutes": 30}),
    ],
)
def test_every_version_is_read_as_the_newest_from_text_and_from_values(type_: str, data: Data) -> None:
    expected = TicketOpened(version=1, ticket="T1", hours=1, minutes=30)
    as_text = str(data).replace("'", '"')

    newest, upcast = TOY.current(type_, data)

    assert newest == "toy.ticket.opened.v3"
    assert TicketOpened.model_validate(upcast) == expected
    assert TOY.read(type_, data) == expected
    assert TOY.read(type_, as_text) == expected


def test_the_newest_version_goes_through_no_step() -> None:
    data: Data = {"version": 1, "ticket": "T1"}
    assert TOY.current("toy.ticket.closed.v1", data)[1] is data


@pytest.mark.parametrize(
    "type_", ["toy.ticket.opened.v4", "toy.ticket.lost.v1", "toy.ticket.opened", "toy.ticket.opened.v0", ""]
)
def test_an_unknown_type_or_a_version_to_come_is_a_key_error(type_: str) -> None:
    with pytest.raises(UnknownType) as refused:
        TOY.read(type_, "{}")
    assert isinstance(refused.value, KeyError)
    with pytest.raises(UnknownType):
        TOY.current(type_, {})
    with pytest.raises(KeyError):
        read_fact(type_, "{}")


@pytest.mark.parametrize(
    "text", ["", "{", "3", "null", "[]", "{}", '{"version": 1, "id": "T1"}', '{"id": 3}']
)
def test_older_data_of_another_shape_is_a_validation_error_without_its_value(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TOY.read("toy.ticket.opened.v1", text)
    assert "T1" not in str(refused.value)


def test_a_step_that_trips_over_its_data_is_no_unknown_type() -> None:
    with pytest.raises(ValidationError) as refused:
        TOY.read("toy.ticket.opened.v1", '{"version": 1}')
    assert isinstance(refused.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("facts", "steps", "fault"),
    [
        ((TicketOpened,), ["toy.ticket.opened.v2"], "toy.ticket.opened.v1 has no step to the next version"),
        ((TicketOpened,), ["toy.ticket.opened.v1"], "toy.ticket.opened.v2 has no step to the next version"),
        ((TicketOpened, TicketOpened), list(STEPS), "toy.ticket.opened is listed twice"),
        ((TicketClosed,), ["toy.ticket.closed.v1"], "the step from toy.ticket.closed.v1 leads to no fact"),
        ((TicketClosed,), ["toy.ticket.lost.v1"], "the step from toy.ticket.lost.v1 leads to no fact"),
        ((Fact,), [], "'' is not <speaker>.<aggregate>.<verb>.vN"),
    ],
)
def test_a_chain_with_a_gap_is_refused_before_anything_is_read(
    facts: tuple[type[Fact], ...], steps: list[str], fault: str
) -> None:
    with pytest.raises(BrokenChain, match=fault):
        Upcasting(facts, steps=dict.fromkeys(steps, name_the_ticket))


def impure(upcasting: Upcasting, *, type_: str, data: Data) -> bool:
    """Whether reading twice changes what was given or what comes out."""
    given = deepcopy(data)
    first = deepcopy(upcasting.current(type_, data)[1])
    return data != given or upcasting.current(type_, data)[1] != first


@pytest.mark.parametrize("path", published(GOLDEN), ids=lambda path: path.stem)
def test_the_steps_of_the_house_leave_what_they_were_given(path: object) -> None:
    envelope = published(GOLDEN)[path]  # type: ignore[index]
    assert not impure(UPCASTING, type_=envelope["type"], data=envelope["data"])


def test_a_step_that_changes_what_it_was_given_is_seen() -> None:
    def split_in_place(data: Data) -> Data:
        data["minutes"] = data.pop("duration", 0)
        return data | {"hours": 0}

    upcasting = Upcasting((TicketOpened,), steps=STEPS | {"toy.ticket.opened.v2": split_in_place})
    old = {"version": 1, "ticket": "T1", "duration": 90}

    assert impure(upcasting, type_="toy.ticket.opened.v2", data=dict(old))
    assert not impure(TOY, type_="toy.ticket.opened.v2", data=dict(old))


def test_the_house_reads_every_type_it_speaks() -> None:
    assert set(BY_TYPE) <= UPCASTING.types
