"""The data that cells read and write, recorded."""

from __future__ import annotations

import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

from runlore.capture import audit
from runlore.capture.data.clerk import Clerk
from runlore.capture.data.ledger import Ledger
from runlore.capture.data.mentioned import Mentions
from runlore.capture.data.opens import OpenWatcher
from runlore.capture.data.remote import RemoteWatcher
from runlore.capture.data.scope import Scope, absolute
from runlore.capture.data.spool import NAME, Spool
from runlore.capture.data.strangers import Strangers

if TYPE_CHECKING:
    from runlore.run import Run
    from runlore.session import Session

BLIND_READERS = (
    "pyarrow", "polars", "duckdb", "h5py", "netCDF4", "tables", "safetensors", "torchvision",
    "xgboost", "lightgbm", "catboost", "cv2", "tensorflow", "tokenizers", "sentencepiece",
    "rasterio", "fiona", "pyogrio", "soundfile", "torchaudio", "av", "decord", "SimpleITK", "pysam",
    "lance", "deltalake", "faiss", "onnxruntime",
)  # fmt: skip
"""Libraries that open files themselves, where no audit hook sees it."""

_LEVELS = 4
"""How deep a directory is watched that is named somewhere."""


class DataCapture:
    """Records which files cells opened, as ``FileRead`` and ``FileWritten``, with their contents' digests.

    What may have been opened unseen is said on the runs that it concerns, as ``NotCaptured``.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        scope = Scope(session.home.path)
        self._clerk = Clerk(session)
        self._ledger = Ledger(self._clerk)
        self._strangers = Strangers(scope, self._ledger)
        self._watch = self._strangers.watch
        self._clerk.hashing = self._watch.unseen
        self._spool = Spool(session.home.session(session.session_id) / NAME)
        self._opens = OpenWatcher(scope, self)
        self._remote = RemoteWatcher(self._ledger)
        self._mentions = Mentions(session.users)
        self._pid = os.getpid()
        self._has_workers = self._other_processes = False
        self._directory: str | None = None
        self._import_path: list[str] = []
        self._known_runs = 0
        self._open_runs: list[Run] = []
        if hasattr(os, "register_at_fork"):
            this = weakref.ref(self)
            os.register_at_fork(
                after_in_child=lambda: _call(this(), "_begin_in_child"),
                after_in_parent=lambda: _call(this(), "_forked"),
            )
        self._follow_directory()
        self._opens.start()

    # -- cells ---------------------------------------------------------------------------------------------

    def cell_started(self, ordinal: int) -> None:
        if self._pid != os.getpid():
            return
        with audit.muted():
            self._conclude()
            self._ledger.begin(ordinal)
            self._strangers.begin()
            self._follow_directory()
            self._remote.attach()
            cell, variables = self._session.cell, self._session.users.present
            for mention in self._mentions.at(cell.source if cell is not None else "", variables):
                if mention.itself:
                    self._watch.add_tree(mention.directory, _LEVELS)
                else:
                    self._watch.add(mention.directory)

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002 - the ledger knows
        if self._pid != os.getpid():
            return {}
        with audit.muted():
            opened = self._conclude()
            self._ledger.end()
            self._say_what_was_unwatched()
        return {"opened": True} if opened else {}

    def session_ended(self) -> None:
        self._opens.stop()
        self._remote.detach()
        with audit.muted():
            self._conclude()
            self._say_what_was_unwatched()
            self._clerk.close()
            self._watch.close()
            self._spool.close()

    def _conclude(self) -> bool:
        """Hand over what was opened; whether it was anything."""
        if self._has_workers:
            for opened in self._spool.take():
                if opened.remote:
                    self._remote.read_in_worker(opened.path)
                elif opened.signature is None:
                    self._ledger.writing(opened.path, "forked worker")
                elif not self._ledger.knows(opened.path):
                    self._ledger.read(opened.path, opened.signature, "forked worker")
        self._strangers.conclude()
        handed_over = self._ledger.conclude()
        if self._ledger.problem is not None:
            self._session.not_captured("data", self._ledger.problem)
            self._ledger.problem = None
        return handed_over

    def _follow_directory(self) -> None:
        try:
            directory = os.getcwd()
        except OSError:
            return
        if directory != self._directory:
            self._directory = directory
            self._watch.add_tree(directory)
        if sys.path != self._import_path:  # from there, other processes import too
            for path in sys.path:
                if type(path) is str and path and path not in self._import_path:
                    self._watch.add_tree(absolute(path), _LEVELS)
            self._import_path = list(sys.path)

    def _say_what_was_unwatched(self) -> None:
        runs = [*self._open_runs, *self._session.runs[self._known_runs :]]
        self._known_runs = len(self._session.runs)
        self._open_runs = [run for run in runs if run.status is None]
        if not runs or (self._watch.problem is None and self._watch.left_out is None):
            return
        blind = [name for name in BLIND_READERS if name in sys.modules]
        if self._other_processes:
            blind.append("other processes")
        if not blind:
            return
        # Where all but some far directories is watched, nothing speaks for a file that went unseen.
        what = "data" if self._watch.problem is not None else "directories left unwatched"
        why = (
            f"files read by {', '.join(blind)} may have gone unseen: {self._watch.problem or self._watch.left_out}"
        )
        for run in runs:
            if run.status is not None and not run.info.prefix:
                self._session.not_captured(what, why, run.run_id)

    # -- what the watchers tell ----------------------------------------------------------------------------

    def reading(self, path: str, by: str) -> None:
        self._ledger.reading(path, by)

    def writing(self, path: str, by: str) -> None:
        self._ledger.writing(path, by, ahead=True)

    def moving(self, source: str, target: str) -> None:
        self._ledger.moving(source, target)

    def removing(self, path: str) -> None:
        self._ledger.removing(path)

    def listing(self, directory: str) -> None:
        self._watch.add(directory)

    def entering(self, directory: str) -> None:
        self._watch.add_tree(directory)

    def opening_script(self, path: str, *, to_write: bool) -> None:
        if not to_write:
            self._strangers.scripts.opening(path)
        elif path.endswith(".py"):
            self._ledger.writing_script(path)

    def starting_process(self) -> None:
        self._other_processes = True
        self._strangers.process_started()

    def _forked(self) -> None:
        self._has_workers = True
        self.starting_process()

    def _begin_in_child(self) -> None:
        self._spool.begin_in_child()
        self._opens.listener = self._remote.worker = self._spool


def _call(capture: DataCapture | None, method: str) -> None:
    if capture is not None:
        getattr(capture, method)()
