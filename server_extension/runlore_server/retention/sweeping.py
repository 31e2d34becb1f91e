"""The folder of objects: what lies in it, and removing some of it while kernels go on storing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runlore.home import Home

_DIGEST = re.compile(r"[0-9a-f]{64}")
DOOMED = ".doomed-"
"""How an object is called in the moment before it is removed."""


@dataclass(frozen=True)
class Stored:
    """An object on disk: bytes, and when it was last stored, in Unix seconds."""

    size: int
    stored: float


def stored_objects(home: Home) -> dict[bytes, Stored]:
    """Every object of the home, by its digest.

    Raises:
        OSError: the folder cannot be listed.
    """
    found = {}
    try:
        with os.scandir(home.objects) as entries:
            for entry in entries:
                if _DIGEST.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):
                        stat = entry.stat(follow_symlinks=False)
                        found[entry.name.encode()] = Stored(stat.st_size, stat.st_mtime)
    except FileNotFoundError:
        return {}
    return found


def put_back(home: Home) -> None:
    """Let the objects be there again that a collector was about to remove when it was killed: one decides anew.

    Raises:
        OSError: that cannot be done.
    """
    if home.objects.is_dir():
        for path in home.objects.glob(f"{DOOMED}*"):
            _put_back(path)


def sweep(home: Home, doomed: Iterable[tuple[bytes, float]]) -> set[bytes]:
    """Remove objects unless they were stored again meanwhile.

    An object is first moved aside. Who stores its content again has either found it before, and then its time has
    changed, or does not find it any more and writes it anew: nothing is lost in between.

    Args:
        home: where they are.
        doomed: digest, and the time (Unix seconds) from which on somebody may have stored it who will name it.

    Returns:
        Those that were removed.
    """
    removed = set()
    for digest, since in doomed:
        path = home.objects / digest.decode()
        aside = path.with_name(DOOMED + path.name)
        try:
            os.replace(path, aside)
        except OSError:  # another user's, or opened by somebody on Windows
            continue
        if aside.lstat().st_mtime >= since:
            _put_back(aside)
        else:
            aside.unlink()
            removed.add(digest)
    return removed


def _put_back(aside: Path) -> None:
    path = aside.with_name(aside.name.removeprefix(DOOMED))
    if path.exists():
        aside.unlink()
    else:
        os.replace(aside, path)
