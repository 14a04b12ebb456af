"""Rules of compose: who runs, with what rights, after whom, and who can be reached."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.check import stack
from deploy.check.stack import Part

COMPLETED = "service_completed_successfully"
HEALTHY = "service_healthy"
PUBLISHED = "proxy"


def health(root: Path) -> list[str]:
    """What stays up says whether it is well; what does not is a one-shot."""
    return [
        f"{part.name}: neither a health check nor a one-shot"
        for part in stack.parts(root)
        # An image of ours brings its own check from the Dockerfile.
        if not part.ends and not _is_checked(part)
    ]


def _is_checked(part: Part) -> bool:
    check = part.definition.get("healthcheck")
    return (
        "build" in part.definition if check is None else bool(check.get("test")) and not check.get("disable")
    )


def waiting(root: Path) -> list[str]:
    """One waits for the end of a one-shot and for the health of a server."""
    faults = []
    known = {part.name: part for part in stack.parts(root)}
    for part in known.values():
        for name, how in part.definition.get("depends_on", {}).items():
            if name not in known:
                faults.append(f"{part.name}: waits for {name}, which does not exist")
            elif how["condition"] != (wanted := COMPLETED if known[name].ends else HEALTHY):
                faults.append(f"{part.name}: must wait for {name} with {wanted}")
    return faults


def hardening(root: Path) -> list[str]:
    """Read-only, without capabilities, without a way to gain rights, not root."""
    return [f"{part.name}: {fault}" for part in stack.parts(root) for fault in _soft_spots(part)]


def _soft_spots(part: Part) -> Iterator[str]:
    made: dict[str, Any] = part.definition
    if made.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if "no-new-privileges:true" not in made.get("security_opt", []):
        yield "may gain privileges"
    if not made.get("read_only") and not made.get("labels", {}).get(stack.WRITABLE_ROOT):
        yield f"its root is writable and no label {stack.WRITABLE_ROOT} says why"
    if made.get("privileged") or made.get("network_mode") == "host" or made.get("pid"):
        yield "shares the host"
    if made.get("cap_add") and not part.ends:
        yield "takes back a capability and stays up"
    if "build" not in made and "user" not in made and not made.get("cap_add"):
        yield "no user: the image may run as root"


def publication(root: Path) -> list[str]:
    """Only the proxy has a port, on this machine unless asked otherwise, and a network that leads out."""
    faults = []
    internal = {name: bool(made.get("internal")) for name, made in stack.networks(root).items()}
    for part in stack.parts(root):
        if part.name != PUBLISHED and part.definition.get("ports"):
            faults.append(f"{part.name}: publishes a port")
        if not all(_stays_here(port) for port in part.definition.get("ports", [])):
            faults.append(f"{part.name}: listens to the world by default")
        if not part.definition.get("networks") and part.definition.get("network_mode") != "none":
            faults.append(f"{part.name}: is on the default network, which leads out")
        faults += [
            f"{part.name}: network {name} leads out"
            for name in part.definition.get("networks", [])
            if part.name != PUBLISHED and not internal.get(name)
        ]
    return faults


def _stays_here(port: str) -> bool:
    return stack.with_defaults(port).startswith("127.0.0.1:")


def paths(root: Path) -> list[str]:
    """Build contexts, Dockerfiles, mounted files and secrets are there."""
    faults = []
    for part in stack.parts(root):
        sources = [source for volume in part.definition.get("volumes", []) if (source := _source(volume))]
        if build := part.definition.get("build"):
            sources += [build["context"], build["dockerfile"]]
        faults += [
            f"{part.name}: {source} is missing" for source in sources if not (part.folder / source).exists()
        ]
    for path, document in stack.documents(root):
        for name, secret in document.get("secrets", {}).items():
            if not (path.parent / stack.with_defaults(secret["file"])).exists():
                faults.append(f"secret {name}: {stack.with_defaults(secret['file'])} is missing")
    return faults


def _source(volume: str) -> str | None:
    """Path of a bind mount; None for a named volume."""
    source = stack.with_defaults(volume).split(":", 1)[0]
    return source if source.startswith(".") else None


def images(root: Path) -> list[str]:
    """Every image has a version."""
    faults = []
    for part in stack.parts(root):
        name = stack.with_defaults(part.definition["image"])
        if ":" not in name or name.endswith(":latest"):
            faults.append(f"{part.name}: image {name} has no version")
    return faults
