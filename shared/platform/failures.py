"""Tells failures apart: what passes by itself, what the data at hand is to blame for, what the machine is."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_STATES_OF_DATA = ("22", "23")


def blames_event(error: Exception) -> bool:
    """Whether an error says something about the data at hand, and not about the machine or the deploy.

    Of the database only data exceptions and constraint violations do; of the code anything else does.
    """
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        # What the driver itself cannot encode has no code of the server.
        return "DataError" in str(error.orig) if state is None else str(state).startswith(_STATES_OF_DATA)
    return not is_transient(error)


_TRANSIENT_STATES = ("40001", "40P01", "55P03", "57014", "57P0", "08", "53")


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may succeed later: deadlock, lock timeout, restart, lost connection."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
        return error.connection_invalidated or (
            isinstance(state, str) and state.startswith(_TRANSIENT_STATES)
        )
    return isinstance(error, (PoolTimeout, TimeoutError, OSError))
