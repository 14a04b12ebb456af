"""A learner leaves the figures for a closed reason, declared by the holder with a proof."""

from datetime import date
from uuid import UUID

from services.followup.domain.followups import Exclusion, Followup, Status
from services.followup.domain.refusals import EXIT_WITHDRAWN
from services.followup.repository.followups import lock_followups, save_followups
from services.followup.repository.observations import observations_of
from services.followup.tables import EXCHANGE
from services.followup.use_cases.settling import resettle, save_and_speak
from shared.kernel.dates import check_effective, is_old
from shared.kernel.errors import UNKNOWN, Conflict, NotFound
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction

BACKFILL = "followup:backfill"


async def exclude_learner(
    tx: Transaction, enrolment_id: UUID, *, exclusion: Exclusion, caller: Caller, today: date
) -> Followup:
    """Exclude a learner of an organisation that the caller acts for. Raises NotFound, Conflict, Invalid, Forbidden."""
    followup = (await lock_followups(tx, [enrolment_id])).get(enrolment_id)
    if followup is None or followup.exit is None or not caller.acts_for(followup.exit.holder):
        raise NotFound(UNKNOWN)
    if followup.status is Status.CLOSED:
        raise Conflict(EXIT_WITHDRAWN)
    check_effective(
        exclusion.established_on, today=today, may_backfill=caller.may(BACKFILL), pointer="/established_on"
    )
    if followup.exclusion == exclusion:
        return followup
    after = followup._replace(status=Status.EXCLUDED, exclusion=exclusion)
    await save_followups(tx, [after])
    observations = await observations_of(tx, [enrolment_id])
    await save_and_speak(tx, [resettle(followup, observations.get(enrolment_id, []), after=after)])
    if is_old(exclusion.established_on, today=today):
        await journal.record(tx, EXCHANGE.journal, caller=caller, action="backfill", exclusions=1)
    return after
