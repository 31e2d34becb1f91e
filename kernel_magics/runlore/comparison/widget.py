"""The comparison as a widget: the charts with their controls, up to date while runs run."""

from __future__ import annotations

import threading
from html import escape
from typing import Any

import plotly.graph_objects as go
from IPython.display import DisplayHandle
from ipywidgets import HTML, Checkbox, Dropdown, FloatSlider, HBox, Layout, VBox

from runlore.comparison import charts, picture
from runlore.comparison.compared import Compared
from runlore.comparison.lines import Line, View
from runlore.errors import JournalFormatError

_PACE, _SLOW_PACE = 1.0, 5.0
"""Seconds between two looks at runs that run, and for one that may begin."""

_MOST_NOTES = 3


class Comparison(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The curves of runs, a chart a metric. Made by ``runlore.compare``.

    Where no widget can live, an exported notebook for one, a picture of the same curves stands in its place.

    Attributes:
        figure: plotly's ``FigureWidget``, to be changed or saved like any other.
    """

    def __init__(self, compared: Compared, view: View, columns: int | None) -> None:
        self._compared = compared
        self._points = view.points
        self._columns = columns
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._handle: DisplayHandle | None = None
        self._charts: dict[str, list[Line]] = {}
        self._below = ""
        self._drawn: list[dict[str, Any]] = []
        self._layout: dict[str, Any] = {}
        self.figure = go.FigureWidget()
        narrow = {"style": {"description_width": "initial"}, "layout": Layout(width="9em")}
        self._x = Dropdown(options=["step", "time"], value=view.x, description="x axis", **narrow)
        self._smoothing = FloatSlider(view.smoothing, min=0, max=0.99, step=0.01, description="smoothing")
        self._log = Checkbox(view.log_y, description="log scale", indent=False, layout=Layout(width="auto"))
        self._told = HTML()
        for control in (self._x, self._smoothing, self._log):
            control.observe(self._on_control, "value")
        controls = HBox(
            [self._x, self._smoothing, self._log], layout=Layout(flex_flow="row wrap", grid_gap="0 1em")
        )
        super().__init__([controls, self.figure, self._told])
        self.update()
        if compared.goes_on:
            threading.Thread(target=self._follow, name="runlore comparison", daemon=True).start()

    @property
    def view(self) -> View:
        """How the runs are drawn now."""
        return View(self._x.value, self._smoothing.value, self._log.value, self._points)

    def update(self) -> None:
        """Draw what the runs have logged by now; done by itself once a second while they run."""
        with self._lock:
            self._compared.refresh()
            view = self.view
            self._charts, self._below = self._compared.lines(view)
            self._draw(view)
            self._told.value = self._words()

    def close(self) -> None:
        """Stop following the runs, and take the widget away."""
        self._stop.set()
        super().close()

    def _draw(self, view: View) -> None:
        found = charts.traces(self._charts)
        columns = self._columns or (1 if len(self._charts) == 1 else 2)
        layout = charts.layout(self._charts, self._below, view, columns)
        before, self._drawn = self._drawn, found
        same = [trace["meta"] for trace in before] == [trace["meta"] for trace in found]
        with self.figure.batch_update():
            for index, (old, new) in enumerate(zip(before, found, strict=True) if same else ()):
                if new["x"] is not old["x"] or new["y"] is not old["y"]:
                    self.figure.data[index].update({part: new[part] for part in ("x", "y", "mode")})
            if layout != self._layout:
                self.figure.update_layout(layout, overwrite=True)
                self._layout = layout
        if not same:
            self.figure.data = ()
            self.figure.add_traces(found)

    def _words(self) -> str:
        runs = self._compared.runs
        running = sum(run.status == "running" for run in runs)
        told = f"{len(runs)} run{'' if len(runs) == 1 else 's'}" + (f", {running} running" if running else "")
        if not self._charts:
            told += "; nothing is logged yet" if self._compared.goes_on else "; they logged no such metric"
        notes = list(self._compared.notes.items())
        lines = [told, *(f"{run[:8]} {metric}: {why}" for (run, metric), why in notes[:_MOST_NOTES])]
        if len(notes) > _MOST_NOTES:
            lines.append(f"and {len(notes) - _MOST_NOTES} more curves that cannot be shown")
        return "<br>".join(escape(line) for line in lines)

    def _on_control(self, _: Any) -> None:
        self.update()

    # -- being shown ------------------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        with self._lock:
            bundle["text/html"] = picture.html(self._charts, self._below, self.view)
            bundle["text/plain"] = f"Comparison of {len(self._compared.runs)} runs: {', '.join(self._charts)}"
        return bundle

    def _ipython_display_(self) -> None:
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._handle.display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]

    def _follow(self) -> None:
        """Keep up to date for as long as more may come; ipywidgets keeps each widget until it is closed."""
        was_running = True
        while not self._stop.wait(_PACE if was_running else _SLOW_PACE):
            try:
                self.update()
            except (OSError, JournalFormatError):
                continue  # the home cannot be read at the moment
            running = self._is_running
            if was_running and not running:
                self._show_again()
            was_running = running
            if not self._compared.goes_on:
                return

    @property
    def _is_running(self) -> bool:
        return any(run.status == "running" for run in self._compared.runs)

    def _show_again(self) -> None:
        """Have the notebook's file hold the picture of the end, not that of the beginning."""
        if self._handle is not None:
            self._handle.update(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]
