"""Every event type by name: what a reader of a log or of the broker may meet, and how it is read."""

from shared.events import enrolment, followup, labelling
from shared.events.envelope import Fact
from shared.events.upcasting import STEPS, Data, Upcasting

SPOKEN: dict[str, tuple[type[Fact], ...]] = {
    "labelling": labelling.EVENTS,
    "enrolment": enrolment.EVENTS,
    "followup": followup.EVENTS,
    "indicators": (),
}
BY_TYPE: dict[str, type[Fact]] = {event.TYPE: event for events in SPOKEN.values() for event in events}
"""The newest version of each fact: what is spoken. Older versions are read through `UPCASTING`."""

UPCASTING = Upcasting((event for events in SPOKEN.values() for event in events), steps=STEPS)


def read_fact(type_: str, data: str | Data) -> Fact:
    """The newest version of a fact that was published under `type_`.

    Raises UnknownType (a KeyError) on a type or a version that this code does not know,
    ValidationError on data of another shape.
    """
    return UPCASTING.read(type_, data)
