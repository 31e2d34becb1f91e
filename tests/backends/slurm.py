"""A Slurm of one machine: a controller and a daemon, with a configuration of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from tests.backends.cluster import HIDE
from tests.ports import free_port
from tests.rerun.conftest import wait_until

_CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/none
CredType=cred/none
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
GresTypes=gpu
KillWait=5
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=1000 Gres=gpu:h200:4 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
_DEVICES = "AutoDetect=off\nNodeName={host} Name=gpu Type=h200 File=/dev/tty[0-3]\n"


def available() -> bool:
    """Whether Slurm can be started here: its daemon wants to be root."""
    return os.geteuid() == 0 and all(map(shutil.which, ("slurmctld", "slurmd", "sbatch")))


class Slurm:
    """Four processors and four GPUs of type ``h200`` in the partition ``main``; ``conf`` is its configuration.

    For its jobs the folder ``hidden`` is empty.
    """

    def __init__(self, folder: Path, hidden: Path | None = None) -> None:
        for name in ("state", "spool"):
            (folder / name).mkdir(parents=True)
        host = socket.gethostname()
        self.conf = folder / "slurm.conf"
        self.conf.write_text(_CONFIGURATION.format(host=host, folder=folder, ports=[free_port(), free_port()]))
        (folder / "gres.conf").write_text(_DEVICES.format(host=host))
        self._environ = {**os.environ, "SLURM_CONF": str(self.conf)}
        self.controller = self._start("slurmctld", "-D", "-i")
        within = ["unshare", "--mount", "sh", "-c", HIDE, str(hidden)] if hidden is not None else []
        self._daemon = self._start(*within, "slurmd", "-D")
        wait_until(lambda: "idle" in self.say("sinfo", "--noheader", "--format=%T"), 30)

    def say(self, *words: str) -> str:
        """What one of Slurm's commands answers."""
        return subprocess.run(words, env=self._environ, capture_output=True, text=True, check=False).stdout

    def stop(self) -> None:
        """End it, with all of its jobs."""
        self.say("scancel", "--signal=KILL", "--full", "--user=root")
        for process in (self._daemon, self.controller):
            process.terminate()
            process.wait(20)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(words, env=self._environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
