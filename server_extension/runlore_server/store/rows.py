"""What a search goes through: the runs on the shelf, and behind them those that are held in memory."""

from __future__ import annotations

import time
from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence

from runlore.record import RunRecord
from runlore_server.filter.tree import Field
from runlore_server.store.annotations import Annotation
from runlore_server.store.held import HeldSession
from runlore_server.store.search import Query, select
from runlore_server.store.sessions import Sessions
from runlore_server.store.values import Scalar, Summary, value_of

_DELETED = Field("attribute", "deleted")
_NAME = Field("attribute", "name")
_VERDICT = Field("attribute", "verdict")
_RERUNS = Field("attribute", "reruns")
_MARKS = ("pinned", "starred", "deleted")
_TEXTS = ("notes", "hypothesis")


class Rows:
    """The runs of a home by place, as they are now; of use until the next refresh.

    Args:
        sessions: where they are.
        summary: the summary of a metric of a run that is held in memory.
        load: what ``LOADS`` names of such a run.
        annotations: what the user says of runs, by id.
    """

    def __init__(
        self,
        sessions: Sessions,
        summary: Callable[[RunRecord, str], Summary | None],
        load: Callable[[RunRecord], Mapping[str, float]],
        annotations: Mapping[str, Annotation],
    ) -> None:
        self._sessions = sessions
        self._annotations = annotations
        self._summary = summary
        self._load = load
        self._table = sessions.shelf.table
        self._live = list(sessions.live.items())
        shelved = len(self._table.runs)
        self._live_places = {run_id: shelved + at for at, (run_id, _) in enumerate(self._live)}

    @property
    def any_live(self) -> bool:
        """Whether any of the runs is held in memory."""
        return bool(self._live)

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
            return [word(run_id) for run_id in self._all_ids()]
        if field == _RERUNS:
            return [float(len(self._sessions.reruns(run_id))) for run_id in self._all_ids()]
        if field.entity == "attribute" and field.name in (*_MARKS, *_TEXTS):
            return self._said(field.name)
        closed = self._sessions.shelf.column(field)
        found = closed if not self._live else closed + [self._value(field, *live) for live in self._live]
        return self._annotated(field, found)

    def found(self, query: Query) -> list[int]:
        """The places of the runs found, newest first; of deleted ones only where the query is about them."""
        places = self.newest_first()
        if not query.deleted and _DELETED not in query.fields() and (gone := self._deleted()):
            places = [place for place in places if place not in gone]
        return places if query.where is None else select(query.where, places, self.column, time.time())

    def _deleted(self) -> set[int]:
        gone = (run_id for run_id, said in self._annotations.items() if said.deleted)
        return {place for run_id in gone for place in self._places(run_id)}

    def _all_ids(self) -> Iterable[str]:
        yield from (run.run_id for run in self._table.runs)
        yield from (run_id for run_id, _ in self._live)

    def _said(self, name: str) -> list[Scalar]:
        """What the user says of every run."""
        found: list[Scalar] = ["no" if name in _MARKS else None] * (len(self._table.runs) + len(self._live))
        for run_id, said in self._annotations.items():
            if value := getattr(said, name):
                for place in self._places(run_id):
                    found[place] = "yes" if name in _MARKS else value
        return found

    def _annotated(self, field: Field, recorded: Sequence[Scalar]) -> Sequence[Scalar]:
        """What was recorded, with the names and tags that the user gave in their places."""
        is_name = field == _NAME
        if not self._annotations or not (is_name or field.entity == "tag"):
            return recorded
        found = list(recorded)
        for run_id, said in self._annotations.items():
            if said.name is not None if is_name else field.name in said.tags:
                for place in self._places(run_id):
                    found[place] = said.name if is_name else said.tags[field.name]
        return found

    def _places(self, run_id: str) -> Iterable[int]:
        """Where the run stands: a live one hides one of its id on the shelf."""
        if (place := self._table.places.get(run_id)) is not None:
            yield place
        if (place := self._live_places.get(run_id)) is not None:
            yield place

    def _value(self, field: Field, run_id: str, held: HeldSession) -> Scalar:
        run = held.runs[run_id]
        return value_of(field, run, held.record.info, lambda metric: self._summary(run, metric), self._load)
