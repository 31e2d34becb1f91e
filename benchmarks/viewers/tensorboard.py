"""TensorBoard's time series."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from benchmarks.viewers.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

_PATIENCE = 300.0


class TensorboardPage(Viewer):
    """Its page of cards. It draws in a worker; the runs of a chart are the rows of the values under it."""

    writer = "tensorboard"
    label = "TensorBoard"
    limits = "1,000 points a run at random, smoothed, outliers beyond the axis"
    chart = "scalar-card line-chart"
    counted = "document.querySelectorAll('scalar-card tb-data-table-content-row').length"

    def command(self, python: Path, port: int) -> list[str]:
        return [str(python), "-m", "tensorboard.main", "--logdir", ".", "--port", str(port)]

    def wait(self, url: str, runs: Sequence[str], steps: int) -> None:
        deadline = time.monotonic() + _PATIENCE
        for run in runs:
            while not _knows(url, run, steps):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"TensorBoard has not read {run} within {_PATIENCE:.0f} s")
                time.sleep(0.2)

    def open(self, page: Page, url: str) -> None:
        page.goto(f"{url}#timeseries")

    def lines(self, page: Page, heard: Sequence[Response]) -> list[Sequence[float]]:  # noqa: ARG002
        """The points that it was sent; it draws them smoothed, in front of a faint line of these."""
        (series,) = (one for sent in heard if sent.url.endswith("/timeSeries") for one in sent.json())
        return [[point["value"] for point in line] for line in series["runToSeries"].values()]


def _knows(url: str, run: str, steps: int) -> bool:
    """Whether its server has read all of a run."""
    address = f"{url}data/plugin/scalars/scalars?{urlencode({'run': run, 'tag': 'loss'})}"
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            points = json.load(answer)
    except urllib.error.HTTPError:
        return False  # it does not know the run yet
    return bool(points) and points[-1][1] == steps - 1
