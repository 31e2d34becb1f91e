"""Which processes the user's code has started, in one way or another."""

from __future__ import annotations

import os

import psutil

from runlore.capture import errands


class Kin:
    """Tells processes that descend from the kernel from those of others, such as an editor's."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._began: float = psutil.Process().create_time()
        self._known: dict[int, bool] = {}

    def forget(self) -> None:
        """Look anew at each process: ids are used again."""
        self._known.clear()

    def has(self, pid: int) -> bool | None:
        """Whether the user's code has started this process; ``None`` of one that is gone before anyone looked."""
        if errands.is_one(pid):
            return False
        known = self._known.get(pid)
        if known is None:
            try:
                known = self._known[pid] = self._look(psutil.Process(pid))
            except psutil.Error:
                return None
        return known

    def _look(self, process: psutil.Process) -> bool:
        line = [process, *process.parents()]
        if any(one.pid == self._pid for one in line):
            return not any(errands.is_one(one.pid) for one in line)
        # One whose parent has ended hangs from the first process of all; it may be the kernel's if it is younger.
        return all(one.pid == 1 or one.create_time() > self._began for one in line)
