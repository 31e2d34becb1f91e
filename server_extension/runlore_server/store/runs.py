"""Every run of a home, followed while kernels write."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from runlore.errors import RunNotFound
from runlore.events import SessionStarted
from runlore.home import Home, is_mirrored
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.errors import AmbiguousRun, InvalidRequest
from runlore_server.filter.fields import is_of_curves
from runlore_server.filter.tree import Field
from runlore_server.store.annotations import Annotations
from runlore_server.store.finds import Finds
from runlore_server.store.groups import Groups, grouped
from runlore_server.store.held import HeldSession
from runlore_server.store.rows import Rows
from runlore_server.store.search import Query
from runlore_server.store.sessions import Sessions
from runlore_server.store.shelf import UNUSABLE
from runlore_server.store.summing import GrowingSums, closed_sums
from runlore_server.store.system import RecentLoads
from runlore_server.store.values import IndexedSummary

T = TypeVar("T")

_MOST_PARSED = 8
"""Closed sessions whose whole journal is kept in memory after somebody asked for it."""

_SUMMED_AT_ONCE = 50
"""Sessions whose curves are summed up between two looks at the clock."""

_SHORTEST_PREFIX = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """A part of what a search found: its runs, how many were found in all, and whether more follow."""

    runs: list[RunRecord]
    total: int
    more: bool


class RunStore:
    """The runs of a home as its journals tell them; safe to use from several threads.

    ``refresh()`` reads what is new; everything else answers from what was read. What it returns are copies that
    no later refresh changes. Runs that only precede the target of a rerun (``prefix``) are left out.

    A closed session is read once and then known by the home's index; only open ones are held in memory. Where the
    index cannot be used everything is held, and nothing else differs.

    Args:
        home: where the runs are.
        mirrored: whether the runs that MLflow told of count too.
    """

    def __init__(self, home: Home, *, mirrored: bool = True) -> None:
        self.home = home
        self.annotations = Annotations(home)
        self._lock = threading.RLock()
        self._sessions = Sessions(home, mirrored=mirrored)
        self._parsed: OrderedDict[str, HeldSession] = OrderedDict()
        self._growing = GrowingSums()
        self._loads = RecentLoads()
        self._finds = Finds()
        self._said = self.annotations.known

    def close(self) -> None:
        """Close the index of the home; a later call opens it again."""
        with self._lock:
            self._sessions.shelf.close()

    def refresh(self) -> set[str]:
        """Read what was written since the last call.

        Returns:
            The ids of runs that are new, gone or changed: their record, a curve of theirs, or the arrival of
            their verdict.
        """
        with self._lock:
            changed = self._with_index(self._sessions.refresh)
            if changed:
                self._finds.clear()
            return changed | {run_id for run_id in self.annotations.look() if run_id in self}

    def _with_index(self, work: Callable[[], T]) -> T:
        """What ``work`` returns; where the index is no good the journals are read again, and it is called anew."""
        try:
            return work()
        except UNUSABLE as error:
            _log.warning("the run index is of no use, the journals are read again: %s", error)
            self._sessions.read_again(error)
            self._finds.clear()
            return work()

    # -- runs -------------------------------------------------------------------------------------------------

    def __contains__(self, run_id: str) -> bool:
        """Whether there is a run with exactly this id."""
        with self._lock:
            return self._sessions.has(run_id)

    def is_running(self, run_id: str) -> bool:
        """Whether there is a run with exactly this id, and it has not ended."""
        with self._lock:
            held = self._sessions.live.get(run_id)
            return held is not None and held.runs[run_id].status == "running"

    def is_mirrored(self, run_id: str) -> bool:
        """Whether there is a run with exactly this id, and MLflow told of it, not a kernel of this home."""
        session = self.session_of(run_id)
        return session is not None and is_mirrored(session)

    def session_of(self, run_id: str) -> str | None:
        """The id of the session with the run; ``None`` without a run of exactly this id."""
        with self._lock:
            return self._sessions.session_of(run_id)

    def curves_came(self, run_ids: set[str]) -> None:
        """Take note that curves of these runs were fetched; the next ``refresh`` names them."""
        with self._lock:
            self._with_index(lambda: self._sessions.curves_came(run_ids))
            self._finds.clear()

    def ids(self) -> list[str]:
        """The id of every run, newest first."""
        with self._lock:
            return self._with_index(lambda: self._search(Query(deleted=True)))[0]

    def all(self) -> list[RunRecord]:
        """Every run, newest first; all of them at once, where ``search`` gives as many as are needed."""
        with self._lock:
            return self._records(self.ids())

    def find(self, text: str) -> RunRecord:
        """The run with this id, with the only id that starts so, or with this id in MLflow.

        Raises:
            RunNotFound: there is none, or a start of less than 4 characters was given.
            AmbiguousRun: several ids start so.
        """
        text = text.strip()
        with self._lock:
            run_id = text if text in self else self._meant(text)
            for run in self._records([run_id]):
                return run
        raise RunNotFound(f"no run has the id {text!r}; 'runlore runs' lists them")

    def _meant(self, text: str) -> str:
        if len(text) < _SHORTEST_PREFIX:
            raise RunNotFound(
                f"no run has the id {text!r}; give at least {_SHORTEST_PREFIX} characters of one ('runlore runs')"
            )
        known = (*self._sessions.live, *self._sessions.shelf.table.places)
        candidates = sorted({run_id for run_id in known if run_id.startswith(text)})
        if len(candidates) > 1:
            raise AmbiguousRun(text, candidates)
        if candidates:
            return candidates[0]
        from runlore_server.store.exports import run_of_mlflow_id

        return self._sessions.run_shown_for(text) or run_of_mlflow_id(self.home, text) or text

    def reruns_of(self, run_id: str) -> list[RunRecord]:
        """The runs that repeat the given one, newest first."""
        with self._lock:
            found = self._records(self._sessions.reruns(run_id))
        return sorted(found, key=lambda run: (run.started, run.run_id), reverse=True)

    def _records(self, run_ids: Sequence[str]) -> list[RunRecord]:
        """The runs with these ids, in their order; those that are gone are left out."""
        live = self._sessions.live
        stored = self._with_index(lambda: self._sessions.shelf.records(id_ for id_ in run_ids if id_ not in live))
        found = (live[id_].runs[id_] if id_ in live else stored.get(id_) for id_ in run_ids)
        said = self.annotations.known
        return [said[run.run_id].applied(run) if run.run_id in said else run for run in found if run is not None]

    def values(self, field: Field) -> set[str]:
        """What the runs have in a field that is a text."""
        with self._lock:
            column = self._with_index(lambda: self._rows().column(field))
            return {value for value in column if isinstance(value, str)}

    # -- sessions ---------------------------------------------------------------------------------------------

    def session(self, run: RunRecord) -> SessionRecord:
        """The session in which the run was recorded, with all its cells and runs.

        Raises:
            RunNotFound: the session was deleted meanwhile.
            JournalFormatError: a later version of Runlore wrote on in it.
        """
        with self._lock:
            held = self._sessions.held(run.session_id) or self._parse(run)
            return held.snapshot()

    def _parse(self, run: RunRecord) -> HeldSession:
        """The closed session of a run, from its journal or as it was last read from there."""
        parsed = self._parsed.pop(run.session_id, None)
        if parsed is None or not parsed.is_current():
            parsed = HeldSession(self.home, run.session_id)
            parsed.look(time.monotonic())
        if run.run_id not in parsed.record.runs:
            raise self._session_gone(run)
        self._parsed[run.session_id] = parsed
        if len(self._parsed) > _MOST_PARSED:
            self._parsed.popitem(last=False)
        return parsed

    def session_info(self, run: RunRecord) -> SessionStarted:
        """How the run's session began; cheaper than ``session``.

        Raises:
            RunNotFound: the session was deleted meanwhile.
        """
        with self._lock:
            held = self._sessions.held(run.session_id)
            info = (
                held.record.info if held else self._with_index(lambda: self._sessions.shelf.info(run.session_id))
            )
        if info is None:
            raise self._session_gone(run)
        return info

    def notebook(self, run: RunRecord) -> str | None:
        """The notebook in which the run was recorded; ``None`` for none, or where the journal no longer says."""
        try:
            return self.session_info(run).notebook
        except RunNotFound:
            return None  # the first line of its journal is damaged: no reason to hide the other runs

    def notebooks(self, runs: Iterable[RunRecord]) -> dict[str, str | None]:
        """The notebook of each session of these runs, as ``notebook`` says of one."""
        names = {run.session_id for run in runs}
        with self._lock:
            held = {name: one.record.info for name in names if (one := self._sessions.held(name)) is not None}
            shelved = self._with_index(lambda: self._sessions.shelf.notebooks(names - held.keys()))
        return shelved | {name: None if info is None else info.notebook for name, info in held.items()}

    def _session_gone(self, run: RunRecord) -> RunNotFound:
        return RunNotFound(f"the session of run {run.run_id} is no longer in {self.home.sessions}")

    # -- search -----------------------------------------------------------------------------------------------

    def search(self, query: Query) -> Page:
        """The runs that a query asks for.

        Raises:
            InvalidRequest: the run after which the page begins is not in the result (any more).
            PackageMissing: metrics of runs that still run are asked for, and NumPy is not installed.
        """
        self._sum_up_for(query.fields())
        with self._lock:
            found, total = self._with_index(lambda: self._search(query))
            start = query.offset
            if query.before is not None:
                if query.before not in found:
                    raise InvalidRequest(
                        "'before' is not the 'next' of an earlier page; ask for the first page again"
                    )
                start = found.index(query.before) + 1
            end = total if query.limit is None else start + query.limit
            return Page(self._records(found[start:end]), total, end < total)

    def search_ids(self, query: Query) -> list[str]:
        """The ids of all runs that a query asks for, whatever its page; raises as ``search`` does."""
        self._sum_up_for(query.fields())
        with self._lock:
            return self._with_index(lambda: self._search(query))[0]

    def names(self, run_ids: Sequence[str]) -> dict[str, str]:
        """The names of those of these runs that are there, by their ids."""
        with self._lock:
            return {run.run_id: run.name for run in self._records(run_ids)}

    def _search(self, query: Query) -> tuple[list[str], int]:
        """The ids of the runs found, in order and at least up to the end of the page, and how many there are."""
        said = self.annotations.known
        if said is not self._said:
            self._said = said
            self._finds.clear()
        return self._finds.of(query, self._rows)

    def _rows(self) -> Rows:
        return Rows(self._sessions, self._growing.summary, self._loads.of, self.annotations.known)

    def groups(self, query: Query, by: Field, best: Field | None) -> Groups:
        """The runs that a query finds, by what they have in a field; raises as ``search`` does.

        Args:
            query: which runs; its order and its page do not matter.
            by: the field.
            best: the statistic of a metric of which each group's best is wanted.
        """
        self._sum_up_for({by, *query.fields()} | ({best} if best is not None else set()))

        def work() -> Groups:
            rows = self._rows()
            return grouped(rows.found(query), by, best, rows.column)

        with self._lock:
            return self._with_index(work)

    def sums(
        self, runs: Iterable[RunRecord], metrics: Collection[str] | None = None
    ) -> dict[str, dict[str, IndexedSummary]]:
        """The metrics of those of these runs whose curves are closed and summed up, by run id.

        Args:
            runs: which runs.
            metrics: all metrics of theirs, or these alone.
        """
        with self._lock:
            live = self._sessions.live
            closed = [run for run in runs if run.run_id not in live]
            return self._with_index(lambda: self._sessions.shelf.sums(closed, metrics))

    def loads(self, runs: Sequence[RunRecord]) -> dict[str, Mapping[str, float]]:
        """What ``LOADS`` names of those of these runs that were measured, by run id."""
        measured = [run for run in runs if run.system]
        with self._lock:
            live = self._sessions.live
            closed = [run.run_id for run in measured if run.run_id not in live]
            found = self._with_index(lambda: self._sessions.shelf.loads(closed))
        return found | {run.run_id: self._loads.of(run) for run in measured if run.run_id not in found}

    def _sum_up_for(self, fields: Iterable[Field]) -> None:
        if any(map(is_of_curves, fields)):
            self.sum_up()

    def sum_up(self, seconds: float | None = None) -> None:
        """Sum up the curves of closed sessions that are not yet; for about so many seconds, else all."""
        end = None if seconds is None else time.monotonic() + seconds
        while end is None or time.monotonic() < end:
            with self._lock:
                batch = self._with_index(lambda: self._sessions.shelf.unsummed(_SUMMED_AT_ONCE))
            if not batch:
                return
            sums = {session: closed_sums(runs) for session, runs in batch.items()}
            with self._lock:
                self._with_index(partial(self._sessions.shelf.put_sums, sums))
                self._finds.clear()
