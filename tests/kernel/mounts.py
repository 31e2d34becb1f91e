"""File systems of a few megabytes, mounted for a test."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_MAKERS = {"ext4": ["mkfs.ext4", "-q"], "btrfs": ["mkfs.btrfs", "-q", "-m", "single", "-d", "single"]}


@contextmanager
def mounted(kind: str, directory: Path, size: str = "120M") -> Iterator[Path]:
    """An empty file system (``tmpfs``, ``ext4``, ``btrfs``, ``fuse``); skips where none can be mounted."""
    point, image = directory / f"{kind}-mounted", directory / f"{kind}-image"
    point.mkdir()
    needed = {"tmpfs": "mount", "fuse": "bindfs"}.get(kind) or _MAKERS[kind][0]
    if os.name != "posix" or os.getuid() != 0 or shutil.which(needed) is None:
        pytest.skip(f"mounting {kind} takes root and {needed}")
    if kind == "tmpfs":
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(point)]
    elif kind == "fuse":
        image.mkdir()
        mount = ["bindfs", str(image), str(point)]
    else:
        with image.open("wb") as file:
            file.truncate(int(size.removesuffix("M")) << 20)
        subprocess.run([*_MAKERS[kind], str(image)], check=True, capture_output=True)
        mount = ["mount", "-o", "loop", str(image), str(point)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(f"{kind} cannot be mounted here")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)
