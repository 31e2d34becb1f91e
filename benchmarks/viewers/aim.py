"""Aim's explorer of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.viewers.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response


class AimPage(Viewer):
    """The page that ``aim up`` serves; each line is a path that holds its points."""

    writer = "aim"
    label = "Aim"
    limits = "some 500 points a run, outliers beyond the axis"
    environment = {"AIM_UI_TELEMETRY_ENABLED": "0"}  # noqa: RUF012 - a constant, as in the base
    chart = "svg.Visualization"
    counted = "document.querySelectorAll('path.Line').length"

    def command(self, python: Path, port: int) -> list[str]:
        start = "from aim.cli.cli import cli_entry_point; cli_entry_point()"
        return [str(python), "-c", start, "up", "--repo", "aim", "--port", str(port), "--yes"]

    def open(self, page: Page, url: str) -> None:
        page.goto(f"{url}metrics")
        page.get_by_role("button", name="Metrics").click()
        page.get_by_role("option", name="loss").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Search").click()

    def lines(self, page: Page, heard: Sequence[Response]) -> list[Sequence[float]]:  # noqa: ARG002
        points = "[...document.querySelectorAll('path.Line')].map(line => line.__data__.map(point => point[1]))"
        found: list[Sequence[float]] = page.evaluate(points)
        return found
