"""What the machine, this process with those that it started, and its GPUs are busy with.

The names are MLflow's where MLflow has one. Megabytes have a million bytes.
"""

from __future__ import annotations

import contextlib
import time

import psutil

from runlore.capture.gpus import Gpus


class Load:
    """Measures; all methods are called from one thread. ``lacking`` and ``devices`` are what ``Gpus`` says."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._gpus = Gpus()
        self.lacking = self._gpus.lacking
        self.devices = self._gpus.models
        self._spent: tuple[float, float] | None = None

    def begin(self) -> None:
        """Shares of time are counted from here."""
        psutil.cpu_percent()
        self._spent = (time.monotonic(), self._tree()[0])

    def measured(self) -> dict[str, float]:
        """What is so now, or was on average since the last time, by metric."""
        memory = psutil.virtual_memory()
        spent, held = self._tree()
        now = time.monotonic()
        found = {
            "system/cpu_utilization_percentage": psutil.cpu_percent(),
            "system/system_memory_usage_megabytes": memory.used / 1e6,
            "system/system_memory_usage_percentage": memory.percent,
            "system/kernel_memory_usage_megabytes": held / 1e6,
        }
        if self._spent is not None and now > self._spent[0]:
            # A child that nobody waited for takes its time with it.
            share = max(0.0, spent - self._spent[1]) / (now - self._spent[0])
            found["system/kernel_cpu_utilization_percentage"] = 100 * share
        self._spent = (now, spent)
        return found

    def measured_devices(self) -> dict[str, float]:
        """The same of GPUs, as their driver tells it: no process should be forked meanwhile."""
        return self._gpus.measured()

    def _tree(self) -> tuple[float, int]:
        """Seconds of processors that this process and its descendants have used, and the bytes that they hold."""
        seconds, held = 0.0, 0
        processes = [self._process]
        with contextlib.suppress(psutil.Error, OSError):
            processes += self._process.children(recursive=True)
        for process in processes:
            with contextlib.suppress(psutil.Error, OSError):  # it has ended meanwhile
                with process.oneshot():
                    times = process.cpu_times()
                    held += process.memory_info().rss
                seconds += times.user + times.system
                seconds += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return seconds, held
