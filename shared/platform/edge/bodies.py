"""The bytes of a JSON body: their media type, their number, and that there are any."""

import re
from typing import Final

from fastapi import Request

from shared.kernel.errors import Rule, Violation
from shared.platform.edge.problems import MISSING_BODY, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ProblemError
from shared.platform.edge.strict_json import without_bom

UNSUPPORTED_ENCODING = Rule(
    "unsupported_encoding",
    fr="Corps compressé : envoyez-le tel quel.",
    en="Compressed body: send it as it is.",
)
_JSON: Final = re.compile(
    r"\s*application/json\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?", re.ASCII | re.IGNORECASE
)


async def read_body(request: Request, *, limit: int) -> bytes:
    """The body, counted as it is received. Raises ProblemError 400 (none), 413 (over `limit`), 415 (not JSON in UTF-8).

    A media type that names another charset is believed and refused: parsers guess otherwise, each in its own way.
    """
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        expected = "application/json"
        raise ProblemError(415, UNSUPPORTED_MEDIA_TYPE, (Violation(UNSUPPORTED_MEDIA_TYPE, "", expected),))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(415, UNSUPPORTED_ENCODING)
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limit:
            raise ProblemError(413, TOO_LARGE, (Violation(TOO_LARGE, "", f"<= {limit} bytes"),))
    raw = without_bom(bytes(received))
    if not raw.strip():
        raise ProblemError(400, MISSING_BODY)
    return raw
