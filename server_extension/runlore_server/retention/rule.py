"""What the user wants kept of an experiment, and which of its artifacts that is about."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from runlore.card import format_duration
from runlore_server.errors import InvalidRequest
from runlore_server.filter.tree import Field
from runlore_server.store.values import column_of

Direction = Literal["min", "max"]

MODELS = (
    "*.pt",
    "*.pth",
    "*.ckpt",
    "*.safetensors",
    "*.h5",
    "*.keras",
    "*.joblib",
    "*.pkl",
    "*.onnx",
    "*.bin",
    "checkpoint/*",
    "checkpoints/*",
    "*/checkpoints/*",
)
"""Models and checkpoints, by their names. Folders that MLflow made for a model are added to them."""

_MLFLOW_MODEL = "MLmodel"
"""The file that every model has that MLflow saved, at the top of its folder."""

_DAY = 86_400.0


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of one experiment; it has at least one of ``keep_best``, ``keep_last`` and ``keep_for``.

    A run that any of them keeps loses nothing: the ``keep_best`` runs with the best value that ``metric`` ever
    had, the ``keep_last`` that were started last, those that ended less than ``keep_for`` seconds ago. ``best``
    says whether the least value is the best or the greatest. ``artifacts`` are patterns as of a shell, of names
    or, with a slash, of whole paths, in which ``*`` stands for slashes too; none mean models and checkpoints.
    """

    experiment: str
    keep_best: int | None = None
    metric: str | None = None
    best: Direction | None = None
    keep_last: int | None = None
    keep_for: float | None = None
    artifacts: list[str] = []

    def __str__(self) -> str:
        parts = []
        if self.keep_best is not None:
            parts.append(f"best {self.keep_best} by {self.best} {self.metric}")
        if self.keep_last is not None:
            parts.append(f"last {self.keep_last}")
        if self.keep_for is not None:
            days = self.keep_for / _DAY
            parts.append(f"{days:g} days" if days >= 1 else format_duration(self.keep_for))
        return f"keep {', '.join(parts)}"

    def covers(self, paths: Iterable[str]) -> set[str]:
        """Those of a run's artifacts that the rule is about."""
        paths = list(paths)
        if self.artifacts:
            return {path for path in paths if _matches(path, self.artifacts)}
        models = [str(PurePosixPath(path).parent) for path in paths if PurePosixPath(path).name == _MLFLOW_MODEL]
        folders = tuple(f"{folder}/" for folder in models if folder != ".")
        whole = "." in models
        return {path for path in paths if whole or path.startswith(folders) or _matches(path, MODELS)}


def made(
    experiment: str,
    *,
    keep_best: int | None = None,
    metric: str | None = None,
    best: Direction | None = None,
    keep_last: int | None = None,
    keep_for: float | None = None,
    artifacts: Iterable[str] = (),
) -> Rule:
    """A rule as the user asks for it; which value of a metric is the best one is told by its name, if need be.

    Raises:
        InvalidRequest: that is no rule.
    """
    if keep_best is None and keep_last is None and keep_for is None:
        raise InvalidRequest("say what to keep: --keep-best N --metric NAME, --keep-last N or --keep-for 30d")
    if (keep_best is None) != (metric is None):
        raise InvalidRequest("--keep-best N and --metric NAME belong together: the best runs by which metric?")
    if best is not None and metric is None:
        raise InvalidRequest("--min and --max say which value of --metric is the best; there is no --metric")
    if metric is not None and best is None:
        best = "min" if column_of(Field("metric", metric, "best")) == "min" else "max"
    if not all(artifacts):
        raise InvalidRequest("a pattern of --artifacts is empty")
    return Rule(
        experiment=experiment,
        keep_best=keep_best,
        metric=metric,
        best=best,
        keep_last=keep_last,
        keep_for=keep_for,
        artifacts=list(artifacts),
    )


def _matches(path: str, patterns: Iterable[str]) -> bool:
    name = PurePosixPath(path).name
    return any(fnmatchcase(path if "/" in pattern else name, pattern) for pattern in patterns)
