"""Looking whether files have another content than before: cheaply as long as nothing touches them."""

from __future__ import annotations

import os
import stat

import msgspec

from runlore.capture.data.identity import StatCache, identify
from runlore_server.automation.schedule import Watched


def stat_of(path: str) -> tuple[int, int, int] | None:
    """Size, time of change in nanoseconds and inode of a regular file; ``None`` for anything else."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def seen(path: str) -> Watched:
    """A file as it is now."""
    before = stat_of(path)
    digest = identify(path).digest if before is not None else None
    return Watched(path=path, digest=digest, stat=before if digest is not None else None)


class Watcher:
    """Looks at files again and again; one that is being written is left until it has come to rest.

    Args:
        cache: of digests, so that a large file is read once.
    """

    def __init__(self, cache: StatCache) -> None:
        self._cache = cache
        self._moving: dict[str, tuple[int, int, int]] = {}
        """What was seen of a file that is other than known."""

    def look(self, watched: Watched) -> Watched:
        """The file as it is now, or as it was known where it is gone or not at rest."""
        now = stat_of(watched.path)
        if now is None or now == watched.stat:
            self._moving.pop(watched.path, None)
            return watched
        if self._moving.get(watched.path) != now:
            self._moving[watched.path] = now
            return watched
        digest = identify(watched.path, cache=self._cache).digest
        if digest is None or stat_of(watched.path) != now:
            return watched
        del self._moving[watched.path]
        return msgspec.structs.replace(watched, digest=digest, stat=now)
