"""Writes the contracts: golden payloads, the schemas of events, the OpenAPI documents and the AsyncAPI document.

`make openapi`. A golden payload is never rewritten: whatever was published once must be readable for ever. A schema
is only rewritten when what was published under it can still be read, an OpenAPI document only when a client of the
former one is still served, or was told of the day from which it is not (`openapi/announced.yaml`).
"""

import importlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI

from shared.events.catalogue import BY_TYPE
from shared.platform.exchange import asyncapi
from shared.platform.topology import SPEAKERS
from tests.contracts import api_compatibility, compatibility, golden, problems
from tests.contracts.examples import envelope_of, example_of
from tests.security import bad_inputs, rights

HERE = Path(__file__).resolve().parent
SCHEMAS = HERE / "schemas"
OPENAPI = HERE / "openapi"
PROBLEMS = HERE.parents[1] / "docs" / "problems.md"
RIGHTS = PROBLEMS.with_name("rights.md")
BAD_INPUTS = PROBLEMS.with_name("bad-inputs.md")
ASYNCAPI = HERE / "asyncapi" / "tremplin.json"


def app_of(service: str) -> FastAPI:
    """The service's application, which is never started."""
    settings = importlib.import_module(f"services.{service}.settings").Settings(
        database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        worker_database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        issuer="http://issuer.test",
        jwks_url="http://issuer.test/jwks",
        log_level="ERROR",
    )
    app: FastAPI = importlib.import_module(f"services.{service}.main").create_app(settings)
    return app


def openapi_of(service: str) -> str:
    """The service's OpenAPI document, as kept in the repository."""
    return as_kept(app_of(service).openapi(), sort_keys=True)


def asyncapi_of_all() -> dict[str, Any]:
    """The AsyncAPI document of the exchange: what the catalogue, the topology and the four services say of it."""
    services = {
        name: asyncapi.Participant(
            purpose=(importlib.import_module(f"services.{name}").__doc__ or "").split("\n\n")[0],
            subscriptions=importlib.import_module(f"services.{name}.consumers").SUBSCRIPTIONS,
        )
        for name in SPEAKERS
    }
    examples: dict[str, list[dict[str, Any]]] = {}
    for envelope in golden.published(golden.GOLDEN).values():
        examples.setdefault(envelope["type"], []).append(envelope)
    return asyncapi.document(services, examples=examples)


def as_kept(content: dict[str, Any], *, sort_keys: bool = False) -> str:
    """JSON as it is laid out in the repository."""
    return json.dumps(content, indent=2, ensure_ascii=False, sort_keys=sort_keys) + "\n"


def kept_schemas(folder: Path) -> dict[str, compatibility.Schema]:
    """The schema of each event as it was published last, by type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def breaks(schemas: Path) -> list[str]:
    """What in today's events cannot read what was published under the schemas of a folder."""
    return [
        sentence
        for type_, before in kept_schemas(schemas).items()
        # An older version keeps its schema; the step to the next one is tried on its golden payloads.
        if type_ in BY_TYPE
        for sentence in compatibility.breaks(
            type_, before=before, after=compatibility.schema_of(BY_TYPE[type_])
        )
    ]


def api_breaks(openapi: Path) -> list[str]:
    """What in the APIs of today breaks a client of the documents of a folder, without a word before its day."""
    announced = yaml.safe_load((OPENAPI / "announced.yaml").read_text())
    return [
        f"{service}: {sentence}"
        for service in SPEAKERS
        for sentence in api_compatibility.unannounced(
            api_compatibility.breaks(
                json.loads((openapi / f"{service}.json").read_text()), json.loads(openapi_of(service))
            ),
            announced=announced.get(service, {}),
            today=datetime.now(UTC).date(),
        )
    ]


def write_events(schemas: Path) -> None:
    """Write the schema of each event, and a golden payload for what none shows yet."""
    for type_, event in BY_TYPE.items():
        (schemas / f"{type_}.json").write_text(as_kept(compatibility.schema_of(event)))
        path = golden.next_file(golden.GOLDEN, event)
        if path is not None:
            golden.add(envelope_of(example_of(event)), path)
    golden.enter(golden.GOLDEN)


def main(*, schemas: Path = SCHEMAS, openapi: Path = OPENAPI) -> int:
    """Write what is missing or has changed. Exit code 1 when a change of an event or of an API is not additive."""
    broken = [*breaks(schemas), *api_breaks(openapi)]
    if broken:
        sys.stderr.writelines(f"{sentence}\n" for sentence in broken)
        sys.stderr.write(
            "nothing was written: such a change of an event is a new version, of an API one that was announced\n"
        )
        return 1
    write_events(schemas)
    for service in SPEAKERS:
        (openapi / f"{service}.json").write_text(openapi_of(service))
    ASYNCAPI.write_text(as_kept(asyncapi_of_all()))
    PROBLEMS.write_text(problems.page())
    RIGHTS.write_text(rights.page())
    BAD_INPUTS.write_text(bad_inputs.page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
