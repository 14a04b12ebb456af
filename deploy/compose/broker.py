"""The broker's configuration in compose: the one table of rights, with keys that the environment names."""

import hashlib

import nkeys

from deploy.nats import config, keys
from shared.platform.settings import DEVELOPMENT_MARK
from shared.platform.topology import rights

HOST = "0.0.0.0"  # noqa: S104 - inside the network that only the services and the broker share
PORT = 4222
MONITORING_PORT = 8222
STORE = "/data"

_NOTE = """\
# Rendered from shared/platform/topology.yaml by `python -m deploy.check --write`; not to be edited.
# Public keys come from the environment; docker-compose.yml gives those of development.
"""


def key_variable(identity: str) -> str:
    """Variable that holds an identity's public key."""
    return f"NATS_{identity.upper()}_KEY"


def render() -> str:
    """The configuration file, in which each key is a variable of the environment."""
    placeholders = {identity: f"key-of-{identity}" for identity in rights()}
    text = config.render(placeholders, host=HOST, port=PORT, monitoring_port=MONITORING_PORT, store_dir=STORE)
    for identity, placeholder in placeholders.items():
        # Without quotes, a leading `$` makes the server read its environment.
        text = text.replace(f'"{placeholder}"', f"${key_variable(identity)}")
    return _NOTE + text


def seed_name(identity: str) -> str:
    """File name of a development seed; production refuses it by its mark."""
    return f"{DEVELOPMENT_MARK}-{identity}.nk"


def development_seed(identity: str) -> str:
    """A seed that anyone can compute from its name, so that nobody takes it for a secret."""
    digest = hashlib.sha256(f"{DEVELOPMENT_MARK}-{identity}".encode()).digest()
    return bytes(nkeys.encode_seed(digest, nkeys.PREFIX_BYTE_USER)).decode()


def development_key(identity: str) -> str:
    """The public key of a development seed."""
    return keys.public_key(development_seed(identity))
