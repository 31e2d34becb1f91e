"""The folders of curves of a home, as they lie on the disk, whatever the journals say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runlore.archive import FILE
from runlore.home import Home


@dataclass(frozen=True)
class CurveFolder:
    """The folder of one run.

    Attributes:
        run_id: which.
        path: the folder.
        files: the sizes of its curve files by name, in bytes.
        changed: when the latest of them changed, in Unix seconds; 0 without any.
        archived: when its archive was written, in Unix seconds; ``None`` without one.
        used: when anything in it was made, or when it was last looked at, in Unix seconds.
    """

    run_id: str
    path: Path
    files: dict[str, int]
    changed: float
    archived: float | None
    used: float

    @property
    def size(self) -> int:
        """Bytes of all its curve files."""
        return sum(self.files.values())

    @property
    def awaits_archiving(self) -> bool:
        """Whether it holds curves that are newer than its archive."""
        return bool(self.files) and (self.archived is None or self.changed > self.archived)


def curve_folders(home: Home) -> Iterator[CurveFolder]:
    """Every folder of curves, the sessions that began first coming first; what cannot be read is passed over."""
    for session in sorted(_folders(home.sessions)):
        for run in _folders(session / "runs"):
            with suppress(OSError):
                yield _read(run)


def _folders(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as found:
            return [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _read(path: Path) -> CurveFolder:
    files, changed, archived = {}, 0.0, None
    with os.scandir(path) as found:
        for entry in found:
            if not entry.is_file(follow_symlinks=False):
                continue
            if entry.name == FILE:
                archived = entry.stat(follow_symlinks=False).st_mtime
            elif entry.name.endswith(".curve"):
                stat = entry.stat(follow_symlinks=False)
                files[entry.name], changed = stat.st_size, max(changed, stat.st_mtime)
    return CurveFolder(path.name, path, files, changed, archived, os.stat(path).st_mtime)
