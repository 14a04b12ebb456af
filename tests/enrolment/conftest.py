"""A holder with a labelled training and a session."""

import pytest

from tests.enrolment.builders import Holder, label, session
from tests.support.under_test import ServiceUnderTest


@pytest.fixture
async def holder(enrolment: ServiceUnderTest) -> Holder:
    """The holder, whose training has a label and a session `S-1`."""
    await enrolment.hear(label())
    known = Holder(enrolment)
    answer = await known.put("sessions/S-1", session())
    assert answer.json()["verdict"] == "created", answer.text
    return known
