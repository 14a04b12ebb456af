"""Files written from the code's own tables: they are what the tables would write today."""

from pathlib import Path

from deploy.compose import broker
from deploy.keycloak import realm
from shared.platform.topology import rights


def texts() -> dict[str, str]:
    """Place and content of each generated file."""
    seeds = {
        f"deploy/compose/development-secrets/{broker.seed_name(identity)}": broker.development_seed(identity)
        + "\n"
        for identity in rights()
    }
    return seeds | {
        "deploy/compose/nats.conf": broker.render(),
        "deploy/keycloak/development-only-realm.json": realm.render(development=True),
        "deploy/keycloak/production-realm.json": realm.render(development=False),
    }


def up_to_date(root: Path) -> list[str]:
    """No generated file was edited, and no table changed without it."""
    return [
        f"{place}: differs from its source; run `python -m deploy.check --write`"
        for place, text in texts().items()
        if not (root / place).exists() or (root / place).read_text(encoding="utf-8") != text
    ]


def audiences(_: Path) -> list[str]:
    """A client's audiences are those of its scopes: Keycloak derives them so."""
    return [
        f"{client['client_id']}: its audiences are not those of its scopes"
        for client in realm.clients()
        if set(client["audiences"]) != realm.audiences(client["scopes"])
    ]


def write(root: Path) -> None:
    """Write them all again."""
    for place, text in texts().items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text, encoding="utf-8")
