"""Every event type by name: what a reader of a log or of the broker may meet."""

from shared.events import enrolment, followup, labelling
from shared.events.envelope import Fact

SPOKEN: dict[str, tuple[type[Fact], ...]] = {
    "labelling": labelling.EVENTS,
    "enrolment": enrolment.EVENTS,
    "followup": followup.EVENTS,
    "indicators": (),
}
BY_TYPE: dict[str, type[Fact]] = {event.TYPE: event for events in SPOKEN.values() for event in events}
