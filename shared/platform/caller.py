"""Who calls: a client of the issuer, with its organisation and its rights."""

from dataclasses import dataclass

from shared.kernel.errors import UNKNOWN, NotFound


@dataclass(frozen=True)
class Caller:
    """Who calls: the client, the organisation it belongs to (holders), the reporter it is (reporters), its rights."""

    client_id: str
    scopes: frozenset[str]
    org: str | None = None
    reporter: str | None = None
    mandates: frozenset[str] = frozenset()
    """Other organisations it acts for, by SIREN, while their mandates run."""

    def may(self, scope: str) -> bool:
        """Whether the token carries a scope."""
        return scope in self.scopes

    def acts_for(self, siren: str) -> bool:
        """Whether it is this organisation, or has its mandate."""
        return siren == self.org or siren in self.mandates

    def must_be_holder(self, siren: str) -> None:
        """Refuse whoever does not act for this organisation, exactly as if it did not exist. Raises NotFound."""
        if not self.acts_for(siren):
            raise NotFound(UNKNOWN)
