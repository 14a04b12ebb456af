"""Says what is wrong with an AsyncAPI 3.0 document, without a network: closed objects, references, schemas, examples.

`make check-asyncapi` asks the specification's own parser as well; it needs npm.
"""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import SchemaError

Node = dict[str, Any]

# The fields that the specification gives each object and that we use or could; `x-` is free.
_FIELDS = {
    "document": {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"},
    "info": {"title", "version", "description", "termsOfService", "license", "tags", "externalDocs"},
    "server": {
        "host", "protocol", "protocolVersion", "pathname", "description", "title", "summary", "variables", "security",
        "tags", "bindings",
    },
    "channel": {
        "address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "bindings",
    },
    "parameter": {"enum", "default", "description", "examples", "location"},
    "message": {
        "headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description", "tags",
        "bindings", "examples", "traits",
    },
    "operation": {
        "action", "channel", "messages", "title", "summary", "description", "security", "tags", "bindings", "traits",
        "reply",
    },
    "components": {"schemas", "parameters", "messages", "securitySchemes"},
    "security scheme": {"type", "description"},
}  # fmt: skip
_REQUIRED = {
    "document": {"asyncapi", "info"},
    "info": {"title", "version"},
    "server": {"host", "protocol"},
    "operation": {"action", "channel"},
    "security scheme": {"type"},
}
# Schemas of AsyncAPI are draft 07: these later words would pass unread.
_LATER_WORDS = {
    "$defs",
    "prefixItems",
    "unevaluatedProperties",
    "dependentRequired",
    "minContains",
    "$dynamicRef",
}


def faults(document: Node) -> list[str]:
    """Every fault of the first layer that has one, a sentence each; empty for a valid document."""
    for layer in (_dangling, _closed, _channels, _operations, _schemas, _examples):
        found = list(layer(document))
        if found:
            return found
    return []


def _dangling(document: Node) -> Iterator[str]:
    for pointer in sorted(set(_references(document))):
        if _resolved(document, pointer) is None:
            yield f"{pointer} leads nowhere"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _resolved(document: Node, pointer: str) -> Any:
    node: Any = document
    for part in pointer.removeprefix("#/").split("/"):
        node = node.get(part) if isinstance(node, dict) else None
    return node if pointer.startswith("#/") else None


def _closed(document: Node) -> Iterator[str]:
    for kind, place, node in _objects(document):
        unknown = {name for name in node if not name.startswith("x-")} - _FIELDS[kind]
        yield from (f"{place}: {name} is no field of a {kind}" for name in sorted(unknown))
        yield from (
            f"{place}: {name} is missing" for name in sorted(_REQUIRED.get(kind, set()) - node.keys())
        )
    if document.get("asyncapi") != "3.0.0":
        yield f"document: version {document.get('asyncapi')} instead of 3.0.0"


def _objects(document: Node) -> Iterator[tuple[str, str, Node]]:
    components = document.get("components", {})
    yield "document", "document", document
    yield "info", "info", document.get("info", {})
    yield "components", "components", components
    for kind, nodes in (
        ("server", document.get("servers", {})),
        ("channel", document.get("channels", {})),
        ("operation", document.get("operations", {})),
        ("parameter", components.get("parameters", {})),
        ("message", components.get("messages", {})),
        ("security scheme", components.get("securitySchemes", {})),
    ):
        yield from ((kind, f"{kind} {name}", node) for name, node in nodes.items())


def _channels(document: Node) -> Iterator[str]:
    addresses: dict[str, str] = {}
    for name, channel in document.get("channels", {}).items():
        address = channel.get("address", "")
        if set(re.findall(r"{([^}]*)}", address)) != set(channel.get("parameters", {})):
            yield f"channel {name}: the parameters are not those of {address}"
        if addresses.setdefault(address, name) != name:
            yield f"channel {name}: has the address of {addresses[address]}"
        if not channel.get("messages"):
            yield f"channel {name}: carries no message"


def _operations(document: Node) -> Iterator[str]:
    for name, operation in document.get("operations", {}).items():
        channel = operation.get("channel", {}).get("$ref", "")
        if operation.get("action") not in {"send", "receive"}:
            yield f"operation {name}: neither sends nor receives"
        if not channel.startswith("#/channels/"):
            yield f"operation {name}: is on no channel"
        for message in operation.get("messages", []):
            if not message["$ref"].startswith(f"{channel}/messages/"):
                yield f"operation {name}: its message is not one of its channel"


def _schemas(document: Node) -> Iterator[str]:
    named = document.get("components", {}).get("schemas", {})
    for place, schema in [
        *((f"schema {name}", schema) for name, schema in named.items()),
        *(
            (f"{part} of {name}", message[part])
            for name, message in document.get("components", {}).get("messages", {}).items()
            for part in ("payload", "headers")
            if part in message
        ),
    ]:
        try:
            Draft7Validator.check_schema(schema)
        except SchemaError as error:
            yield f"{place}: {error.message}"
        yield from (f"{place}: draft 07 has no {word}" for word in sorted(_words(schema) & _LATER_WORDS))


def _words(schema: Any) -> set[str]:
    """The keywords of a schema and of those within it; the names of properties are no keywords."""
    if isinstance(schema, list):
        return set().union(*map(_words, schema))
    if not isinstance(schema, dict):
        return set()
    inner = [
        item
        for word, value in schema.items()
        for item in (
            value.values()
            if word == "properties"
            else []
            if word in {"const", "enum", "default"}
            else [value]
        )
    ]
    return set(schema).union(*map(_words, inner))


def _examples(document: Node) -> Iterator[str]:
    for name, message in document.get("components", {}).get("messages", {}).items():
        # The references of the payload are read in the document, whose other fields a draft 07 $ref hides.
        whole = document | {"$ref": f"#/components/messages/{name}/payload"}
        validator = Draft7Validator(whole, format_checker=FormatChecker())
        if not message.get("examples"):
            yield f"message {name}: has no example"
        for example in message.get("examples", []):
            for error in validator.iter_errors(example["payload"]):
                yield f"message {name}: example {example['name']} at {error.json_path}: {error.message}"
