"""A recorded run with parameters to sweep, and sweeps of it on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import optuna
import pytest

from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.sweep import DATABASE
from tests.rerun.conftest import Recorded, record

PARAMETERS = """import math, random, time
lr = 0.1
layers = 3
act = "relu"
epochs = 6
pause = 0.0
mode = "fine"
"""
TRAINING = """%%track fit
import runlore
for epoch in range(epochs):
    time.sleep(pause)
    loss = abs(math.log10(lr) + 2) + 0.1 * layers + 1 / (epoch + 1) + 0.001 * random.random()
    if mode == "raise":
        raise ValueError("the training broke")
    if mode == "mute":
        runlore.log(other=loss)
    else:
        runlore.log(val_loss=math.nan if mode == "nan" else loss, step=epoch)
"""


@dataclass
class Swept:
    """A home with a recorded run, ``fit``."""

    recorded: Recorded

    @property
    def run_id(self) -> str:
        return self.recorded.runs["fit"].run_id

    def request(self, **asked: Any) -> SweepRequest:
        """A sweep of the run by ``val_loss``."""
        return SweepRequest(**{"run_id": self.run_id, "metric": "val_loss", **asked})

    def sweep(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """``runlore sweep`` of the run to its end."""
        done = self.recorded.command("sweep", self.run_id[:12], "--json", *arguments)
        assert done.code == code, done.stdout + done.stderr
        return done.json

    def study(self, sweep_id: str) -> optuna.Study:
        """What Optuna knows of a sweep."""
        return optuna.load_study(study_name=sweep_id, storage=f"sqlite:///{self.recorded.home.path / DATABASE}")


@pytest.fixture(scope="session")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return Swept(record(tmp_path_factory.mktemp("sweep"), ["%load_ext runlore", PARAMETERS, TRAINING]))
