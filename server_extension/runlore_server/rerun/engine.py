"""The papermill engine that replays a recorded session: ``engine_name="runlore"``.

papermill loads this module by its entry point while it is being imported itself, so nothing else may import it,
and it may import of papermill only what is complete by then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.replay import ReplayCell
from runlore_server.errors import RerunRefused
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.notebook import write
from runlore_server.rerun.outcome import ReplayNotStarted
from runlore_server.rerun.tree import MARK, socket_folder

_START = "__import__('runlore.replay', fromlist=['start']).start(get_ipython(), {plan!r})"
_COUNT_ON = "__import__('runlore.replay', fromlist=['continue_counting']).continue_counting({number})"
_STARTUP_TIMEOUT = 300
"""Seconds for a kernel to answer; a cold disk or a busy machine is slow, and a dead kernel is noticed anyway."""

_OUTPUT_TIMEOUT = 60
"""Seconds to wait for a finished cell's last output."""

_LONGEST_SOCKET_FOLDER = 80
"""Characters; the system takes about a hundred for a socket, whose name and number are appended."""


class RunloreEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Executes the notebook of a rerun's folder in the kernel that its launch file names.

    Engine arguments: ``folder``, the rerun's folder. Every write of the notebook is whole or not at all.

    Raises:
        RerunRefused: there is no ``folder``; the engine repeats recorded runs only.
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
        cls, nb_man: NotebookExecutionManager, kernel_name: str, folder: str | None = None, **_: Any
    ) -> Any:
        if folder is None:
            raise RerunRefused("the engine 'runlore' repeats recorded runs: use 'runlore rerun RUN'")
        place = Folder(Path(folder))
        launch = place.launch()
        client = _ReplayClient(
            nb_man,
            kernel_name=kernel_name,
            timeout=None,
            startup_timeout=_STARTUP_TIMEOUT,
            iopub_timeout=_OUTPUT_TIMEOUT,
        )
        client.kernel, client.plan_file, client.cells = launch.kernel, place.plan_file, place.plan().cells
        return client.execute(env=_environment(launch), cwd=launch.cwd)


def _environment(launch: Launch) -> dict[str, str]:
    """The process's own environment, with the variables that Runlore records as the original had them."""
    hashing = {"PYTHONHASHSEED": launch.hash_seed}
    if launch.environ is None:
        return {**os.environ, **hashing}
    environ = {name: value for name, value in os.environ.items() if name not in ALLOWED_VARIABLES}
    return {**environ, **launch.environ, **hashing}


class _WholeNotebook(NotebookExecutionManager):  # type: ignore[misc]
    def save(self, **_: Any) -> None:
        if self.output_path:
            write(self.nb, Path(self.output_path))
        self.last_save_time = self.now()


class _ReplayClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, with our kernel manager, that starts the replay before the first cell."""

    kernel: Kernel
    plan_file: Path
    cells: list[ReplayCell]

    def create_kernel_manager(self) -> AsyncKernelManager:
        self.km = _manager(self.kernel, os.environ[MARK])
        return self.km

    def papermill_execute_cells(self) -> None:
        answer = run_sync(self._quietly)(_START.format(plan=str(self.plan_file)))
        if answer["status"] != "ok":
            raise ReplayNotStarted(
                self.kernel.argv[0], answer.get("ename", "error"), answer.get("evalue", answer["status"])
            )
        super().papermill_execute_cells()

    async def async_execute_cell(
        self,
        cell: nbformat.NotebookNode,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        await self._count_on(cell_index)
        kept = cell.metadata.get("runlore", {}).get("store_history", store_history)
        return await super().async_execute_cell(cell, cell_index, execution_count, store_history=kept)

    execute_cell = run_sync(async_execute_cell)

    async def _count_on(self, cell_index: int) -> None:
        """Where a cell is left out of the replay, leave its number out too."""
        before = self.cells[cell_index - 1].execution_count if cell_index else None
        number = self.cells[cell_index].execution_count
        if before is not None and number is not None and number != before + 1:
            await self._quietly(_COUNT_ON.format(number=number))

    async def _quietly(self, source: str) -> dict[str, Any]:
        """Execute code of ours, leaving no trace in the user's session; the kernel's reply."""
        message = self.kc.execute(source, silent=True, store_history=False)
        answer: dict[str, Any] = (await self.async_wait_for_reply(message))["content"]
        return answer


class _OneKernel(KernelSpecManager):
    """Knows the kernel to start under whatever name it is asked for."""

    kernel: Kernel

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - it has no other
        return KernelSpec(
            argv=self.kernel.argv,
            env=self.kernel.environ,
            display_name=self.kernel.display_name,
            language="python",
            interrupt_mode=self.kernel.interrupt_mode,
            metadata=self.kernel.metadata,
        )


class _Manager(AsyncKernelManager):
    """``ipykernel`` tells nbclient to keep the replayed cells out of the user's history file."""

    @property
    def ipykernel(self) -> bool:
        return self.kernel_spec is not None and any("ipykernel" in word for word in self.kernel_spec.argv)


def _manager(kernel: Kernel, run_id: str) -> AsyncKernelManager:
    specs = _OneKernel()
    specs.kernel = kernel
    folder = socket_folder(run_id)
    folder.mkdir(mode=0o700)
    # Sockets in a folder of our own: ports chosen for several kernels at a time may clash.
    local = sys.platform != "win32" and len(str(folder)) < _LONGEST_SOCKET_FOLDER
    return _Manager(
        kernel_name=kernel.name or "python3",
        kernel_spec_manager=specs,
        connection_file=str(folder / "kernel.json"),
        transport="ipc" if local else "tcp",
    )
