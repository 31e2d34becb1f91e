"""``/runlore/cells``: which cells of a notebook are recorded, as they were run."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.services import Services

_MOST_OTHERS = 100


class CellsHandler(RunloreHandler):
    """The cells of one notebook of which there are runs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(self._cells)

    def _cells(self, services: Services) -> dict[str, Any]:
        from runlore_server.store.notebook import recorded_notebook

        path = (self.one_query("path") or "").strip("/")
        if not path:
            raise InvalidRequest("'path' names the notebook, from where the server serves files")
        others = self.get_query_arguments("run")
        if len(others) > _MOST_OTHERS:
            raise InvalidRequest(f"give at most {_MOST_OTHERS} runs, not {len(others)}")
        recorded_as = self._recorded_as(path)
        found = recorded_notebook(services.store, (recorded_as, path), others)
        return {
            "notebook": recorded_as,
            "total": found.total,
            "newest": None if found.newest is None else found.newest.run_id,
            "cells": [
                {
                    "cell_id": cell.cell_id,
                    "source": cell.source,
                    "count": cell.count,
                    "runs": [_short(run) for run in cell.runs],
                }
                for cell in found.cells
            ],
        }

    def _recorded_as(self, path: str) -> str:
        """What the server tells a kernel that it starts for the notebook."""
        directory = self.kernel_manager.cwd_for_path(path)  # type: ignore[no-untyped-call]
        return str(Path(directory) / PurePosixPath(path).name)


def _short(run: RunRecord) -> dict[str, Any]:
    return {"run_id": run.run_id, "name": run.name, "status": run.status, "started": run.started}
