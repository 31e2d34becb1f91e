"""The files of a home that may speak of objects: all of them but those that are known not to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from runlore.capture.data.clerk import CACHE
from runlore.capture.records import FOLDER as INSTALLED
from runlore.checkpoint_folder import FOLDER
from runlore.home import Home
from runlore_server.retention.notes import NAME

_SILENT = {
    *("objects", "environments", "pins", INSTALLED, "mlflow", "sweeps", "sweeps.sqlite"),
    *("key", CACHE, "index.sqlite", NAME),
}
"""At the top of a home: the objects themselves, and what is built from the rest of it, or from elsewhere."""

_SILENT_ENDS = (".curve", ".parquet", ".lock", "states.bin")
_BESIDE_DATABASES = ("-wal", "-shm", "-journal")


def speaking(home: Home) -> Iterator[Path]:
    """Every file that may name an object, those of the sessions first: what is moved from there comes later.

    Links are followed, each folder is entered once. A folder of a later version is among them.

    Raises:
        OSError: a folder cannot be listed.
    """
    entered: set[tuple[int, int]] = set()
    yield from _below(home.sessions, entered)
    yield from _below(home.path, entered, _SILENT)


def _below(
    directory: Path, entered: set[tuple[int, int]], without: frozenset[str] | set[str] = frozenset()
) -> Iterator[Path]:
    folders = []
    try:
        stat = os.stat(directory)
        if (stat.st_dev, stat.st_ino) in entered:
            return
        entered.add((stat.st_dev, stat.st_ino))
        with os.scandir(directory) as entries:
            for entry in entries:
                if without and _database(entry.name) in without:
                    continue
                if _is_folder(entry):
                    if not is_checkpoint(Path(entry.path)):
                        folders.append(Path(entry.path))
                elif not entry.name.endswith(_SILENT_ENDS):
                    yield Path(entry.path)
    except FileNotFoundError:
        return  # moved or deleted meanwhile
    for folder in folders:
        yield from _below(folder, entered)


def is_checkpoint(path: Path) -> bool:
    """Whether it is the folder of a run's checkpoint, in which files are the user's (see ``Run.checkpoint``)."""
    return path.name == FOLDER and path.parent.parent.name == "runs"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False


def _database(name: str) -> str:
    """The database that a file beside one belongs to; any other name as it is."""
    return next((name.removesuffix(end) for end in _BESIDE_DATABASES if name.endswith(end)), name)
