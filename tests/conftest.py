"""Fixtures of every test: the server of the run, a database per test, the four services."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, running_cluster
from tests.support.nats_server import NatsServer, running_nats
from tests.support.under_test import ServiceUnderTest, service_under_test

ROOM = 2 * 1024**3


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One Postgres server for the run, in memory where there is room: a database per test is a thousand files."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    with (
        tempfile.TemporaryDirectory(dir=memory if roomy else None) as folder,
        running_cluster(Path(folder)) as running,
    ):
        yield running


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[str]:
    """Name of a fresh, migrated database."""
    name = await cluster.new_database()
    yield name
    await cluster.drop_database(name)


@pytest.fixture
async def labelling(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The labelling service."""
    async with service_under_test("labelling", cluster, database=database) as service:
        yield service


@pytest.fixture
async def enrolment(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The enrolment service."""
    async with service_under_test("enrolment", cluster, database=database) as service:
        yield service


@pytest.fixture
async def followup(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The followup service."""
    async with service_under_test("followup", cluster, database=database) as service:
        yield service


@pytest.fixture
async def indicators(cluster: Cluster, database: str) -> AsyncIterator[ServiceUnderTest]:
    """The indicators service."""
    async with service_under_test("indicators", cluster, database=database) as service:
        yield service


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A broker with streams and consumers in place."""
    with running_nats(tmp_path) as server:
        await server.provision()
        yield server
