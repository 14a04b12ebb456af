"""Files of a holder, as the tests of enrolment send them."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from services.enrolment import routes
from shared.platform.imports.runner import Runner
from tests.enrolment.builders import HOLDER, entry, learner
from tests.support import importing
from tests.support.importing import Item
from tests.support.under_test import ServiceUnderTest

ROOT = f"/v1/holders/{HOLDER}/imports"


def item(number: int, **values: Any) -> Item:
    return {"reference": f"INS-{number}"} | entry(learner=learner(reference=f"APP-{number}")) | values


def runner_of(enrolment: ServiceUnderTest) -> AbstractAsyncContextManager[Runner]:
    """A worker that works when it is told to."""
    return importing.runner_of(enrolment, routes.IMPORTS)


def sender_of(enrolment: ServiceUnderTest) -> httpx.AsyncClient:
    """The holder's client."""
    return enrolment.client("enrolment:write enrolment:read enrolment:backfill", org=HOLDER)
