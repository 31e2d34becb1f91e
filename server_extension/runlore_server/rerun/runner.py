"""The child process that executes one rerun; see ``keeper`` for how it is started.

It does what it is told by lines on standard input: ``boot`` starts the kernel of its folder, ahead of its turn;
``begin`` executes the rerun that the folder holds by then. It ends when its cells are done, on SIGINT or SIGTERM
(the notebook keeps what came so far), or when its standard input is closed, which is how it learns that its parent
is gone. In each case no process of the rerun is left.

Where it begins at once, the kernel boots while papermill is imported, and waits for nothing else: what it needs
comes first here.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

import msgspec

from runlore.home import Home
from runlore_server.rerun import data, death, notebook, tree
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome, ReplayNotStarted
from runlore_server.rerun.outputs import OutputLimit
from runlore_server.rerun.replayer import Replayer, warm_up

_UNNEEDED = ("rfc3987_syntax", "isoduration", "pyarrow", "boto3", "gcsfs", "github", "azure")
"""Optional packages that jsonschema and papermill import where they are installed, for what no rerun does:
checking IRIs (a second, for a grammar) and durations, and notebooks that lie elsewhere (up to a quarter of a
second each)."""

BOOT, BEGIN = b"boot\n", b"begin\n"
"""The lines that a runner is told."""

_log = logging.getLogger("runlore.rerun")


def main(path: str) -> NoReturn:
    """Execute the rerun in the folder ``path`` and write how it ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run_id = os.environ[tree.MARK]
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.default_int_handler)  # a parent that ignores it would have passed that on
    tree.adopt_orphans()
    _append_to_log()
    warm_up()
    home, folder = Home.default(), Folder(Path(path))  # which the parent has set
    ahead: Replayer | None = None
    try:
        while (told := sys.stdin.buffer.readline()) != BEGIN:
            if told != BOOT:
                _log.info("given up before it began")
                sys.exit(not tree.kill_own(run_id))
            ahead = _booted(home, folder, run_id)
            import_papermill()
        threading.Thread(target=_die_with_parent, args=[run_id], name="parent", daemon=True).start()
        outcome = _execute(home, folder, run_id, ahead)
    except KeyboardInterrupt:
        outcome = Outcome(failure="stopped", message="the rerun was stopped")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    if not (cleared := tree.kill_own(run_id)):
        _log.warning("some processes that the notebook started could not be ended")
    folder.end(outcome)
    _log.info("ended: %s", outcome.failure or "all cells executed")
    logging.shutdown()
    os._exit(0 if cleared else 1)  # all is written; to take the interpreter down would keep the parent waiting


def _append_to_log() -> None:
    """Let all that is written to the log, here and by the kernel, come at its end, also after it was cut."""
    if sys.platform != "win32":
        import fcntl

        fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_APPEND)


def import_papermill() -> None:
    """Import what executes a notebook; it takes as long as a kernel takes to boot."""
    for name in _UNNEEDED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # to import it is an ImportError then
    import nbformat
    import papermill  # noqa: F401

    nbformat.validate(nbformat.v4.new_notebook())  # type: ignore[no-untyped-call]  # the first time imports more


def _booted(home: Home, folder: Folder, run_id: str) -> Replayer | None:
    """The kernel of the rerun as it is prepared now; where it cannot be started, that is told in its turn."""
    try:
        replayer = Replayer(home, folder, run_id)
    except Exception:  # noqa: BLE001 - it is started once more when it is to begin
        return None
    replayer.import_ahead()
    return replayer


def _execute(home: Home, folder: Folder, run_id: str, ahead: Replayer | None) -> Outcome:
    """Start the kernel, unless it was ``ahead``; verify the data, execute the cells, let the kernel end."""
    try:
        if ahead is not None and not ahead.serves(folder):
            ahead.discard()
            ahead = None
        replayer = ahead or Replayer(home, folder, run_id)
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
    import_papermill()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    launch, cells, path, limit = folder.launch(), folder.plan().cells, str(folder.notebook), OutputLimit()
    outcome = Outcome()
    try:
        papermill.execute_notebook(
            path,
            path,
            engine_name="runlore",
            kernel_name=launch.kernel.name or "python3",
            cwd=launch.cwd,
            progress_bar=False,
            replayer=replayer,
            cells=cells,
            limit=limit,
        )
    except PapermillExecutionError:
        # papermill says so for every cell with an error; whether the original had it is for the verdict
        _remove_error_markers(folder)
    except DeadKernelError:
        if replayer.lost is not None:
            outcome = Outcome(failure="kernel lost", message=replayer.lost)
        else:
            how = death.told(replayer.exit_status)
            outcome = Outcome(failure="kernel died", message=f"the kernel died while a cell ran{how}")
    left_out = {cells[index].ordinal: size for index, size in limit.dropped.items()}
    return msgspec.structs.replace(outcome, left_out=left_out)


def _remove_error_markers(folder: Folder) -> None:
    """Take out the cells by which papermill points at errors: the notebook holds the replayed cells only."""
    whole = notebook.read(folder.notebook)
    whole["cells"] = [cell for cell in whole["cells"] if "runlore" in cell["metadata"]]
    notebook.write(whole, folder.notebook)


def _die_with_parent(run_id: str) -> NoReturn:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    tree.kill_own(run_id)
    os._exit(1)
