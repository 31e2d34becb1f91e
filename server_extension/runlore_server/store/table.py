"""The indexed runs as a search sees them: each is a place in columns, which are read when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runlore_server.filter.tree import Entity, Field
from runlore_server.store.indexed import IndexedRun
from runlore_server.store.values import Scalar


class Table:
    """Runs of closed sessions, by place. Not for several threads at once.

    Attributes:
        runs: at each place its run.
        places: the place of each run, by its id.
    """

    def __init__(self) -> None:
        self.runs: list[IndexedRun] = []
        self.places: dict[str, int] = {}
        self._columns: dict[Field, list[Scalar]] = {}
        self._oldest_first: list[int] | None = None

    def clear(self) -> None:
        """Forget everything."""
        self.runs.clear()
        self.places.clear()
        self.changed()

    def add(self, runs: Iterable[IndexedRun]) -> None:
        """Take up runs; one that is here already keeps its place."""
        for run in runs:
            place = self.places.setdefault(run.run_id, len(self.runs))
            if place == len(self.runs):
                self.runs.append(run)
            else:
                self.runs[place] = run
        self.changed()

    def changed(self, entity: Entity | None = None) -> None:
        """Read columns again when next asked for: all, or those of one kind."""
        if entity is None:
            self._oldest_first = None
        for field in [field for field in self._columns if entity in (None, field.entity)]:
            del self._columns[field]

    def without(self, session_ids: set[str]) -> set[str]:
        """Drop the runs of these sessions; their ids."""
        gone = {run.run_id for run in self.runs if run.session_id in session_ids}
        if gone:
            kept = [run for run in self.runs if run.run_id not in gone]
            self.clear()
            self.add(kept)
        return gone

    def column(self, field: Field, read: Callable[[Field], Iterable[tuple[int, Scalar]]]) -> list[Scalar]:
        """The field of every run, by place; ``read`` gives rows of the index and their values."""
        if field not in self._columns:
            found = dict(read(field))
            self._columns[field] = [found.get(run.row) for run in self.runs]
        return self._columns[field]

    def oldest_first(self) -> list[int]:
        """All places, by when their runs started."""
        if self._oldest_first is None:
            runs = self.runs
            self._oldest_first = sorted(range(len(runs)), key=lambda at: (runs[at].started, runs[at].run_id))
        return self._oldest_first
