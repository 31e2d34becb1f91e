"""What criteria say of reruns that are recorded, whoever started them."""

from __future__ import annotations

from collections.abc import Mapping

from runlore.errors import RunNotFound
from runlore.record import RunRecord
from runlore_server.automation.criteria import Criteria, Judgement, judge
from runlore_server.automation.notes import AutomationNotes
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict


class Judging:
    """Holds reruns against the home's criteria of their experiments; safe to use from several threads.

    A judgement reads curves, so it is kept for as long as criteria and verdict stay what they are.

    Args:
        store: has the reruns and their originals.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._notes = AutomationNotes(store.home)
        self._known: dict[str, tuple[Criteria, Verdict, Judgement]] = {}

    def criteria(self) -> Mapping[str, Criteria]:
        """Those of every experiment.

        Raises:
            OSError, sqlite3.Error, JournalFormatError, msgspec.DecodeError: they cannot be read.
        """
        return self._notes.criteria()

    def of(self, run_id: str, verdict: Verdict | None, criteria: Mapping[str, Criteria]) -> Judgement | None:
        """A rerun held against the criteria of its experiment.

        Args:
            run_id: the run that the rerun made.
            verdict: on it.
            criteria: by experiment.

        Returns:
            ``None`` without a verdict or criteria, and where it or its original is no longer recorded.
        """
        if verdict is None or not criteria:
            return None
        try:
            rerun = self._found(run_id)
            asked = criteria.get(rerun.experiment)
            if asked is None or rerun.rerun_of is None:
                return None
            known = self._known.get(run_id)
            if known is not None and known[:2] == (asked, verdict):
                return known[2]
            original = self._store.find(rerun.rerun_of)
        except RunNotFound:
            return None
        found = judge(asked, verdict, original, rerun, self._store.session(rerun))
        self._known[run_id] = (asked, verdict, found)
        return found

    def _found(self, run_id: str) -> RunRecord:
        try:
            return self._store.find(run_id)
        except RunNotFound:
            self._store.refresh()  # it may have been recorded since
            return self._store.find(run_id)
