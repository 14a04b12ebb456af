"""Work beside the doors: hearing enrolment again, when what was heard of it went wrong or came to nothing."""

from uuid import UUID

from services.followup.use_cases.exits import close_not_heard, forget_some
from shared.platform.database import Database

_FIRST = UUID(int=0)


async def forget_enrolments(database: Database) -> None:
    """Forget which version of each enrolment was heard; what is held of it stays until it is heard again."""
    last: UUID | None = _FIRST
    while last is not None:
        async with database.transaction() as tx:
            last = await forget_some(tx, after=last)


async def close_unheard_enrolments(database: Database) -> None:
    """Close the follow-ups of enrolments that were not heard again, and tell the others."""
    left = True
    while left:
        async with database.transaction() as tx:
            left = await close_not_heard(tx)
