"""The checkpoint that a rerun goes on from: the one that its original had, or that of a run that was named."""

from __future__ import annotations

from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.replay import Resumed
from runlore_server.errors import DataMissing, OptionsRefused

_HOW = (
    "begin with folder = runlore.checkpoint() in the tracked cell, load what lies in it if there is anything, and "
    "save there what a further training needs"
)


def required(run: RunRecord) -> Resumed:
    """The checkpoint that a run left.

    Raises:
        OptionsRefused: it left none.
    """
    if run.checkpoint is None:
        raise OptionsRefused(f"run {run.run_id} never asked for the folder of its checkpoint: {_HOW}")
    files = run.checkpoint_files
    if not files:
        raise OptionsRefused(f"run {run.run_id} left nothing in the folder of its checkpoint: {_HOW}")
    return Resumed(source=run.run_id, files=files)


def resumed(home: Home, run: RunRecord, asked: Resumed | None) -> Resumed | None:
    """What a rerun goes on from; ``None`` for nothing.

    Args:
        home: where it is recorded.
        run: the original.
        asked: the checkpoint that was asked for, in place of the one that the original had.

    Raises:
        DataMissing: files of it are gone.
    """
    found = asked
    if found is None and run.checkpoint is not None and run.checkpoint.source is not None:
        found = Resumed(source=run.checkpoint.source, files=run.checkpoint.files)
    if found is None:
        return None
    gone = [name for name, digest in found.files.items() if not _is_there(home, digest)]
    if gone:
        raise DataMissing(
            f"the checkpoint of run {found.source} is not all there: {', '.join(gone)}; it may have been removed "
            "by a rule of 'runlore retention'",
            gone,
        )
    return found


def _is_there(home: Home, digest: str) -> bool:
    try:
        return ObjectStore(home.objects).path(digest).is_file()
    except ObjectMissing:
        return False
