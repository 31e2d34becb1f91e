"""trackio's dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.viewers.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

_COUNT = """
const { beginPath, clearRect, lineTo, stroke } = CanvasRenderingContext2D.prototype;
Object.assign(CanvasRenderingContext2D.prototype, {
    beginPath() { this.runlorePoints = 0; beginPath.call(this); },
    clearRect(...box) { this.canvas.runloreLines = {}; clearRect.apply(this, box); },
    lineTo(x, y) { this.runlorePoints++; lineTo.call(this, x, y); },
    stroke(...path) {
        const lines = (this.canvas.runloreLines ??= {});
        if (this.runlorePoints > 20) lines[this.lineWidth] = (lines[this.lineWidth] ?? 0) + 1;
        stroke.apply(this, path);
    }
});
"""
"""Counts what each canvas shows: lines of more than twenty points, by their width. A run has one of each width."""


class TrackioPage(Viewer):
    """The page that ``trackio show`` serves; its lines are counted as its canvas is drawn on."""

    writer = "trackio"
    label = "trackio"
    limits = "evenly sampled, smoothed in front of a thin line"
    environment = {"TRACKIO_DIR": "trackio", "HF_HUB_OFFLINE": "1"}  # noqa: RUF012 - a constant, as in the base
    chart = "canvas.marks"
    counted = """Math.max(0, ...[...document.querySelectorAll('canvas')]
        .flatMap(canvas => Object.values(canvas.runloreLines ?? {})))"""
    script = _COUNT

    def command(self, python: Path, port: int) -> list[str]:
        show = f"trackio.show(project='bench', server_port={port}, open_browser=False, block_thread=True)"
        return [str(python), "-c", f"import trackio; {show}"]

    def open(self, page: Page, url: str) -> None:
        page.goto(f"{url}?project=bench")

    def lines(self, page: Page, heard: Sequence[Response]) -> list[Sequence[float]]:  # noqa: ARG002
        """The thin lines: the points that it was sent."""
        runs = next(one for one in heard if one.url.endswith("/get_logs_batch")).json()["data"]
        return [[row["loss"] for row in run["logs"] if "loss" in row] for run in runs]
