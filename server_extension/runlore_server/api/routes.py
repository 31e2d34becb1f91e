"""Which path is served by what; ``openapi.yaml`` documents each of them."""

from __future__ import annotations

from typing import Any

from runlore_server.api.artifacts import ArtifactHandler, TableHandler
from runlore_server.api.bands import BandsHandler
from runlore_server.api.base import RunloreHandler
from runlore_server.api.cells import CellsHandler
from runlore_server.api.curves import CurvesHandler
from runlore_server.api.diff import DiffHandler
from runlore_server.api.filters import FilterHandler, FiltersHandler
from runlore_server.api.groups import GroupsHandler
from runlore_server.api.importance import ImportanceHandler
from runlore_server.api.jobs import JobHandler, JobPaceHandler, JobRetryHandler, JobsHandler
from runlore_server.api.kernels import KernelsHandler
from runlore_server.api.models import ModelsHandler
from runlore_server.api.notebook import NotebookHandler
from runlore_server.api.openapi import OpenApiHandler
from runlore_server.api.parameters import ChecksHandler, ParametersHandler
from runlore_server.api.provenance import CodeHandler, FilesHandler, LineageHandler, OutputsHandler
from runlore_server.api.queue import QueueHandler
from runlore_server.api.runs import RunHandler, RunsHandler
from runlore_server.api.schedules import ScheduleHandler, SchedulesHandler
from runlore_server.api.status import StatusHandler
from runlore_server.api.sweeps import SweepCheckHandler, SweepHandler, SweepPlotsHandler, SweepsHandler
from runlore_server.api.table import CurvesTableHandler
from runlore_server.backend import Backend

_ID = r"([^/]+)"
_PATH = r"(.+)"

ROUTES: dict[str, type[RunloreHandler]] = {
    "/runlore/status": StatusHandler,
    "/runlore/runs": RunsHandler,
    f"/runlore/runs/{_ID}": RunHandler,
    f"/runlore/runs/{_ID}/diff/{_ID}": DiffHandler,
    f"/runlore/runs/{_ID}/code": CodeHandler,
    f"/runlore/runs/{_ID}/files": FilesHandler,
    f"/runlore/runs/{_ID}/lineage": LineageHandler,
    f"/runlore/runs/{_ID}/outputs/{_ID}": OutputsHandler,
    f"/runlore/runs/{_ID}/artifacts/{_PATH}": ArtifactHandler,
    f"/runlore/runs/{_ID}/tables/{_PATH}": TableHandler,
    f"/runlore/runs/{_ID}/models": ModelsHandler,
    "/runlore/cells": CellsHandler,
    f"/runlore/runs/{_ID}/parameters": ParametersHandler,
    f"/runlore/runs/{_ID}/checks": ChecksHandler,
    f"/runlore/runs/{_ID}/notebook": NotebookHandler,
    "/runlore/groups": GroupsHandler,
    "/runlore/importance": ImportanceHandler,
    "/runlore/curves": CurvesHandler,
    "/runlore/curves.csv": CurvesTableHandler,
    "/runlore/bands": BandsHandler,
    "/runlore/filters": FiltersHandler,
    f"/runlore/filters/{_ID}": FilterHandler,
    "/runlore/jobs": JobsHandler,
    f"/runlore/jobs/{_ID}": JobHandler,
    f"/runlore/jobs/{_ID}/retry": JobRetryHandler,
    f"/runlore/jobs/{_ID}/pace": JobPaceHandler,
    "/runlore/queue": QueueHandler,
    "/runlore/kernels": KernelsHandler,
    "/runlore/sweeps": SweepsHandler,
    "/runlore/sweep-checks": SweepCheckHandler,
    f"/runlore/sweeps/{_ID}": SweepHandler,
    f"/runlore/sweeps/{_ID}/plots": SweepPlotsHandler,
    "/runlore/schedules": SchedulesHandler,
    f"/runlore/schedules/{_ID}": ScheduleHandler,
    "/runlore/openapi": OpenApiHandler,
}


def routes(backend: Backend) -> list[tuple[str, type[RunloreHandler], dict[str, Any]]]:
    """The routes as Tornado takes them, below the server's base URL."""
    return [(path, handler, {"backend": backend}) for path, handler in ROUTES.items()]
