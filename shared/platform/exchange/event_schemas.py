"""JSON Schemas of what travels on the broker: the CloudEvents envelope, the data of each event, the watermark."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.events.envelope import Fact
from shared.platform.topology import PARTITIONS, SPEAKERS

Schema = dict[str, Any]

PARTITION_NAMES = [f"{partition:02d}" for partition in range(PARTITIONS)]

_REF = "#/components/schemas/{model}"
_UUID: Schema = {"type": "string", "format": "uuid"}

CLOUD_EVENT: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0 in structured JSON, with the number that orders it in its speaker's log.",
    "required": [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "aggregateversion",
        "partitionkey", "epoch", "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _UUID | {"description": "Identifier of the event."},
        "source": {
            "type": "string",
            "pattern": f"^/({'|'.join(SPEAKERS)})/[0-9]{{2}}$",
            "description": "Speaker and partition; with `epoch` and `sequence` it is the event's place for ever.",
        },
        "type": {"type": "string", "description": "`<speaker>.<aggregate>.<verb>.vN`."},
        "subject": {"type": "string", "description": "Identifier of the aggregate."},
        "time": {"type": "string", "format": "date-time", "description": "When it was recorded."},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]{20}$",
            "description": "Number in the partition, without gaps from 1; with zeros, since it is compared as text.",
        },
        "aggregateversion": {
            "type": "integer",
            "minimum": 1,
            "description": "Version of the aggregate after the event; an older one than is held changes nothing.",
        },
        "partitionkey": {"type": "string", "enum": PARTITION_NAMES, "description": "Partition of the log."},
        "epoch": _UUID | {"description": "Incarnation of the log; another one means other numbers."},
        "previousid": _UUID | {"description": "Identifier of the event before it in the same partition."},
        "traceparent": {"type": "string", "description": "W3C trace context of the call that caused it."},
        "data": {"type": "object", "description": "The resulting state of the aggregate."},
    },
}  # fmt: skip
HEADERS: Schema = {
    "type": "object",
    "required": ["Nats-Msg-Id", "Content-Type"],
    "properties": {
        "Nats-Msg-Id": {
            "type": "string",
            "description": "Speaker, first twelve digits of the epoch, partition and number: the same at each attempt.",
        },
        "Content-Type": {"type": "string", "const": "application/cloudevents+json"},
    },
}
WATERMARK: Schema = {
    "type": "object",
    "required": ["epoch", "heads"],
    "properties": {
        "epoch": _UUID | {"description": "Incarnation of the log that these numbers belong to."},
        "heads": {
            "type": "object",
            "description": "Last number by partition.",
            "propertyNames": {"enum": PARTITION_NAMES},
            "additionalProperties": {"type": "integer", "minimum": 0},
        },
    },
}


class SameName(Exception):
    """Two classes would get one schema: names of facts and of their parts are unique in the house."""


def of_all(events: Iterable[type[Fact]]) -> dict[str, Schema]:
    """The named schemas of the exchange: envelope, headers, watermark, and the data of these events by class.

    Raises SameName.
    """
    models = {model for event in events for model in _with_parts(event)}
    by_name = {model.__name__: model for model in sorted(models, key=lambda model: model.__name__)}
    if len(by_name) < len(models):
        raise SameName(", ".join(sorted(f"{model.__module__}.{model.__name__}" for model in models)))
    _, generated = models_json_schema(
        [(model, "validation") for model in by_name.values()], ref_template=_REF
    )
    schemas: dict[str, Schema] = generated["$defs"]
    for name, model in by_name.items():
        for field, description in _descriptions(model).items():
            schemas[name]["properties"][field].setdefault("description", description)
    return {"CloudEvent": CLOUD_EVENT, "Headers": HEADERS, "Watermark": WATERMARK} | schemas


def _with_parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            yield from _with_parts(part)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The sentences written under the fields of a class and of those it inherits from.

    Read here and not at import: only this document wants them, and a service starts sooner without.
    """
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for pair in pairwise(body):
            match pair:
                case (
                    ast.AnnAssign(target=ast.Name(id=field)),
                    ast.Expr(value=ast.Constant(value=str(sentence))),
                ) if field in model.model_fields:
                    found[field] = inspect.cleandoc(sentence)
    return found
