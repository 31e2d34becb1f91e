"""The lock files that a project keeps beside its notebooks: they name packages with the hashes of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from runlore.capture.lock import without_credentials
from runlore.objects import ObjectStore

NAMES = ("uv.lock", "poetry.lock", "pdm.lock", "pixi.lock", "Pipfile.lock", "pylock.toml", "conda-lock.yml")
"""Files that are lock files by their names; ``requirements*.txt`` are where they hold hashes."""

_LIMIT = 8 * 2**20
_MOST_LEVELS = 8
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"`<>,;]+", re.IGNORECASE)
_SECRET = re.compile(r"(--(?:client-cert|proxy)[ =])\S+")

State = tuple[tuple[str, int, int], ...]
"""Path, time of the last change in ns and size of each file."""


def near(directory: Path) -> State:
    """The lock files in ``directory`` and above it, up to the root of the repository; the nearest first."""
    found = []
    for folder in (directory, *directory.parents[:_MOST_LEVELS]):
        for file in _candidates(folder):
            try:
                stat = file.stat()
            except OSError:
                continue
            if stat.st_size <= _LIMIT:
                found.append((str(file), stat.st_mtime_ns, stat.st_size))
        if (folder / ".git").exists() or folder == Path.home():
            break
    return tuple(found)


def _candidates(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    for name in entries:
        if name in NAMES or (name.startswith("requirements") and name.endswith(".txt")):
            yield folder / name


def keep(files: State, objects: ObjectStore) -> dict[str, str]:
    """Store the lock files' text, without credentials; the digest by the path.

    Raises:
        OSError: the store cannot be written.
    """
    found = {}
    for path, _, _ in files:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if Path(path).suffix == ".txt" and "--hash" not in text:
            continue
        text = _URL.sub(lambda url: without_credentials(url.group()), text)
        found[path] = objects.put(_SECRET.sub(r"\1...", text).encode())
    return found
