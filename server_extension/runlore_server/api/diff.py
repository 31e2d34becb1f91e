"""``/runlore/runs/<id>/diff/<other>``: what differs between two runs."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.diff.command import compare_runs


class DiffHandler(RunloreHandler):
    """Two runs side by side."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, other: str) -> None:
        await self.answer(lambda services: compare_runs(services.store, run_id, other))
