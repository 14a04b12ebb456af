"""Which methods a path has: all of its routes' together, since one path may be several functions."""

from collections.abc import Iterable, Sequence

from fastapi import APIRouter
from starlette.routing import Match, Route


class Methods:
    """The routes of an application, by path."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        self._routes: Sequence[Route] = [
            route for router in routers for route in router.routes if isinstance(route, Route)
        ]

    def of(self, path: str) -> list[str]:
        """The methods of a path, in alphabetical order; empty when there is no such path."""
        scope = {"type": "http", "path": path, "root_path": "", "method": "OPTIONS", "headers": []}
        found = {
            method
            for route in self._routes
            if route.matches(scope)[0] is not Match.NONE
            for method in route.methods or ()
        }
        if "GET" in found:
            found.add("HEAD")
        return sorted(found | {"OPTIONS"}) if found else []
