"""Rules of the environment: variables documented, settings real, default secrets marked and guarded."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from deploy.check import stack
from deploy.compose import broker
from shared.platform.settings import DEVELOPMENT_MARK, ServiceSettings
from shared.platform.topology import SPEAKERS, rights

EXAMPLE = "deploy/compose/compose.env.example"
GUARD = "secrets-guard"
SECRET_WORDS = ("PASSWORD", "SECRET")
FIXED = {"service"}
"""Settings that are no setting: the name of the service."""


def _used(root: Path) -> Iterator[tuple[str, str | None]]:
    for path in stack.compose_files(root):
        lines = (
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if not line.lstrip().startswith("#")
        )
        yield from stack.variables("\n".join(lines))


def documented(root: Path) -> list[str]:
    """The example names every variable of compose with its true default, and no other."""
    written = stack.assignments(root / EXAMPLE)
    used: dict[str, set[str | None]] = {}
    for name, default in _used(root):
        used.setdefault(name, set()).add(default)
    faults = [f"{name}: not in {EXAMPLE}" for name in used if name not in written]
    faults += [f"{name}: in {EXAMPLE}, used nowhere" for name in written if name not in used]
    for name, defaults in used.items():
        if len(defaults) > 1:
            faults.append(f"{name}: has several defaults")
        elif name in written and {written[name]} != defaults:
            faults.append(f"{name}: {EXAMPLE} does not show its default")
    return faults


def marked(root: Path) -> list[str]:
    """The default of a secret starts with the mark that production refuses."""
    return [
        f"{name}: its default is not marked {DEVELOPMENT_MARK}"
        for name, default in sorted(set(_used(root)), key=str)
        if any(word in name for word in SECRET_WORDS) and not (default or "").startswith(DEVELOPMENT_MARK)
    ]


def guarded(root: Path) -> list[str]:
    """The guard sees every default that is a development secret, and everyone waits for the guard."""
    guard = stack.part(root, GUARD)
    if guard is None:
        return [f"{GUARD} is missing"]
    seen = {name for value in guard.definition["environment"].values() for name, _ in stack.variables(value)}
    secrets = {name for name, default in _used(root) if (default or "").startswith(DEVELOPMENT_MARK)}
    faults = [f"{name}: {GUARD} does not see it" for name in sorted(secrets - seen)]
    before = {part.name: set(part.definition.get("depends_on", {})) for part in stack.parts(root)}
    return faults + [
        f"{name}: starts without waiting for {GUARD}" for name in before if not _waits(name, before=before)
    ]


def _waits(name: str, *, before: dict[str, set[str]]) -> bool:
    return name == GUARD or any(_waits(other, before=before) for other in before.get(name, ()))


def settings_named(root: Path) -> list[str]:
    """An example names the service's settings, all and no other; compose gives those without a default."""
    faults = []
    for service in SPEAKERS:
        path = root / "deploy" / "env" / f"{service}.env.example"
        if not path.exists():
            faults.append(f"{path.name} is missing")
            continue
        settings = _settings_class(service)
        if settings is None:
            faults.append(f"services.{service}.settings cannot be imported")
            continue
        faults += _name_faults(service, settings=settings, written=set(stack.assignments(path)))
        faults += _compose_faults(root, service, settings=settings)
    return faults


def _settings_class(service: str) -> type[ServiceSettings] | None:
    try:
        found: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    except (ImportError, AttributeError):
        return None
    return found


def _name_faults(service: str, *, settings: type[ServiceSettings], written: set[str]) -> Iterator[str]:
    fields = set(settings.model_fields) - FIXED
    names = {f"{service.upper()}_{field.upper()}" for field in fields}
    yield from (f"{service}.env.example: {name} is no setting" for name in sorted(written - names))
    yield from (f"{service}.env.example: {name} is not shown" for name in sorted(names - written))


def _compose_faults(root: Path, service: str, *, settings: type[ServiceSettings]) -> Iterator[str]:
    part = stack.part(root, service)
    given = set(part.definition["environment"]) if part else set()
    required = {field for field, made in settings.model_fields.items() if made.is_required()} - FIXED
    names = {f"{service.upper()}_{field.upper()}" for field in required}
    yield from (f"compose does not give {name} to {service}" for name in sorted(names - given))
    known = {f"{service.upper()}_{field.upper()}" for field in settings.model_fields}
    yield from (f"compose gives {name} to {service}, which is no setting" for name in sorted(given - known))


def broker_keys(root: Path) -> list[str]:
    """The broker's default public keys are those of the development seeds."""
    part = stack.part(root, "nats")
    given = part.definition["environment"] if part else {}
    return [
        f"{broker.key_variable(identity)}: not the key of {broker.seed_name(identity)}"
        for identity in rights()
        if stack.with_defaults(given.get(broker.key_variable(identity), ""))
        != broker.development_key(identity)
    ]
