"""Structured logs: one JSON object a line, with the request's id and trace, without personal data."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from shared.platform.request_context import current_request_id, current_traceparent


def configure(*, service: str, level: str) -> None:
    """Send structlog and the libraries' logs to standard output as JSON."""

    def add_context(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
        if traceparent := current_traceparent():
            event["trace_id"] = traceparent[3:35]
        return event

    shared_steps: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        add_context,
    ]
    structlog.configure(
        processors=[*shared_steps, structlog.processors.JSONRenderer(serializer=_json)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_steps,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_exception_text,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)


def settle() -> None:
    """Loggers keep what they were told until now: for a process that is one service and stays it."""
    structlog.configure(cache_logger_on_first_use=True)


# Made once: `json.dumps` makes one for each line whenever it is told how to show what is not JSON.
_ENCODER = json.JSONEncoder(default=repr)


def _json(event: Any, **_: Any) -> str:
    return _ENCODER.encode(event)


def _without_exception_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's traceback can quote a value of a statement: its class is enough."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple) and error[0] is not None:
        event["error"] = error[0].__name__
    return event
