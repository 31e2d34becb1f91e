"""All pages that are opened, in the order of their rows."""

from __future__ import annotations

from benchmarks.viewers.aim import AimPage
from benchmarks.viewers.mlflow import MlflowPage
from benchmarks.viewers.tensorboard import TensorboardPage
from benchmarks.viewers.trackio import TrackioPage
from benchmarks.viewers.viewer import Viewer

VIEWERS: dict[str, Viewer] = {
    viewer.writer: viewer for viewer in (TensorboardPage(), AimPage(), TrackioPage(), MlflowPage())
}
"""By the names of the contestants whose files they show."""
