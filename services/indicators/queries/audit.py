"""Do the cubes still say what the facts say?"""

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.repository.cubes import drift


async def cells_adrift(connection: AsyncConnection) -> dict[str, int]:
    """Per cube, how many cells differ from the sum of the contributions; zero everywhere when all is well."""
    await connection.execute(text("SET LOCAL statement_timeout = 0"))
    return {
        name: (await connection.execute(select(func.count()).select_from(cells.subquery()))).scalar_one()
        for name, cells in drift().items()
    }
