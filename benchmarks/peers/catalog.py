"""All contestants by name, Runlore first: tables compare with it."""

from __future__ import annotations

from benchmarks.peers.aim import Aim
from benchmarks.peers.buffered import Buffered
from benchmarks.peers.dvclive import Dvclive
from benchmarks.peers.mapped import Mapped
from benchmarks.peers.mlflow import Mlflow
from benchmarks.peers.mlflow_async import MlflowAsync
from benchmarks.peers.mlflow_batch import MlflowBatch
from benchmarks.peers.peer import Peer
from benchmarks.peers.runlore import Runlore
from benchmarks.peers.tensorboard import Tensorboard
from benchmarks.peers.tensorboardx import TensorboardX
from benchmarks.peers.trackio import Trackio
from benchmarks.peers.wandb import Wandb
from benchmarks.peers.written import Written

PEERS: dict[str, type[Peer]] = {
    "runlore": Runlore,
    "written": Written,
    "mapped": Mapped,
    "buffered": Buffered,
    "trackio": Trackio,
    "tensorboard": Tensorboard,
    "tensorboardx": TensorboardX,
    "wandb": Wandb,
    "aim": Aim,
    "dvclive": Dvclive,
    "mlflow-batch": MlflowBatch,
    "mlflow-async": MlflowAsync,
    "mlflow": Mlflow,
}
