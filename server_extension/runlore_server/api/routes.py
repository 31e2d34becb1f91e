"""Which path is served by what; ``openapi.yaml`` documents each of them."""

from __future__ import annotations

from typing import Any

from runlore_server.api.base import RunloreHandler
from runlore_server.api.curves import CurvesHandler
from runlore_server.api.diff import DiffHandler
from runlore_server.api.filters import FilterHandler, FiltersHandler
from runlore_server.api.jobs import JobHandler, JobsHandler
from runlore_server.api.openapi import OpenApiHandler
from runlore_server.api.runs import RunHandler, RunsHandler
from runlore_server.api.status import StatusHandler
from runlore_server.backend import Backend

_ID = r"([^/]+)"

ROUTES: dict[str, type[RunloreHandler]] = {
    "/runlore/status": StatusHandler,
    "/runlore/runs": RunsHandler,
    f"/runlore/runs/{_ID}": RunHandler,
    f"/runlore/runs/{_ID}/diff/{_ID}": DiffHandler,
    "/runlore/curves": CurvesHandler,
    "/runlore/filters": FiltersHandler,
    f"/runlore/filters/{_ID}": FilterHandler,
    "/runlore/jobs": JobsHandler,
    f"/runlore/jobs/{_ID}": JobHandler,
    "/runlore/openapi": OpenApiHandler,
}


def routes(backend: Backend) -> list[tuple[str, type[RunloreHandler], dict[str, Any]]]:
    """The routes as Tornado takes them, below the server's base URL."""
    return [(path, handler, {"backend": backend}) for path, handler in ROUTES.items()]
