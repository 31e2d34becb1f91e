"""The kernels of a soak: real ones, which log what can be told from a step, and count what they have logged."""

from __future__ import annotations

import mmap
import os
import signal
import struct
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from runlore.home import Home
from runlore.session_record import sessions

METRICS = ("loss-0", "acc-0", "loss-1", "acc-1")
"""Two threads log two metrics each."""

_RUNS = 4096
_RUN_SECONDS = 20.0
_BYTES = 8 * (1 + _RUNS * len(METRICS))

_LOAD = "%load_ext runlore"
_RUN = """%%track {name}
import mmap, threading, time, runlore
def soak(path, first, seconds, rate):
    with open(path, "r+b") as file:
        counts = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    def work(thread):
        loss, acc = f"loss-{{thread}}", f"acc-{{thread}}"
        at, count, start = first + 2 * thread, 0, time.monotonic()
        while time.monotonic() < start + seconds and not counts[0]:
            for _ in range(100):
                runlore.log({{loss: count * 0.5, acc: float(-count)}})
                count += 1
                counts[at] = counts[at + 1] = count
            if rate:
                time.sleep(max(start + 4 * count / rate - time.monotonic(), 0))
    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(2)]
    used = time.process_time()
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    points = 2 * sum(counts[first + 2 * thread] for thread in range(2))
    runlore.log_params({{"per second": points / (time.process_time() - used)}})
soak({path!r}, {first}, {seconds}, {rate})
"""


def expected(metric: str, steps: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The values that a metric has at its steps."""
    return steps * 0.5 if metric.startswith("loss") else -steps.astype(np.float64)


class Kernel:
    """A kernel that logs one run after the other.

    Args:
        home: of its runs, which are named ``NAME NUMBER``.
        counts: a file to make, for what it has logged; ``name`` is its last part.
        rate: points a second; 0 for as many as can be.
        seconds: how long each run is.
    """

    def __init__(self, home: Path, counts: Path, rate: int, seconds: float = _RUN_SECONDS) -> None:
        self.name = counts.name
        self._path, self._rate, self._seconds = counts, rate, seconds
        counts.parent.mkdir(parents=True, exist_ok=True)
        with counts.open("wb") as file:
            file.truncate(_BYTES)
        with counts.open("r+b") as file:
            self._counts = mmap.mmap(file.fileno(), _BYTES)
        self._runs = 0
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(
            extra_arguments=["--log-level=40"], env={**os.environ, "RUNLORE_HOME": str(home)}
        )
        client = self._manager.client()
        assert isinstance(client, BlockingKernelClient)
        self._client = client
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)
        self._client.execute(_LOAD)
        self._last: str | None = None
        self.go_on()

    def go_on(self) -> None:
        """Begin the next run if the last one is over."""
        if not self.is_idle():
            return
        at = 1 + self._runs * len(METRICS)
        name = f"{self.name} {self._runs}"
        code = _RUN.format(
            name=repr(name),
            path=str(self._path),
            first=at,
            seconds=self._seconds,
            rate=self._rate,
        )
        self._last = self._client.execute(code)
        self._runs += 1

    def is_idle(self) -> bool:
        """Whether the last run is over; errors of the cell are raised here."""
        while self._last is not None and self._client.shell_channel.msg_ready():
            reply = self._client.get_shell_msg(timeout=1)
            if reply["content"]["status"] == "error":
                raise RuntimeError("\n".join(reply["content"]["traceback"]))
            if reply["parent_header"].get("msg_id") == self._last:
                self._last = None
        return self._last is None

    def wait(self) -> None:
        """Wait for the last run."""
        while not self.is_idle():
            time.sleep(0.02)

    def logged(self, run: str) -> dict[str, int]:
        """Points that a run has logged for sure, by metric."""
        number = int(run.rpartition(" ")[2])
        counts = struct.unpack_from(f"{len(METRICS)}Q", self._counts, 8 * (1 + number * len(METRICS)))
        return {metric: count for metric, count in zip(METRICS, counts, strict=True) if count}

    def kill(self) -> None:
        """SIGKILL, in the middle of what it does."""
        os.kill(int(self._manager.provisioner.pid), signal.SIGKILL)  # type: ignore[union-attr]
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def stop(self) -> None:
        """End the run that it is in, and then the kernel."""
        self._counts[:8] = struct.pack("Q", 1)
        self.wait()
        self._client.stop_channels()
        self._manager.shutdown_kernel()


def sprinted(directory: Path, kernels: int, seconds: float) -> list[float]:
    """Points per second of processor time of so many kernels that log at once, each as fast as it can."""
    running = [Kernel(directory / "home", directory / f"kernel-{n}", 0, seconds) for n in range(kernels)]
    for kernel in running:
        kernel.wait()
        kernel.stop()
    found = [run for session in sessions(Home(directory / "home")) for run in session.runs.values()]
    return [float(run.params["per second"]) for run in found]
