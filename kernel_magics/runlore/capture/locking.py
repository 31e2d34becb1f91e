"""Having the environment's lock taken in a process of its own, only when something has changed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import blake3
import msgspec

import runlore
from runlore.capture import errands, lockfiles, records, wheels
from runlore.capture.environment import Directories
from runlore.capture.taking import Order, Taken, take

_TIMEOUT = 120.0
_CODE = "import sys; sys.path += {folders!r}; from runlore.capture.taking import main; main()"


class LockNotTaken(Exception):
    """The lock could not be taken; the text says why."""


class Locking:
    """Takes locks for the environments of one process; used by one thread at a time, but for ``stop``."""

    def __init__(self, objects: Path) -> None:
        self._objects = objects
        self._seen: tuple[Directories, lockfiles.State] = ((), ())
        self._state: list[str] = []
        self._taken: Taken | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    def take(self, directories: Directories, project: Path) -> Taken:
        """The lock of the present environment, with the lock files around the folder ``project``.

        Raises:
            LockNotTaken: that went wrong, took too long, or was stopped.
        """
        files = lockfiles.near(project)
        seen = (directories, files)
        if self._taken is not None and seen == self._seen and self._state == self._states():
            return msgspec.structs.replace(self._taken, problems=[])
        base = getattr(sys, "_base_executable", None) or sys.executable
        order = Order(
            directories=[os.path.abspath(path) for path, _ in directories],  # noqa: PTH100 - '' is the present folder
            objects=str(self._objects),
            prefix=sys.prefix,
            base=base or "",
            lockfiles=files,
            remembered=str(records.file_of(self._objects.parent, sys.prefix)),
        )
        taken = self._take(order)
        self._seen, self._taken, self._state = seen, taken, []
        self._state = self._states()
        return taken

    def stop(self) -> None:
        """End what is going on."""
        self._stopped.set()
        if (child := self._child) is not None:
            child.kill()

    def _states(self) -> list[str]:
        """What changes with the local sources that packages are imported from, without a new installation."""
        found = []
        for path in self._taken.sources if self._taken is not None else ():
            try:
                found.append(wheels.tree_state(Path(path)))
            except (wheels.TooLarge, OSError, subprocess.TimeoutExpired):
                found.append("")
        return found

    def _take(self, order: Order) -> Taken:
        try:
            if not sys.executable:
                return take(order)  # embedded in another program: there is no interpreter to start
            return msgspec.json.decode(self._ask(msgspec.json.encode(order)), type=Taken)
        except (OSError, msgspec.MsgspecError) as error:
            raise LockNotTaken(f"{type(error).__name__}: {error}") from error

    def _ask(self, order: bytes) -> bytes:
        # Isolated, with no folder of the user's before the standard library: nothing of theirs must run there.
        needed = {str(Path(str(module.__file__)).parents[1]) for module in (runlore, blake3, msgspec)}
        if self._stopped.is_set():
            raise LockNotTaken("the session ended before")
        with subprocess.Popen(  # noqa: S603 - this interpreter, this package
            [sys.executable, "-I", "-S", "-c", _CODE.format(folders=sorted(needed))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A kernel that shuts down terminates its process group, and Ctrl-C in a terminal interrupts it.
            start_new_session=True,
        ) as child:
            self._child = child
            errands.sent(child.pid)
            try:
                answer, complaint = child.communicate(order, timeout=_TIMEOUT)
            except subprocess.TimeoutExpired:
                child.kill()
                raise LockNotTaken(f"it took more than {_TIMEOUT:.0f} s") from None
            finally:
                self._child = None
        if self._stopped.is_set():
            raise LockNotTaken("the session ended before")
        if child.returncode != 0:
            last = complaint.decode(errors="replace").strip().splitlines()[-1:]
            raise LockNotTaken(last[0] if last else f"exit status {child.returncode}")
        return answer
