"""A Dask cluster of processes that can be killed one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.rerun.conftest import wait_until

HIDE = 'mount -t tmpfs none "$0" && exec "$@"'
"""Puts an empty folder over one, for a program alone; the process is the same."""


@dataclass
class Cluster:
    """A scheduler, and workers that nobody starts again; ``directory`` has their logs, and is where they work.

    For the workers the folder ``hidden`` is empty.
    """

    directory: Path
    hidden: Path | None = None
    port: int = 0
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """Start it, where it was before if there was one."""
        file = self.directory / "scheduler.json"
        file.unlink(missing_ok=True)
        words = [
            "--host=127.0.0.1",
            f"--port={self.port}",
            "--dashboard-address=127.0.0.1:0",
            f"--scheduler-file={file}",
        ]
        self.scheduler = self._start("distributed.cli.dask_scheduler", *words)
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        self.address = json.loads(file.read_text())["address"]
        self.port = int(self.address.rpartition(":")[2])

    def add_worker(self, threads: int = 1, **environ: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        words = [
            self.address,
            "--no-nanny",
            f"--nthreads={threads}",
            "--dashboard-address=127.0.0.1:0",
            "--memory-limit=0",
        ]
        words += ["--death-timeout=20", f"--local-directory={self.directory}"]
        self.workers.append(self._start("distributed.cli.dask_worker", *words, hidden=self.hidden, **environ))
        return self.workers[-1]

    def stop(self) -> None:
        """Kill what is left of it."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(
        self, module: str, *words: str, hidden: Path | None = None, **environ: str
    ) -> subprocess.Popen[bytes]:
        within = [] if hidden is None else ["unshare", "--mount", "sh", "-c", HIDE, str(hidden)]
        with (self.directory / "log").open("ab") as log:
            return subprocess.Popen(
                [*within, sys.executable, "-m", module, *words],
                cwd=self.directory,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.directory), **environ},
                stdout=log,
                stderr=log,
            )
