"""Files that are replaced as a whole."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a kill, finds the old content or the new, never a part of it.

    Raises:
        OSError: it cannot be written; the old content is still there.
    """
    # A name of its own, and a file that is new: one that is there may be a link that leads elsewhere.
    staged = path.with_name(f".{path.name}-{secrets.token_hex(4)}.staged")
    try:
        with staged.open("xb") as file:
            file.write(content)
        os.replace(staged, path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
