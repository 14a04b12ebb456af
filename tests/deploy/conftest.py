"""A folder that is hard on paths, and one reduced stack for the tests that only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.place import Place
from tests.support.embedded import Running, free_port_base, running


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A state of its own, under a folder with spaces and accents, far longer than a socket's path may be."""
    root = tmp_path / "dépôt d'été — « Tremplin »" / ("long " * 20).strip() / ".local"
    return Place(root=root, state="essai", port_base=free_port_base())


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Postgres with its roles, the broker with its rights, the identity provider."""
    root = tmp_path_factory.mktemp("pile partagée") / ".local"
    with running(Place(root=root, state="shared", port_base=free_port_base())) as stack:
        yield stack
