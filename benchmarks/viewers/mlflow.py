"""MLflow's charts of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.viewers.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

_LINES = """[...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => plot.data ?? [])
    .filter(line => line.y?.length > 1)"""


class MlflowPage(Viewer):
    """The experiment's page in its view of charts, of which plotly tells what it draws.

    The comparison of chosen runs leads to a chart of its own, which takes minutes to show as many.
    """

    writer = "mlflow-batch"
    label = "MLflow"
    limits = "shows 10 runs until all are chosen, each evenly sampled"
    environment = {"MLFLOW_DISABLE_TELEMETRY": "true"}  # noqa: RUF012 - a constant, as in the base
    chart = ".js-plotly-plot .nsewdrag"
    counted = f"new Set({_LINES}.map(line => line.name)).size"
    finer = "get-history-bulk-interval"

    def command(self, python: Path, port: int) -> list[str]:
        store = ("--backend-store-uri", "sqlite:///mlflow.db")
        return [str(python), "-m", "mlflow", "server", *store, "--port", str(port), "--workers", "1"]

    def open(self, page: Page, url: str) -> None:
        page.goto(f"{url}#/experiments/0/runs?compareRunsMode=CHART")
        page.get_by_role("button", name="Toggle visibility of runs").click()
        page.get_by_role("menuitemradio", name="Show all runs").click()

    def lines(self, page: Page, heard: Sequence[Response]) -> list[Sequence[float]]:  # noqa: ARG002
        found: list[tuple[str, list[float]]] = page.evaluate(f"{_LINES}.map(line => [line.name, [...line.y]])")
        return list(dict(found).values())
