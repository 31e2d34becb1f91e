"""A Lightning logger that writes to the open run: ``Trainer(logger=RunloreLogger())``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from runlore.api import open_run

# One of two distributions of the same library; a logger must be of the one whose trainer it is given to.
if "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning.loggers import Logger
    from pytorch_lightning.utilities import rank_zero_only
else:
    from lightning.pytorch.loggers import Logger
    from lightning.pytorch.utilities import rank_zero_only


class RunloreLogger(Logger):  # type: ignore[misc]
    """Logs metrics with Lightning's global step, and hyperparameters.

    Lightning's TensorBoard and CSV loggers are heard without it. Beside one of them, the names that both use stand
    once as they are and once with the later source's name in front.

    Raises:
        RunStateError: from the first metric or parameter on, when no run is open.
    """

    @property
    def name(self) -> str:
        """The open run's name."""
        return open_run().name

    @property
    def version(self) -> str:
        """The open run's id."""
        return open_run().run_id

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Append one point to each metric."""
        open_run().curves.receive("lightning", metrics, step)

    @rank_zero_only  # type: ignore[untyped-decorator]
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace, *_: Any, **__: Any) -> None:
        """Record parameters."""
        open_run().log_params(vars(params) if isinstance(params, Namespace) else params)
