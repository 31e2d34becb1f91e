"""The child process that executes one rerun: ``python -m runlore_server.rerun.runner FOLDER``.

It begins when a line comes on standard input, which may be well after its start. It ends when its cells are done,
on SIGINT or SIGTERM (the notebook keeps what came so far), or when its standard input is closed, which is how it
learns that its parent is gone. In each case no process of the rerun is left.

The kernel boots while papermill is imported, and waits for nothing else: what it needs comes first here.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from runlore.home import Home
from runlore_server.rerun import data, notebook, tree
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome, ReplayNotStarted
from runlore_server.rerun.replayer import Replayer, warm_up

_UNNEEDED = ("rfc3987_syntax", "isoduration", "pyarrow")
"""Optional packages that jsonschema and papermill import where they are installed, for what no rerun does:
checking IRIs (a second, for a grammar) and durations, and notebooks on HDFS (a quarter of a second)."""

_log = logging.getLogger("runlore.rerun")


def main(path: str) -> NoReturn:
    """Execute the rerun in the folder ``path`` and write how it ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run_id = os.environ[tree.MARK]
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)  # a parent that ignores it would have passed that on
    tree.adopt_orphans()
    warm_up()
    if not os.read(sys.stdin.fileno(), 1024):
        sys.exit("the rerun was given up before it began")
    threading.Thread(target=_die_with_parent, args=[run_id], name="parent", daemon=True).start()
    folder = Folder(Path(path))
    try:
        outcome = _execute(Home.default(), folder, run_id)  # which the parent has set
    except KeyboardInterrupt:
        outcome = Outcome(failure="stopped", message="the rerun was stopped")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    if not tree.kill(run_id):
        _log.warning("some processes that the notebook started could not be ended")
    folder.end(outcome)
    _log.info("ended: %s", outcome.failure or "all cells executed")
    logging.shutdown()
    os._exit(0)  # all is written; to take the interpreter down would keep the parent waiting


def _execute(home: Home, folder: Folder, run_id: str) -> Outcome:
    """Start the kernel, verify the data, execute the cells, let the kernel end."""
    try:
        replayer = Replayer(home, folder, run_id)
        stopped = True
        try:
            for found in data.verify(home, folder):
                if found.status != "same":
                    _log.warning("%s", found.sentence())
            replayer.begin()
            outcome = _replay(folder, replayer)
            stopped = False
        finally:
            replayer.end(stopped=stopped)
    except ReplayNotStarted as error:
        return Outcome(failure=error.failure, message=str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must be told
        _log.exception("the rerun could not be executed")
        return Outcome(failure="internal", message=f"{type(error).__name__}: {error}")
    return outcome


def _replay(folder: Folder, replayer: Replayer) -> Outcome:
    for name in _UNNEEDED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # to import it is an ImportError then
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    launch, path = folder.launch(), str(folder.notebook)
    try:
        papermill.execute_notebook(
            path,
            path,
            engine_name="runlore",
            kernel_name=launch.kernel.name or "python3",
            cwd=launch.cwd,
            progress_bar=False,
            replayer=replayer,
            cells=folder.plan().cells,
        )
    except PapermillExecutionError:
        # papermill says so for every cell with an error; whether the original had it is for the verdict
        _remove_error_markers(folder)
    except DeadKernelError:
        return Outcome(failure="kernel died", message="the kernel died while a cell ran")
    return Outcome()


def _remove_error_markers(folder: Folder) -> None:
    """Take out the cells by which papermill points at errors: the notebook holds the replayed cells only."""
    whole = notebook.read(folder.notebook)
    whole["cells"] = [cell for cell in whole["cells"] if "runlore" in cell["metadata"]]
    notebook.write(whole, folder.notebook)


def _die_with_parent(run_id: str) -> NoReturn:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    tree.kill(run_id)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
