"""``/runlore/importance``: how much of a metric hangs on which parameter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.annotations import Selection, selected
from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore_server.services import Services

_MOST_RUNS = 5000
"""Of more, a filter has to choose."""


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    select: Selection
    metric: str
    statistic: Literal["last", "best", "min", "max"] = "last"


class ImportanceHandler(RunloreHandler):
    """The parameters that runs differ in, by what hangs on them."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        await self.answer(self._weigh)

    def _weigh(self, services: Services) -> dict[str, Any]:
        from runlore_server.api.metrics import run_metrics
        from runlore_server.importance.importance import importance

        asked = self.asked(_Question, "runs and a metric")
        ids = dict.fromkeys(selected(services, asked.select))
        if len(ids) > _MOST_RUNS:
            raise InvalidRequest(f"{len(ids):,} runs are too many; narrow them to {_MOST_RUNS:,} by a filter")
        runs = [services.store.find(run_id) for run_id in ids]
        ended = [run for run in runs if run.status != "running"]
        sums = services.store.sums(ended, [asked.metric])
        outcomes = []
        for run in ended:
            metric = run_metrics(services, run, sums.get(run.run_id)).get(asked.metric, {})
            value = metric.get(asked.statistic)
            outcomes.append((run.params, value if isinstance(value, float) and math.isfinite(value) else None))
        return {**msgspec.to_builtins(importance(outcomes)), "running": len(runs) - len(ended)}
