"""The papermill engine that replays a recorded session: ``engine_name="runlore"``.

papermill loads this module by its entry point while it is being imported itself, so nothing else may import it,
and it may import of papermill only what is complete by then.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from jupyter_core.utils import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

from runlore.live_output import FILE as LIVE
from runlore.live_output import LiveWriter
from runlore.replay import ReplayCell
from runlore_server.errors import RerunRefused
from runlore_server.rerun.outputs import OutputLimit
from runlore_server.rerun.replayer import Replayer
from runlore_server.whole import write_whole

_COUNT_ON = "__import__('runlore.replay', fromlist=['continue_counting']).continue_counting({number})"

_SHOWING = ("stream", "display_data", "execute_result", "update_display_data")

_OUTPUT_TIMEOUT = 60
"""Seconds to wait for a finished cell's last output."""

_PAUSE = 0.5
"""Seconds for which a saved notebook need not be saved again: papermill would do it twice a cell."""


class RunloreEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Executes the notebook of a rerun in the kernel that was started for it.

    Engine arguments: ``replayer``, the kernel, which has been told to begin; ``cells``, those of the plan;
    ``limit`` for what they show. Every write of the notebook is whole or not at all.

    Raises:
        RerunRefused: there is no ``replayer``; the engine repeats recorded runs only.
        ReplayNotStarted: the kernel cannot start the replay.
        DeadKernelError: the kernel died.
    """

    @classmethod
    def execute_notebook(  # noqa: PLR0917 - as its base
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = False,
        log_output: bool = False,
        autosave_cell_every: int = 5,
        **kwargs: Any,
    ) -> Any:
        manager = _WholeNotebook(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, **kwargs)
        finally:
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        replayer: Replayer | None = None,
        cells: list[ReplayCell] | None = None,
        limit: OutputLimit | None = None,
        **_: Any,
    ) -> Any:
        if replayer is None:
            raise RerunRefused("the engine 'runlore' repeats recorded runs: use 'runlore rerun RUN'")
        replayer.wait()
        client = _ReplayClient(
            nb_man,
            km=replayer.manager,
            kernel_name=kernel_name,
            timeout=None,
            iopub_timeout=_OUTPUT_TIMEOUT,
        )
        client.kc, client.cells = replayer.client, cells or []
        client.limit, client.notes = limit or OutputLimit(), {}
        client.live = LiveWriter(Path(nb_man.output_path or ".").with_name(LIVE))
        try:
            return client.execute()
        finally:
            client.live.end()


class _WholeNotebook(NotebookExecutionManager):  # type: ignore[misc]
    last_save_time: datetime

    def save(self, **_: Any) -> None:
        """Write the notebook, unless that was done just now and its execution goes on."""
        saved_ago = (self.now() - self.last_save_time).total_seconds()
        if self.output_path and (saved_ago > _PAUSE or self.end_time is not None):
            text: str = nbformat.writes(self.nb)  # type: ignore[no-untyped-call]
            write_whole(Path(self.output_path), text.encode(errors="backslashreplace"))
            self.last_save_time = self.now()


class _ReplayClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, on a kernel of ours, that counts as the original did and keeps within a limit."""

    cells: list[ReplayCell]
    limit: OutputLimit
    notes: dict[int, nbformat.NotebookNode]
    live: LiveWriter

    async def async_execute_cell(
        self,
        cell: nbformat.NotebookNode,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        await self._count_on(cell_index)
        self.live.begin(self.cells[cell_index].ordinal)
        kept = cell.metadata.get("runlore", {}).get("store_history", store_history)
        return await super().async_execute_cell(cell, cell_index, execution_count, store_history=kept)

    execute_cell = run_sync(async_execute_cell)

    def process_message(self, msg: dict[str, Any], cell: nbformat.NotebookNode, cell_index: int) -> Any:
        cleared = msg["msg_type"] == "clear_output" and not msg["content"].get("wait")
        if cleared or (self.clear_before_next_output and msg["msg_type"] in _SHOWING):
            self.limit.cleared(cell_index)
            self.live.clear()
        if msg["msg_type"] == "stream":
            self.live.add(msg["content"]["name"], msg["content"]["text"])
        shown = None
        if self.limit.admit(msg, cell_index):
            try:
                shown = super().process_message(msg, cell, cell_index)
            except nbformat.ValidationError as error:  # a front-end may show it all the same
                self.log.warning("An output of cell %d is left out of the notebook: %s", cell_index, error.message)
        elif "execution_count" in msg["content"]:
            cell["execution_count"] = msg["content"]["execution_count"]
        if cell_index in self.limit.dropped and msg["msg_type"] in _SHOWING:
            self._note_missing(cell, cell_index)
        return shown

    def _note_missing(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Say where something is left out; updates of displays go by their places, so nothing changes its own."""
        note = self.notes.get(cell_index)
        if note is None or not any(one is note for one in cell.outputs):
            note = nbformat.v4.new_output("stream", name="stderr")  # type: ignore[no-untyped-call]
            self.notes[cell_index] = note
            cell.outputs.append(note)
        note["text"] = self.limit.note(cell_index)

    async def _count_on(self, cell_index: int) -> None:
        """Where a cell is left out of the replay, leave its number out too."""
        before = self.cells[cell_index - 1].execution_count if cell_index else None
        number = self.cells[cell_index].execution_count
        if before is not None and number is not None and number != before + 1:
            message = self.kc.execute(_COUNT_ON.format(number=number), silent=True, store_history=False)
            await self.async_wait_for_reply(message)
