"""Who asks what: the client of the development identity provider whose rights an operation needs."""

from typing import Final

HOLDER: Final = "holder-01"
SIREN: Final = "000000018"

_BY_PATH: Final = (
    ("/v1/events", "service-indicators"),
    ("/v1/exchange", "operator"),
    ("/v1/holders", HOLDER),
    ("/v1/followups/{enrolment_id}/exclusion", HOLDER),
)
_BY_SERVICE: Final = {
    "labelling": "label-office",
    "enrolment": "france-travail",
    "followup": "france-travail",
    "indicators": "statistician",
}


def client_of(service: str, path: str) -> str:
    """The client that may call the operations of a path."""
    return next((client for start, client in _BY_PATH if path.startswith(start)), _BY_SERVICE[service])
