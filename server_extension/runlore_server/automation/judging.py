"""What criteria say of reruns that are recorded, whoever started them."""

from __future__ import annotations

from runlore.errors import RunNotFound
from runlore.record import RunRecord
from runlore_server.automation.criteria import Judgement, judge
from runlore_server.automation.notes import AutomationNotes
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict


def judgement_of(store: RunStore, rerun: RunRecord, verdict: Verdict | None) -> Judgement | None:
    """A rerun held against the home's criteria of its experiment; ``None`` for other runs, and without criteria.

    Args:
        store: has the rerun and its original.
        rerun: a run of the store.
        verdict: on it.

    Raises:
        OSError, sqlite3.Error, JournalFormatError: the criteria cannot be read.
    """
    if verdict is None or rerun.rerun_of is None:
        return None
    asked = AutomationNotes(store.home).criteria().get(rerun.experiment)
    if asked is None:
        return None
    try:
        original = store.find(rerun.rerun_of)
    except RunNotFound:
        return None
    return judge(asked, verdict, original, rerun, store.session(rerun))
