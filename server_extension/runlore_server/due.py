"""What is to be done, and when."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, MutableMapping
from itertools import count


class Due(MutableMapping[str, float]):
    """Names and the times at which their turn comes; whose turn is next is known at once, however many wait."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, int, str]] = {}
        self._queue: list[tuple[float, int, str]] = []
        self._number = count()

    def __getitem__(self, name: str) -> float:
        return self._entries[name][0]

    def __setitem__(self, name: str, time: float) -> None:
        known = self._entries.get(name)
        if known is not None and known[0] == time:
            return
        entry = self._entries[name] = (time, next(self._number), name)
        heapq.heappush(self._queue, entry)
        if len(self._queue) > 2 * len(self._entries) + 16:  # most of it was put off
            self._queue = list(self._entries.values())
            heapq.heapify(self._queue)

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def first(self) -> str | None:
        """The name whose turn comes first, of several the one that waits longest; ``None`` without any."""
        while self._queue and self._entries.get(self._queue[0][2]) is not self._queue[0]:
            heapq.heappop(self._queue)
        return self._queue[0][2] if self._queue else None
