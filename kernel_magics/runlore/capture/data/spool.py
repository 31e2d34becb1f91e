"""What forked workers open: they append it to a file of the session, which the kernel's own process reads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from runlore.capture.data.identity import Signature, sign

NAME = "opened.spool"


class Opened(msgspec.Struct, frozen=True, array_like=True):
    """One file that a worker opened; ``signature`` is as of that moment, ``None`` where it wrote or read a URL."""

    path: str
    signature: Signature | None
    remote: bool = False


_decoder = msgspec.json.Decoder(Opened)


class Spool:
    """One file for all workers of a session; a line is appended in one write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._reader: int | None = None
        self._writer: int | None = None
        self._told: set[tuple[str, bool]] = set()

    # -- in a worker ---------------------------------------------------------------------------------------

    def begin_in_child(self) -> None:
        """Called right after the fork."""
        self._writer = None
        self._told = set()

    def reading(self, path: str, by: str) -> None:  # noqa: ARG002 - as ``opens.Listener``
        self._tell(path, writes=False)

    def writing(self, path: str, by: str) -> None:  # noqa: ARG002
        self._tell(path, writes=True)

    def moving(self, source: str, target: str) -> None:  # noqa: ARG002
        self._tell(target, writes=True)

    def removing(self, path: str) -> None:
        """Told by the kernel itself: what is gone at the cell's end was not written."""

    def listing(self, directory: str) -> None:
        """Watching is the kernel's task."""

    def entering(self, directory: str) -> None:
        """As ``listing``."""

    def opening_script(self, path: str, *, to_write: bool) -> None:
        """As ``starting_process``."""

    def starting_process(self) -> None:
        """What a worker starts, the watch of directories sees."""

    def reading_remote(self, url: str) -> None:
        """An object of a store is about to be read in this worker; ``url`` without its secrets."""
        if (url, False) not in self._told:
            self._told.add((url, False))
            self._write(Opened(url, None, True))

    def _tell(self, path: str, *, writes: bool) -> None:
        if (path, writes) in self._told:
            return
        self._told.add((path, writes))
        signature = None if writes else sign(path)
        if signature is not None or writes:
            self._write(Opened(path, signature))

    def _write(self, opened: Opened) -> None:
        if self._writer is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
            self._writer = os.open(self._path, flags, 0o600)
        with contextlib.suppress(UnicodeEncodeError):
            os.write(self._writer, msgspec.json.encode(opened) + b"\n")

    # -- in the kernel -------------------------------------------------------------------------------------

    def take(self) -> list[Opened]:
        """What workers have told since the last call."""
        try:
            if self._reader is None:
                self._reader = os.open(self._path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            content = b""
            while chunk := os.pread(self._reader, 1 << 20, self._offset + len(content)):
                content += chunk
        except OSError:
            return []
        end = content.rfind(b"\n") + 1
        self._offset += end
        found = []
        for line in content[:end].splitlines():
            with contextlib.suppress(msgspec.DecodeError):
                found.append(_decoder.decode(line))
        return found

    def close(self) -> None:
        """Delete the file; workers that are left go on writing into nothing."""
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None
        with contextlib.suppress(OSError):
            self._path.unlink()
