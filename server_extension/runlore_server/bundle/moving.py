"""Events as they would have been recorded in another directory."""

from __future__ import annotations

import posixpath

import msgspec

from runlore.events import (
    AnyEvent,
    FileRead,
    FileWritten,
    GitCaptured,
    ModuleLoaded,
    SessionStarted,
    UncontrolledUsed,
)


class Move:
    """From the folder ``old`` of the machine that recorded a run to the folder ``new`` of this one.

    Paths outside of ``old`` stay as they are. The interpreter of the other machine is not named any more, and the
    kernel is found by its name here, unless ``interpreter`` says that this machine is meant to have the same.
    """

    def __init__(self, old: str, new: str, *, interpreter: bool = False) -> None:
        self._old, self._new = old.rstrip("/"), new.rstrip("/")
        self._interpreter = interpreter

    def path(self, path: str) -> str:
        """Where a file lies now."""
        if path == self._old:
            return self._new
        below = path.removeprefix(f"{self._old}/")
        return path if below == path or not self._old else f"{self._new}/{below}"

    def event(self, event: AnyEvent) -> AnyEvent:
        """The event with the paths that it is about; texts that merely contain one are what they were."""
        if isinstance(event, SessionStarted):
            notebook = None if event.notebook is None else self.path(event.notebook)
            executable = event.executable if self._interpreter else ""
            return msgspec.structs.replace(
                event, cwd=self.path(event.cwd), notebook=notebook, executable=executable
            )
        if isinstance(event, (FileRead, FileWritten, ModuleLoaded)):
            return msgspec.structs.replace(event, path=self.path(event.path))
        if isinstance(event, GitCaptured):
            return msgspec.structs.replace(event, root=self.path(event.root))
        if isinstance(event, UncontrolledUsed) and event.kind == "directory contents":
            digest, _, directory = event.detail.partition(" ")
            return msgspec.structs.replace(event, detail=f"{digest} {self.path(directory)}")
        return event


def below(path: str, root: str) -> str | None:
    """``path`` relative to ``root``; ``None`` where it does not lie there."""
    found = posixpath.relpath(path, root)
    return None if found == ".." or found.startswith("../") else found
