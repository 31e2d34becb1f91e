"""What queries found, so that the pages of one list need not be searched for one by one."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from runlore_server.filter.fields import is_of_curves
from runlore_server.filter.order import Key
from runlore_server.filter.tree import Node
from runlore_server.store.rows import Rows
from runlore_server.store.search import Query, ordered

_MOST = 4
"""Queries at once: a list, a comparison, and what they were before."""

_OLDEST = 5.0
"""Seconds for which an answer is good although nothing changed: a filter may ask for the last hour."""


class Finds:
    """The ids of the runs that the last queries found. Not for several threads at once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Node | None, tuple[Key, ...], bool], tuple[float, list[str]]] = OrderedDict()

    def clear(self) -> None:
        """Search anew: what runs are there, or something of one, has changed."""
        self._kept.clear()

    def of(self, query: Query, rows: Callable[[], Rows]) -> tuple[list[str], int]:
        """The ids of the runs found, in order and at least up to the end of the page, and how many there are.

        They are kept for a page that is not the first: its neighbours will be asked for. What curves tell
        of runs that still run is looked at each time.

        Args:
            query: what is looked for.
            rows: gives what is searched.
        """
        key, now = (query.where, query.order, query.deleted), time.monotonic()
        if key in self._kept and self._kept[key][0] > now - _OLDEST:
            self._kept.move_to_end(key)
            found = self._kept[key][1]
            return found, len(found)
        table = rows()
        places = table.found(query)
        if query.limit is not None and query.offset == 0 and query.before is None:
            first = ordered(places, query.order, table.column, query.limit)
            return table.ids(first[: query.limit]), len(places)
        found = table.ids(ordered(places, query.order, table.column, None))
        if query.limit is not None and not (table.any_live and any(map(is_of_curves, query.fields()))):
            self._kept[key] = (now, found)
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return found, len(found)
