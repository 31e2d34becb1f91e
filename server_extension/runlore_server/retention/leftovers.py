"""What writers that were killed left behind, and what was set aside because it was damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runlore.home import Home
from runlore.live_output import FILE as LIVE
from runlore_server.retention.files import is_checkpoint

_UNFINISHED = (".staged", ".fetched-", ".key-")
_ENDS = (".staged", ".part")
"""How hidden names begin, or end, of what takes its place under its own name once it is whole."""

_DAMAGED = ".damaged"


@dataclass(frozen=True)
class Piece:
    """A file or a folder: its bytes, and when it was last changed, in Unix seconds."""

    path: Path
    size: int
    changed: float

    def remove(self) -> None:
        """Remove it from disk.

        Raises:
            OSError: that cannot be done.
        """
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)


def measured(path: Path) -> Piece:
    """A file, or a folder with all that is in it and the last change of any of that; links are not followed.

    Raises:
        OSError: it is gone, or cannot be read.
    """
    stat = path.lstat()
    size, changed = stat.st_size, stat.st_mtime
    if path.is_dir() and not path.is_symlink():
        size = 0
        for folder, names, files in os.walk(path):
            for name in (*names, *files):
                inside = (Path(folder) / name).lstat()
                changed = max(changed, inside.st_mtime)
                size += inside.st_size if name in files else 0
    return Piece(path, size, changed)


def leftovers(home: Home, before: float) -> Iterator[Piece]:
    """Leftovers of the home that were last changed before the given time."""
    for folder in _folders(home):
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if _is_left_over(folder / entry.name)]
        except OSError:
            continue
        for name in names:
            try:
                piece = measured(folder / name)
            except OSError:
                continue  # its writer has just finished, or it is another user's
            if piece.changed < before:
                yield piece


def _folders(home: Home) -> Iterator[Path]:
    """Where Runlore writes, but for folders in which names are the user's."""
    yield from (home.path, home.objects, home.mirror, home.path / "pins", home.path / "mlflow")
    yield from _below(home.reruns)
    for sessions in (home.sessions, home.mirror):
        for session in _below(sessions):
            yield session
            if not (session / "runs").is_symlink():
                yield from _below(session / "runs")


def _below(directory: Path) -> list[Path]:
    """The folders in one; none that a link leads to, since what lies there may be anybody's."""
    try:
        with os.scandir(directory) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _is_left_over(path: Path) -> bool:
    """Whether it is something in the making or damaged, both no names of curves, or what a killed kernel left."""
    name = path.name
    if is_checkpoint(path) or name == LIVE:
        return True
    if name.endswith(".curve"):
        return False
    return name.startswith(_UNFINISHED) or (name[:1] == "." and name.endswith(_ENDS)) or name.endswith(_DAMAGED)
