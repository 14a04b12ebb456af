"""A holder's enrolments as one stream: those of the list, for the holder alone, without an identity."""

import json

from tests.enrolment.builders import Holder, completed, entry, learner, session
from tests.support.under_test import ServiceUnderTest

STRANGER = "000000026"


async def test_the_enrolments_are_those_of_the_list_without_identities(holder: Holder) -> None:
    await holder.put("sessions/S-2", session())
    for number in range(3):
        person = learner(reference=f"APP-{number}", birth_name=f"Quidamme{number}")
        values = {"learner": person, "session": "S-2" if number else "S-1"}
        await holder.put(f"enrolments/INS-{number}", entry(**values))
    await holder.put("enrolments/INS-2/end", completed())

    for query in ({}, {"session": "S-2"}, {"status": "completed"}):
        listed = (await holder.get("enrolments", **query)).json()["items"]
        answer = await holder.get("exports/enrolments", **query)
        *records, end = map(json.loads, answer.text.splitlines())
        assert records == listed
        assert end["end"]["count"] == len(listed) > 0
        assert "Quidamme" not in answer.text


async def test_nobody_else_is_given_them(holder: Holder, enrolment: ServiceUnderTest) -> None:
    await holder.enter()
    path = "/v1/holders/000000018/exports/enrolments"
    stranger = await enrolment.client("enrolment:read", org=STRANGER).get(path)
    other = await enrolment.client("enrolment:rosters", reporter="france-travail").get(path)
    assert (stranger.status_code, other.status_code) == (404, 403)
    assert (await enrolment.client().get(path)).status_code == 401
