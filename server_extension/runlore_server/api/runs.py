"""``/runlore/runs``: the recorded runs, a page at a time or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore_server.api.metrics import Asked
    from runlore_server.services import Services
    from runlore_server.store.search import Query


class RunsHandler(RunloreHandler):
    """One page of the runs that a filter finds, newest first unless another order is asked for."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._page)

    def _page(self, services: Services) -> dict[str, Any]:
        from runlore_server.api.metrics import Metrics
        from runlore_server.api.run import run_bodies

        services.mirror.looked()
        query, asked = self._query(), self._asked()
        page = services.store.search(query)
        metrics = Metrics(services, page.runs, asked)
        said = services.store.annotations.known
        return {
            "runs": run_bodies(services, page.runs, metrics.of),
            "names": metrics.names,
            "next": page.runs[-1].run_id if page.more and page.runs else None,
            "total": page.total,
            "pinned": sum(one.pinned for one in said.values()),
            "deleted": sum(one.deleted and run_id in services.store for run_id, one in said.items()),
        }

    @web.authenticated
    @authorized
    async def patch(self) -> None:
        await self.answer(self._change)

    def _change(self, services: Services) -> dict[str, Any]:
        from runlore_server.api.annotations import BulkChange, selected

        wanted = self.asked(BulkChange, "a change")
        run_ids = selected(services, wanted.select)
        services.store.annotations.change(run_ids, wanted.change, wanted.seen)
        return {"changed": len(run_ids)}

    def _asked(self) -> Asked:
        from runlore_server.api.metrics import STATISTICS, Asked

        metrics, statistic = self.get_query_arguments("metric", strip=False), self.one_query("statistic")
        known = next((one for one in STATISTICS if one == statistic), None)
        if statistic is not None and known is None:
            raise InvalidRequest(f"'statistic' is one of {', '.join(STATISTICS)}, not {statistic!r:.40}")
        if metrics and statistic is not None:
            raise InvalidRequest("give 'metric' or 'statistic', not both")
        return Asked(frozenset(metrics) if metrics else None, known)

    def _query(self) -> Query:
        from runlore_server.filter.order import parse_order
        from runlore_server.filter.parser import parse
        from runlore_server.filter.tree import And, Comparison, Field
        from runlore_server.store.search import Query

        before, offset = (
            self.one_query("before"),
            self.number_query("offset", default=0, least=0, most=999_999_999),
        )
        if before is not None and offset:
            raise InvalidRequest("give 'before' or 'offset', not both")
        where = parse(self.one_query("filter") or "")
        equal = [
            Comparison(Field("attribute", name), "=", (value,))
            for name in ("experiment", "notebook")
            if (value := self.one_query(name)) is not None
        ]
        parts = (*equal, *((where,) if where is not None else ()))
        return Query(
            where=And(parts) if len(parts) > 1 else next(iter(parts), None),
            order=parse_order(self.one_query("order_by") or ""),
            limit=self.number_query("limit", default=200, least=1, most=1000),
            offset=offset,
            before=before,
        )


class RunHandler(RunloreHandler):
    """Everything recorded about one run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _detail(services, run_id))

    @web.authenticated
    @authorized
    async def patch(self, run_id: str) -> None:
        await self.answer(lambda services: self._change(services, run_id))

    def _change(self, services: Services, run_id: str) -> dict[str, Any]:
        from runlore_server.store.annotations import Change

        change = self.asked(Change, "a change")
        run = services.store.find(run_id)
        services.store.annotations.change([run.run_id], change)
        return _detail(services, run.run_id)


def _detail(services: Services, run_id: str) -> dict[str, Any]:
    from runlore_server.api.run import run_detail_body

    run = services.store.find(run_id)
    return run_detail_body(services, run)
