"""Whose rows a transaction may see and write: said to the database at its beginning, held by its policies."""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform.caller import Caller

# For the transaction alone: the next one on this connection sees nothing until it says who it is for.
_SAY: Final = text("""
SELECT set_config('tremplin.reach', :reach, true), set_config('tremplin.tenants', :tenants, true),
    set_config('tremplin.reporter', :reporter, true), set_config('tremplin.client', :client, true)
""")


@dataclass(frozen=True)
class Sight:
    """What the policies of the tables go by; without any of it only what is public can be seen.

    `reach` is `all` for the scheme's own clients, which belong to no organisation, and `reporter` for reporters.
    """

    reach: Literal["", "reporter", "all"] = ""
    tenants: frozenset[str] = frozenset()
    """Organisations, by SIREN."""
    reporter: str = ""
    client: str = ""

    @classmethod
    def of(cls, caller: Caller) -> "Sight":
        """That of a caller: its organisation and those it has a mandate of, or the reporter it is."""
        tenants = caller.mandates | {caller.org} if caller.org is not None else frozenset()
        if caller.reporter is not None:
            return cls("reporter", tenants, reporter=caller.reporter, client=caller.client_id)
        return cls("all" if caller.org is None else "", tenants, client=caller.client_id)

    async def say(self, connection: AsyncConnection) -> None:
        """Tell the database, as the first statement of a transaction."""
        await connection.execute(
            _SAY,
            {
                "reach": self.reach,
                "tenants": ",".join(sorted(self.tenants)),
                "reporter": self.reporter,
                "client": self.client,
            },
        )


PUBLIC: Final = Sight()
"""Of a call that says nothing of who makes it."""
