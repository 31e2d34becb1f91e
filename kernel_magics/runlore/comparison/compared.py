"""The runs of a comparison, followed while they run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from runlore.archive import is_lost
from runlore.comparison.lines import Line, Points, View, placed, read_points, unit_of
from runlore.curve import last_point
from runlore.errors import JournalFormatError, PackageMissing, RunNotFound
from runlore.home import Home
from runlore.lookup import ids_of, the_one
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, sessions

COLORS = (
    "#668dee", "#c77800", "#3a9a96", "#d24b3a", "#bf789e", "#98694a", "#479065", "#8861f0", "#a6961c", "#7a8794",
)  # fmt: skip
"""Readable on light and on dark; the front-end's theme is not known here."""

_SHORT = 8


class Compared:
    """The runs that are compared; not for several threads at once.

    Args:
        home: where they are recorded.
        runs: as ``runlore.compare`` takes them; ``None`` for those of ``session_id``, with those that come.
        session_id: the session of this process, where there is one.
        metrics: only these; all when ``None``.

    Attributes:
        notes: why curves are not shown, by run and metric.

    Raises:
        RunNotFound: a run is not recorded here, the start of an id fits several, or there is nothing to compare.
        TypeError: ``runs`` names no runs.
    """

    def __init__(self, home: Home, runs: Any, session_id: str | None, metrics: Sequence[str] | None) -> None:
        self._metrics = metrics
        self._sessions: dict[str, SessionRecord] = {}
        self._chosen: dict[str, str] | None = None
        self._points: dict[tuple[str, str, int], tuple[object, Points]] = {}
        self._lines: dict[tuple[str, str], tuple[object, Points, Line]] = {}
        self.notes: dict[tuple[str, str], str] = {}
        if runs is None:
            if session_id is None:
                raise RunNotFound("say which runs to compare: runlore.compare(runlore.runs().head(5))")
            self._sessions[session_id] = SessionRecord(home, session_id)
        else:
            recorded = {
                run.run_id: (run.run_id, s) for s in sessions(home) for run in s.runs.values() if not run.prefix
            }
            self._chosen = {}
            for given in ids_of(runs):
                run_id, session = the_one(given, recorded)
                self._chosen[run_id] = session.session_id
                self._sessions[session.session_id] = session
            if not self._chosen:
                raise RunNotFound("there is no run to compare")
        self.refresh()

    @property
    def runs(self) -> list[RunRecord]:
        """The runs, in the order given, or in that in which they began."""
        if self._chosen is not None:
            return [self._sessions[session].runs[run_id] for run_id, session in self._chosen.items()]
        return [run for session in self._sessions.values() for run in session.runs.values() if not run.prefix]

    @property
    def goes_on(self) -> bool:
        """Whether more may come: a run still runs, or further ones may begin."""
        following = self._chosen is None and any(not session.closed for session in self._sessions.values())
        return following or any(run.status == "running" for run in self.runs)

    def refresh(self) -> None:
        """Read what the journals say now."""
        for session in self._sessions.values():
            if not session.closed:
                session.refresh()

    def lines(self, view: View) -> tuple[dict[str, list[Line]], str]:
        """The lines of each metric, that of most runs first, and what stands below the axis of x.

        A line that has not changed is the same object as before.
        """
        found: dict[str, list[tuple[RunRecord, Points]]] = {}
        self.notes.clear()
        runs = self.runs
        for run in runs:
            for metric in run.metrics:
                if self._metrics is None or metric in self._metrics:
                    points = self._read(run, metric, view.points)
                    if points is not None and len(points.value):
                        found.setdefault(metric, []).append((run, points))
        longest = max((float(p.elapsed.max()) for curves in found.values() for _, p in curves), default=0.0)
        unit, unit_name = unit_of(longest)
        names = _names(runs)
        looks = {run.run_id: (names[run.run_id], COLORS[at % len(COLORS)], unit) for at, run in enumerate(runs)}
        lines = {
            metric: [self._line(run.run_id, metric, points, view, looks[run.run_id]) for run, points in curves]
            for metric, curves in sorted(found.items(), key=lambda item: -len(item[1]))
        }
        return lines, "step" if view.x == "step" else f"{unit_name} since the start"

    def _line(self, run_id: str, metric: str, points: Points, view: View, look: tuple[str, str, float]) -> Line:
        known = self._lines.get((run_id, metric))
        if known is None or known[0] != (view, look) or known[1] is not points:
            name, color, unit = look
            line = Line(run_id, name, color, *placed(points, view, unit))
            known = self._lines[run_id, metric] = ((view, look), points, line)
        return known[2]

    def _read(self, run: RunRecord, metric: str, room: int) -> Points | None:
        path = run.metrics[metric]
        try:
            if is_lost(run, metric):
                self.notes[run.run_id, metric] = "its points are not in the home any more"
                return None
            state = (run.status, last_point(path))
            known = self._points.get((run.run_id, metric, room))
            if known is None or known[0] != state:
                known = self._points[run.run_id, metric, room] = (state, read_points(path, run.started, room))
        except (JournalFormatError, PackageMissing, OSError) as error:
            self.notes[run.run_id, metric] = str(error)
            return None
        return known[1]


def _names(runs: Sequence[RunRecord]) -> dict[str, str]:
    """What each run is called, as HTML: with a part of its id where several have the same name."""
    names = [run.name for run in runs]
    return {
        run.run_id: escape(run.name if names.count(run.name) == 1 else f"{run.name} {run.run_id[:_SHORT]}")
        for run in runs
    }
