"""What was around a run: the marks on its code, its files, what its cells showed, its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore_server.provenance.lineage import Lineage
    from runlore_server.provenance.outputs import CellOutputs
    from runlore_server.services import Services

MOST_FILES = 5000
"""Files of a run that are told; the rest is counted."""


class CodeHandler(RunloreHandler):
    """``/runlore/runs/<id>/code``: which cells the run needs, and what the notebook says of them by now."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: services.provenance.code(services.store.find(run_id)))


class FilesHandler(RunloreHandler):
    """``/runlore/runs/<id>/files``: what was read and written."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _files(services, run_id))


class LineageHandler(RunloreHandler):
    """``/runlore/runs/<id>/lineage``: where the run comes from, and what became of it."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: _lineage(services, run_id))


class OutputsHandler(RunloreHandler):
    """``/runlore/runs/<id>/outputs/<cell>``: what one cell showed."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, cell: str) -> None:
        await self.answer(lambda services: self._outputs(services, run_id, cell))

    def _outputs(self, services: Services, run_id: str, cell: str) -> CellOutputs:
        digits = cell.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise InvalidRequest(f"a cell is named by its number, not {cell!r:.40}")
        whole = self.number_query("whole", default=0, least=0, most=1) == 1
        return services.provenance.outputs(services.store.find(run_id), int(cell), whole=whole)


def _lineage(services: Services, run_id: str) -> Lineage:
    run = services.store.find(run_id)
    return services.provenance.lineage(run, services.registry.versions(run))


def _files(services: Services, run_id: str) -> dict[str, Any]:
    found = services.provenance.files(services.store.find(run_id))
    return {"files": found[:MOST_FILES], "left_out": max(len(found) - MOST_FILES, 0)}
