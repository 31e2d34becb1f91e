"""``/runlore/runs/ID/notebook``: what a rerun produced, or a run for readers without Runlore."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore.errors import JournalFormatError
from runlore_server.api.base import RunloreHandler
from runlore_server.errors import InvalidRequest, JobNotFound, NotebookMissing

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.services import Services

_SHORT_ID = 8


class NotebookHandler(RunloreHandler):
    """A notebook, and where a copy of it would be looked for; it is not written anywhere."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        await self.answer(lambda services: self._notebook(services, run_id))

    def _notebook(self, services: Services, run_id: str) -> dict[str, Any]:
        kind = self.one_query("kind")
        if kind not in {"rerun", "clean"}:
            raise InvalidRequest(f"'kind' is rerun or clean, not {kind!r:.40}")
        run = services.store.find(run_id)
        content = _produced(services, run) if kind == "rerun" else _clean(services, run)
        name = re.sub(r"[^\w.-]+", "-", run.name).strip("-.") or "run"
        return {
            "name": f"{name}-{'rerun-' if kind == 'rerun' else ''}{run.run_id[:_SHORT_ID]}.ipynb",
            "folder": self._served(services.store.notebook(run)),
            "notebook": content,
        }

    def _served(self, notebook: str | None) -> str | None:
        """The folder of a notebook below the one that the server serves; ``None`` for one elsewhere."""
        root = self.settings.get("server_root_dir")
        if notebook is None or not root:
            return None
        base = Path(root).expanduser().resolve()
        folder = (base / notebook).resolve().parent
        return folder.relative_to(base).as_posix() if folder.is_relative_to(base) and folder.is_dir() else None


def _produced(services: Services, run: RunRecord) -> Any:
    from runlore_server.rerun.notebook import read

    path = services.config.home.rerun(run.run_id) / "notebook.ipynb"
    if run.rerun_of is None or not path.is_file():
        raise NotebookMissing(
            f"run {run.run_id} was not made by a rerun, or its notebook is gone; export the run as a clean one"
        )
    if _is_underway(services, run):
        raise NotebookMissing(f"run {run.run_id} still runs; its notebook can be opened once it has ended")
    try:
        return read(path)
    except (OSError, JournalFormatError) as error:
        raise NotebookMissing(f"the notebook of run {run.run_id} cannot be read: {error}") from error


def _is_underway(services: Services, run: RunRecord) -> bool:
    """Whether its job still works: the queue knows that a moment before the store does."""
    try:
        return not services.jobs.get(run.run_id).over
    except JobNotFound:
        return run.status == "running"


def _clean(services: Services, run: RunRecord) -> Any:
    from runlore_server.portable.notebook import export
    from runlore_server.verdict.verdict import read_verdict

    reruns = services.store.reruns_of(run.run_id)
    verdict = read_verdict(services.config.home, reruns[0].run_id) if reruns else None
    return json.loads(export(run, services.store.session(run), verdict).text)
