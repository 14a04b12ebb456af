"""One service's schema as a backup sees it: dumped at one instant, put back later in the place of what is there."""

import asyncio
import os
from pathlib import Path

from deploy.local.postgres import DATABASE, client_environment, find_binaries
from deploy.local.state import passwords
from tests.faults.rig import Rig


async def dump(rig: Rig, schema: str, *, file: Path) -> None:
    """Write the schema as it is at this instant, rights included."""
    await _run(rig, "pg_dump", "--format=custom", f"--schema={schema}", f"--file={file}")


async def put_back(rig: Rig, schema: str, *, file: Path) -> None:
    """Replace the schema; nobody may be using it."""
    connection = await rig.postgres.superuser()
    try:
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
    finally:
        await connection.close()
    await _run(rig, "pg_restore", "--exit-on-error", f"--dbname={DATABASE}", str(file))


async def _run(rig: Rig, program: str, *words: str) -> None:
    password = passwords(rig.place)["postgres"]
    process = await asyncio.create_subprocess_exec(
        str(find_binaries(os.environ) / program),
        *words,
        env=client_environment(rig.place, password=password, database=DATABASE),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        message = f"{program}: {said.decode()[-2000:]}"
        raise RuntimeError(message)
