"""Files that are replaced as a whole."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a kill, finds the old content or the new, never a part of it.

    Raises:
        OSError: it cannot be written; the old content is still there.
    """
    staged = path.with_name(f".{path.name}.staged")
    staged.write_bytes(content)
    os.replace(staged, path)
