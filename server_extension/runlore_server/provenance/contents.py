"""The content of a run's artifacts, known to be what was logged before any of it is given away."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import Artifact, RunRecord
from runlore.untrusted import open_regular
from runlore_server.errors import ArtifactNotFound

_MOST = 1000
"""Objects whose hash is known to have been right."""

_Stamp = tuple[int, int, int, int]


class Contents:
    """Opens objects whose hash is right, which is looked at again when they changed; for several threads."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._right: OrderedDict[str, _Stamp] = OrderedDict()

    def path(self, artifact: Artifact) -> Path:
        """Where the content of an artifact lies; nobody changes it there. Blocks while it is hashed.

        Raises:
            ObjectMissing: it is gone, or is another content than was logged.
        """
        path = self._objects.path(artifact.digest)
        stamp = _stamp(path)
        with self._lock:
            if stamp is not None and self._right.get(artifact.digest) == stamp:
                return path
        self._objects.verified(artifact.digest, artifact.size)
        with self._lock:
            if stamp is not None:
                self._right[artifact.digest] = stamp
                if len(self._right) > _MOST:
                    self._right.popitem(last=False)
        return path

    def open(self, artifact: Artifact) -> BinaryIO:
        """The content of an artifact, opened for reading; raises as ``path`` does."""
        try:
            return open_regular(self.path(artifact))
        except OSError as error:
            raise ObjectMissing(f"object {artifact.digest} cannot be read: {error.strerror}") from error


def artifact_of(run: RunRecord, path: str) -> Artifact:
    """The artifact that a run logged under this path: a name in its record, never one on a disk.

    Raises:
        ArtifactNotFound: there is none.
    """
    if (artifact := run.artifacts.get(path)) is None:
        raise ArtifactNotFound(f"run {run.run_id} has no artifact {path!r:.200}")
    return artifact


def _stamp(path: Path) -> _Stamp | None:
    """What is another thing after every change of the file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
