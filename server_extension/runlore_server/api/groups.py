"""``/runlore/groups``: the runs that a filter finds, by what they have in a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore_server.filter.tree import Field
    from runlore_server.services import Services


class GroupsHandler(RunloreHandler):
    """The groups of the runs that a filter finds, that of the newest run first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._groups)

    def _groups(self, services: Services) -> dict[str, Any]:
        from runlore_server.filter.fields import SWEEP
        from runlore_server.filter.parser import parse
        from runlore_server.store.groups import PARENT
        from runlore_server.store.search import Query

        by, metric = self._field(), self.one_query("metric")
        found = services.store.groups(
            Query(where=parse(self.one_query("filter") or "")), by, _best(metric) if metric is not None else None
        )
        names: dict[str, str] = {}
        if by == PARENT:
            names = services.store.names([str(group.value) for group in found.groups])
        elif by == SWEEP:
            names = services.sweeps.names()
        groups = [
            {
                "value": group.value,
                "label": names.get(str(group.value)),
                "filter": str(group.where),
                "count": group.count,
                "newest": group.newest,
                "best": group.best,
            }
            for group in found.groups
        ]
        return {"groups": groups, "total": found.total, "runs": found.runs}

    def _field(self) -> Field:
        from runlore_server.filter.order import parse_order

        keys = parse_order(self.one_query("by") or "")
        if len(keys) != 1:
            raise InvalidRequest("'by' names one field, such as experiment or params.lr")
        return keys[0].field


def _best(metric: str) -> Field:
    from runlore_server.filter.tree import Field

    return Field("metric", metric, "best")
