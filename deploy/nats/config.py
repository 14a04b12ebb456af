"""Configuration of the broker's server, rendered from the one table of rights."""

import json
from collections.abc import Mapping

from shared.platform import topology

# Four times a fact's largest size, and less than a pull asks for at once: no message can be too large to be pulled.
_PAYLOAD = "1MB"
_MEMORY_STORE = "256MB"


def render(
    public_keys: Mapping[str, str],
    *,
    host: str,
    port: int,
    monitoring_port: int,
    store_dir: str,
    max_file_store: str = "16GB",
) -> str:
    """The whole configuration file. Whoever has no key, or no right in the table, is refused."""
    users = "\n".join(
        _user(public_keys[identity], rights=rights) for identity, rights in topology.rights().items()
    )
    return f"""\
listen: {_quoted(f"{host}:{port}")}
http: {_quoted(f"{host}:{monitoring_port}")}
max_payload: {_PAYLOAD}

jetstream {{
  store_dir: {_quoted(store_dir)}
  # Every acknowledged message is on the disk: what the relay has counted as published stays published.
  sync_interval: always
  max_memory_store: {_MEMORY_STORE}
  max_file_store: {max_file_store}
}}

authorization {{
  users = [
{users}
  ]
}}
"""


def _user(public_key: str, *, rights: Mapping[str, list[str]]) -> str:
    allowed = "".join(f"        {verb}: {_permission(subjects)}\n" for verb, subjects in rights.items())
    return f"    {{\n      nkey: {_quoted(public_key)}\n      permissions: {{\n{allowed}      }}\n    }}"


def _permission(subjects: list[str]) -> str:
    """To the server, an empty list of what is allowed means everything."""
    if not subjects:
        return '{ deny: [">"] }'
    return f"{{ allow: [{', '.join(map(_quoted, subjects))}] }}"


def _quoted(text: str) -> str:
    """The server reads JSON strings; unquoted, a leading `$` would name an environment variable."""
    return json.dumps(text, ensure_ascii=False)
