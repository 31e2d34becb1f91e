"""Looking into an SQLite file without writing anything, not even the files that SQLite keeps beside it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from runlore_server.database import BESIDE

_WAIT = 10.0
"""Seconds to wait for another process that writes."""


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A connection that can only read; ``None`` where there is no file.

    Raises:
        sqlite3.Error, OSError: it cannot be read.
    """
    if not path.is_file():
        yield None
        return
    log, shared = (path.with_name(path.name + suffix) for suffix in BESIDE)
    with contextlib.ExitStack() as stack:
        if not _has_content(log):
            # Nothing lies outside of the file; what a writer does at this moment is seen the next time.
            place, how = path, "immutable=1" if _is_logged(path) else "mode=ro"
        elif shared.exists():
            place, how = path, "mode=ro"
        else:  # its writers were killed: SQLite would make the missing file
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="runlore-")))
            place, how = folder / path.name, "mode=rw"
            for file in (path, log):
                shutil.copyfile(file, folder / file.name)
        uri = f"file:{quote(place.as_posix())}?{how}"
        yield stack.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_WAIT)))


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _is_logged(path: Path) -> bool:
    """Whether its header says that writers append to a log beside it."""
    with path.open("rb") as file:
        header = file.read(20)
    return header[18:20] == b"\x02\x02"
