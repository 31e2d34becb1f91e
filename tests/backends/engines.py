"""What carries attempts out, started for tests, and killed by them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.backends.cluster import Cluster
from tests.backends.conftest import Notebook
from tests.backends.slurm import Slurm, available


class Engine(ABC):
    """Two attempts at a time; ``backend`` is what it is made of, ``environ`` what finds it."""

    backend: str
    environ: dict[str, str]

    @abstractmethod
    def kill(self, notebook: Notebook) -> None:
        """Kill what carries a notebook out, so that it cannot say anything any more; there is another one soon."""


class DaskWorkers(Engine):
    """Two workers of one thread each."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.backend = f"dask:{cluster.address}"
        self.environ = {}
        for _ in range(2):
            cluster.add_worker()

    def kill(self, notebook: Notebook) -> None:
        above = {process.pid for process in notebook.ancestors()}
        (worker,) = (worker for worker in self.cluster.workers if worker.pid in above)
        worker.kill()
        self.cluster.add_worker()


class SlurmJobs(Engine):
    """A Slurm of one machine."""

    def __init__(self, slurm: Slurm) -> None:
        self._slurm = slurm
        self.backend = "slurm:partition=main,slots=2"
        self.environ = {"SLURM_CONF": str(slurm.conf)}

    def kill(self, notebook: Notebook) -> None:
        number = psutil.Process(notebook.kernel).environ()["SLURM_JOB_ID"]
        self._slurm.say("scancel", "--signal=KILL", "--full", number)


class Processes(Engine):
    """Those that submitit starts where there is no Slurm."""

    def __init__(self) -> None:
        self.backend = "slurm:cluster=local,slots=2"
        self.environ = {}

    def kill(self, notebook: Notebook) -> None:
        for process in notebook.ancestors():
            if any("submitit" in word for word in process.cmdline()):
                process.kill()


@contextmanager
def started(name: str, folder: Path) -> Iterator[Engine]:
    """An engine by its name, as long as it is needed."""
    if name == "processes":
        yield Processes()
    elif name == "dask":
        cluster = Cluster(folder)
        try:
            yield DaskWorkers(cluster)
        finally:
            cluster.stop()
    elif available():
        slurm = Slurm(folder)
        try:
            yield SlurmJobs(slurm)
        finally:
            slurm.stop()
    else:
        pytest.skip("Slurm is not installed, or this is not root; see install-slurm.sh")
