"""``/runlore/runs/<id>/diff/<other>``: what differs between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.home import is_mirrored
from runlore_server.api.base import RunloreHandler

if TYPE_CHECKING:
    from runlore_server.diff.diff import RunDiff
    from runlore_server.services import Services


class DiffHandler(RunloreHandler):
    """Two runs side by side."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, other: str) -> None:
        await self.answer(lambda services: _compared(services, run_id, other))


def _compared(services: Services, run_id: str, other: str) -> RunDiff:
    from runlore_server.diff.command import compare_runs  # here: it imports NumPy, and a server waits for us

    for run in map(services.store.find, (run_id, other)):
        if is_mirrored(run.session_id):
            services.mirror.curves.bring(run)
    return compare_runs(services.store, run_id, other)
