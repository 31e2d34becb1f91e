"""``/runlore/curves``: learning curves as plotly takes them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from runlore_server.services import Services

_MOST_RUNS = 100


class CurvesHandler(RunloreHandler):
    """Curves of one or several runs, decimated so that every minimum and maximum stays."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._curves)

    def _curves(self, services: Services) -> dict[str, Any]:
        wanted, metrics = self.get_query_arguments("run"), self.get_query_arguments("metric")
        points = self.number_query("points", default=1000, least=4, most=100_000)
        if not 0 < len(wanted) <= _MOST_RUNS:
            raise InvalidRequest(f"give 'run' at least once and at most {_MOST_RUNS} times")
        runs = {run.run_id: run for run in map(services.store.find, wanted)}
        return {
            "curves": [
                {"run_id": run.run_id, "metric": metric, **_curve(path, points)}
                for run in runs.values()
                for metric, path in run.metrics.items()
                if not metrics or metric in metrics
            ]
        }


def _curve(path: Path, room: int) -> dict[str, Any]:
    from runlore_server.store.curves import read_points
    from runlore_server.store.decimate import decimate

    points = read_points(path)
    shown = points[decimate(points["value"], room)]
    return {"count": len(points)} | {name: _typed(shown[name]) for name in ("step", "time", "value")}


def _typed(column: npt.NDArray[np.generic]) -> dict[str, str]:
    return {"dtype": "f8", "bdata": base64.b64encode(column.astype("<f8").tobytes()).decode()}
