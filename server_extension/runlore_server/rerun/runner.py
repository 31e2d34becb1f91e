"""The child process that executes one rerun: ``python -m runlore_server.rerun.runner FOLDER``.

It ends when its cells are done, on SIGINT or SIGTERM (the notebook keeps what came so far), or when its standard
input is closed, which is how it learns that its parent is gone. In each case no process of the rerun is left.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from runlore_server.rerun import data, tree
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.notebook import read, write
from runlore_server.rerun.outcome import Outcome, ReplayNotStarted

_log = logging.getLogger("runlore.rerun")


def main(path: str) -> None:
    """Execute the rerun in the folder ``path`` and write how it ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run_id = os.environ[tree.MARK]
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)  # a parent that ignores it would have passed that on
    tree.adopt_orphans()
    threading.Thread(target=_die_with_parent, args=[run_id], name="parent", daemon=True).start()
    folder = Folder(Path(path))
    try:
        outcome = _execute(folder)
    except KeyboardInterrupt:
        outcome = Outcome(failure="stopped", message="the rerun was stopped")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    if not tree.kill(run_id):
        _log.warning("some processes that the notebook started could not be ended")
    _remove_error_markers(folder)
    folder.end(outcome)
    _log.info("ended: %s", outcome.failure or "all cells executed")


def _execute(folder: Folder) -> Outcome:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    launch = folder.launch()
    notebook = str(folder.notebook)
    for found in data.verify(folder):
        if found.status != "same":
            _log.warning("%s", found.sentence())
    try:
        papermill.execute_notebook(
            notebook,
            notebook,
            engine_name="runlore",
            kernel_name=launch.kernel.name or "python3",
            cwd=launch.cwd,
            progress_bar=False,
            folder=str(folder.path),
        )
    except PapermillExecutionError:
        pass  # papermill says so for every cell with an error; whether the original had it is for the verdict
    except DeadKernelError:
        return Outcome(failure="kernel died", message="the kernel died while a cell ran")
    except ReplayNotStarted as error:
        return Outcome(
            failure="runlore missing" if error.without_runlore else "kernel not started", message=str(error)
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must be told
        _log.exception("the rerun could not be executed")
        starting = isinstance(error, RuntimeError) and "Kernel died before" in str(error)
        return Outcome(
            failure="kernel not started" if starting else "internal", message=f"{type(error).__name__}: {error}"
        )
    return Outcome()


def _remove_error_markers(folder: Folder) -> None:
    """Take out the cells by which papermill points at errors: the notebook holds the replayed cells only."""
    notebook = read(folder.notebook)
    replayed = [cell for cell in notebook.cells if "runlore" in cell.metadata]
    if len(replayed) < len(notebook.cells):
        notebook.cells = replayed
        write(notebook, folder.notebook)


def _die_with_parent(run_id: str) -> NoReturn:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    tree.kill(run_id)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
