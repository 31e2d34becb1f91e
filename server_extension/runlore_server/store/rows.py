"""What a search goes through: the runs on the shelf, and behind them those that are held in memory."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence

from runlore.record import RunRecord
from runlore_server.filter.tree import Field
from runlore_server.store.held import HeldSession
from runlore_server.store.sessions import Sessions
from runlore_server.store.values import Scalar, Summary, value_of

_VERDICT = Field("attribute", "verdict")


class Rows:
    """The runs of a home by place, as they are now; of use until the next refresh.

    Args:
        sessions: where they are.
        summary: the summary of a metric of a run that is held in memory.
    """

    def __init__(self, sessions: Sessions, summary: Callable[[RunRecord, str], Summary | None]) -> None:
        self._sessions = sessions
        self._summary = summary
        self._table = sessions.shelf.table
        self._live = list(sessions.live.items())

    def ids(self, places: Iterable[int]) -> list[str]:
        """The ids of the runs at these places."""
        runs, live, shelved = self._table.runs, self._live, len(self._table.runs)
        return [runs[at].run_id if at < shelved else live[at - shelved][0] for at in places]

    def newest_first(self) -> list[int]:
        """Every place once, by when its run started."""
        runs, live, shelved = self._table.runs, self._live, len(self._table.runs)
        hidden = {self._table.places[run_id] for run_id, _ in live if run_id in self._table.places}
        order = [at for at in self._table.oldest_first() if at not in hidden] if hidden else None
        order = list(self._table.oldest_first()) if order is None else order

        def age(at: int) -> tuple[float, str]:
            if at < shelved:
                return runs[at].started, runs[at].run_id
            run_id, held = live[at - shelved]
            return held.runs[run_id].started, run_id

        for at in range(shelved, shelved + len(live)):
            insort(order, at, key=age)
        order.reverse()
        return order

    def column(self, field: Field) -> Sequence[Scalar]:
        """A field of every run, by place."""
        if field == _VERDICT:
            word = self._sessions.verdicts.word
            return [*(word(run.run_id) for run in self._table.runs), *(word(run_id) for run_id, _ in self._live)]
        closed = self._sessions.shelf.column(field)
        return closed if not self._live else closed + [self._value(field, *live) for live in self._live]

    def _value(self, field: Field, run_id: str, held: HeldSession) -> Scalar:
        run = held.runs[run_id]
        return value_of(field, run, held.record.info, lambda metric: self._summary(run, metric))
