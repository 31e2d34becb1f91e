"""Attempts as jobs of Slurm, by submitit; needs ``runlore[slurm]``.

Slurm gives an attempt the devices that its request asks for, and ``CUDA_VISIBLE_DEVICES`` with them. It never
begins a job again by itself (``--no-requeue``): a further attempt is the queue's to make.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

from runlore_server.backends import node
from runlore_server.backends.node import Order
from runlore_server.backends.place import Place
from runlore_server.backends.remote import Held, Over, RemoteBackend
from runlore_server.errors import OptionsRefused, SettingRefused
from runlore_server.gpus.giving import Giving, refuse
from runlore_server.queue.backend import Capacity, Event

_SLOTS = 32
"""Attempts handed to Slurm at once, where nothing else is said: it has a queue of its own."""

_TIME = 24 * 60
"""Minutes that a job may take, where nothing else is said."""

_LOOK = 2.0
"""Seconds between two questions to Slurm."""

_ANSWER = 30.0
"""Seconds for an answer."""

_NAME = "runlore"

_DEVICES = "CUDA_VISIBLE_DEVICES"
_FORGOTTEN = "forgotten"
"""Instead of the state of a job that was over long ago."""

_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
        _FORGOTTEN,
    }
)
"""States in which nothing of a job goes on."""


class SlurmBackend(RemoteBackend):
    """Hands attempts to Slurm, or, with ``cluster=local``, to processes that submitit starts on this machine.

    Args:
        name: by which requests call it.
        options: ``slots`` (attempts handed over at once), ``cluster``, and any of submitit's for Slurm:
            ``partition``, ``time`` in minutes, ``account``, ``qos``, ``mem``, ``cpus_per_task``, ``constraint``...

    Raises:
        SettingRefused: there is no Slurm here, or submitit does not know an option.
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(name)
        options = dict(options)
        self._slots = int(options.pop("slots", _SLOTS))
        cluster = options.pop("cluster", "slurm")
        if cluster not in {"slurm", "local"}:
            raise SettingRefused(f"the cluster of the backend {name!r} is slurm or local, not {cluster!r}")
        self._local = cluster == "local"
        self._options = {"time": _TIME, **options}
        self._jobs: dict[str, submitit.Job[str]] = {}
        self._sent: dict[str, float] = {}
        self._states: dict[str, str] = {}
        self._trouble: str | None = None
        self._look: Future[None] | None = None
        self._looked = float("-inf")
        self._commands = ThreadPoolExecutor(1, thread_name_prefix=f"runlore {name}")
        self._refuse_unknown_options()

    def capacity(self) -> Capacity:
        """As many as the settings say; Slurm keeps those waiting for which it has no room now."""
        giving: Giving = "none" if self._local else "whole"
        return Capacity(self._slots if self._trouble is None else 0, None, self._trouble, giving)

    def poll(self) -> list[Event]:
        """What happened since the last time."""
        idle = self._look is None or self._look.done()
        if idle and not self._local and (self._held or self._trouble) and time.monotonic() - self._looked > _LOOK:
            self._look = self._commands.submit(self._ask)
        return super().poll()

    def close(self) -> None:
        """Let go of what runs: it goes on, and another owner finds it again."""
        super().close()
        self._trouble = None
        self._commands.shutdown()

    # -- the engine ----------------------------------------------------------------------------------------

    def _send(self, order: Order) -> str:
        folder = Place(order.attempt).engine
        folder.mkdir(mode=0o700, exist_ok=True)  # what lies there is executed
        try:
            job = self._executor(folder, self._options | self._devices(order)).submit(_carry_out, order.text())
        except FailedJobError as error:  # of sbatch
            raise OptionsRefused(f"Slurm refuses the job: {error}") from error
        self._jobs[job.job_id] = job
        self._sent[str(job.job_id)] = time.monotonic()
        return str(job.job_id)

    def _executor(self, folder: Path, options: dict[str, Any]) -> submitit.Executor:
        if self._local:
            executor: submitit.Executor = submitit.LocalExecutor(folder)
            if unknown := options.keys() - {"time"}:
                raise ValueError(f"processes of this machine have the option time alone, not {', '.join(unknown)}")
            executor.update_parameters(timeout_min=options["time"])
            return executor
        executor = submitit.SlurmExecutor(folder, max_num_timeout=0)
        executor.update_parameters(
            job_name=_NAME,
            use_srun=False,
            stderr_to_stdout=True,
            additional_parameters={"no-requeue": True, "chdir": "/"},
            **options,
        )
        return executor

    def _refuse_unknown_options(self) -> None:
        if not self._local and shutil.which("sbatch") is None:
            raise SettingRefused(f"the backend {self.name!r} needs Slurm's commands (sbatch, squeue, scancel)")
        try:
            self._executor(Path(), self._options)
        except ValueError as error:
            why = str(error).splitlines()[0]  # the others list all there are
            raise SettingRefused(f"the backend {self.name!r}: {why}") from error

    def _devices(self, order: Order) -> dict[str, Any]:
        """What is asked of Slurm for the GPUs of a request."""
        wanted = order.attempt.request
        if not wanted.gpus:
            return {}
        refuse(wanted, self.capacity().giving)
        kind = f"{wanted.gpu_type}:" if wanted.gpu_type else ""
        return {"gres": f"gpu:{kind}{int(wanted.gpus)}"}

    def _over(self, held: Held) -> Over | None:
        if self._local:
            job = self._jobs.get(held.handle)
            return Over() if job is None or job.done() else None
        if self._trouble is not None or self._looked <= self._sent.get(held.handle, 0.0):
            return None  # not known yet
        state = self._states.get(held.handle, _FORGOTTEN)
        if state in _OVER:
            return Over(f"Slurm's job {held.handle} has ended without it: {state}{_unseen(held.place, state)}")
        return None

    def _ask(self) -> None:
        """Learn the states of all our jobs at once: of the controller, which every Slurm has. In a thread."""
        asked = time.monotonic()
        done = _command("squeue", "--me", f"--name={_NAME}", "--noheader", "--states=all", "--format=%i %T")
        self._trouble = None if done.returncode == 0 else f"Slurm does not answer: {done.stderr.strip()}"
        if self._trouble is None:
            lines = (line.split(maxsplit=1) for line in done.stdout.splitlines())
            self._states = {words[0]: words[-1] for words in lines if words}
        self._looked = asked

    def _stop(self, held: Held) -> None:
        if self._local or held.place.claimed:
            return  # it reads that it is to stop, and keeps what it has
        self._commands.submit(_command, "scancel", held.handle)

    def _forget(self, held: Held) -> None:
        self._jobs.pop(held.handle, None)
        self._sent.pop(held.handle, None)

    def _kill(self, held: Held) -> None:
        if not self._local:
            self._commands.submit(_command, "scancel", "--signal=KILL", "--full", held.handle)
            self._commands.submit(_command, "scancel", held.handle)
        elif (job := self._jobs.get(held.handle)) is not None:
            job.cancel()


def _unseen(place: Place, state: str) -> str:
    """What to do where a job could not even begin to write what it prints, which it does beside the rerun."""
    if state != "FAILED" or any(place.engine.glob("*.out")):
        return ""
    return (
        f". Its machine could not write in {place.home.path}: Slurm's machines must have RUNLORE_HOME and the "
        "notebook's folder at the same paths, on storage that they share. Move the home there, or take a Dask "
        "cluster, whose workers are sent what they need"
    )


def _command(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_ANSWER, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(words, 1, "", f"{words[0]}: {error}")


def _carry_out(order: str) -> str:
    """``node.carry_out`` in the main thread of a process of its own, which Slurm's signals stop."""

    def stop(*_: object) -> None:
        node.abandon(within=0)

    for name in (signal.SIGTERM, signal.SIGINT):  # the end of the time, preemption, scancel
        signal.signal(name, stop)
    given = "SLURM_JOB_GPUS" in os.environ  # else what is set is of whoever called sbatch
    return node.carry_out(order, {_DEVICES: os.environ.get(_DEVICES, "")} if given else None)
