"""``/runlore/runs``: the recorded runs, a page at a time or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.api.run import run_body, run_detail_body
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore_server.services import Services


class RunsHandler(RunloreHandler):
    """One page of the runs, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._page)

    def _page(self, services: Services) -> dict[str, Any]:
        limit = self.number_query("limit", default=200, least=1, most=1000)
        experiment, notebook = self.one_query("experiment"), self.one_query("notebook")
        runs = [
            run
            for run in services.store.all()
            if experiment in (None, run.experiment)
            and (notebook is None or services.store.session_info(run).notebook == notebook)
        ]
        start = 0
        if (before := self.one_query("before")) is not None:
            places = [place for place, run in enumerate(runs) if run.run_id == before]
            if not places:
                raise InvalidRequest("'before' is not the 'next' of an earlier page; ask for the first page again")
            start = places[0] + 1
        page = runs[start : start + limit]
        mlflow_ids = services.exports.mlflow_ids(run.run_id for run in page)
        return {
            "runs": [run_body(services, run, mlflow_ids.get(run.run_id)) for run in page],
            "next": page[-1].run_id if start + limit < len(runs) else None,
            "total": len(runs),
        }


class RunHandler(RunloreHandler):
    """Everything recorded about one run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _detail(services, run_id))


def _detail(services: Services, run_id: str) -> dict[str, Any]:
    run = services.store.find(run_id)
    return run_detail_body(services, run, services.exports.mlflow_ids([run.run_id]).get(run.run_id))
