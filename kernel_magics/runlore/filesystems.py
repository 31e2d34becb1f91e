"""How a curve file may be written where it lies.

Mapped files need a file system that writes in place: one that keeps the pages of all processes of all machines in
step, and that never asks for more room when a page is written that was there before. Network and FUSE file systems
fail the first, copy-on-write ones the second: on a full disk they end the process with SIGBUS. So it is known ones
that are mapped, and all others get plain writes.
"""

from __future__ import annotations

import enum
import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

_LINUX = ("ext2", "ext3", "ext4", "xfs", "jfs", "tmpfs", "ramfs", "overlay", "vfat", "exfat", "msdos")
_OTHERS = ("apfs", "hfs", "ufs", "ntfs", "ntfs3", "fat32", "fat")
_IN_PLACE = frozenset((*_LINUX, *_OTHERS))
_LOCAL = frozenset(("btrfs", "zfs", "bcachefs", "f2fs", "nilfs2", "fuseblk", "refs"))
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Room(enum.Enum):
    """What a file system is to a writer of curves."""

    MAPPED = "mapped"
    """It writes in place: curves are mapped."""
    LOCAL = "local"
    """A disk of this machine that does not: a plain write is seen by all at once."""
    REMOTE = "remote"
    """Another machine's or unknown: a plain write may be held back here for a while."""


@lru_cache(maxsize=256)
def room_of(directory: Path) -> Room:
    """What the file system is on which an existing directory lies; asked once for each."""
    kind = kind_at(os.path.realpath(directory), _mounts())
    if kind in _IN_PLACE:
        return Room.MAPPED
    return Room.LOCAL if kind in _LOCAL else Room.REMOTE


def kind_at(path: str, mounts: Iterable[tuple[str, str]]) -> str:
    """The type, in lower case, of the file system that holds a path; empty where no mount is above it.

    Args:
        path: an absolute path without links.
        mounts: mount point and type of each file system, in the order in which they were mounted.
    """
    found, longest = "", -1
    for point, kind in mounts:
        inside = path == point or path.startswith(point if point.endswith(os.sep) else point + os.sep)
        if inside and len(point) >= longest:  # what was mounted later hides what was there before
            found, longest = kind.lower(), len(point)
    return found


def parse_mountinfo(text: str) -> list[tuple[str, str]]:
    """Mount point and type of each line of Linux's ``/proc/self/mountinfo``; see ``proc(5)``."""
    mounts = []
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if dash and len(fields) > 4:
            point = _ESCAPED.sub(lambda digits: chr(int(digits[1], 8)), fields[4])
            mounts.append((point, after.split(" ", 1)[0]))
    return mounts


def _mounts() -> list[tuple[str, str]]:
    try:
        if sys.platform == "linux":
            return parse_mountinfo(Path("/proc/self/mountinfo").read_text(errors="surrogateescape"))
        import psutil

        return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    except OSError:
        return []
