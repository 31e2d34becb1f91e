"""The metric by which a sweep prunes, on its way from a machine that does not see the home.

The machine is asked for it once a second, by how many points were had before; so a question that was lost costs
nothing. What came lies in the attempt's place, and is read of the attempt that counts alone. Neither an answer nor
the file grows: of many points those are kept that show the curve, with every extreme (see ``decimate``).
"""

from __future__ import annotations

import threading

import msgspec
import numpy as np

from runlore.decimate import decimate
from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.session_record import SessionRecord
from runlore_server.backends import tenure
from runlore_server.backends.place import FOLLOWED, Place, folder_of
from runlore_server.document import read_if_there, write_document
from runlore_server.store.curves import POINT, CurveFile, Points

_MOST = 1000
"""Points of an answer, and of what lies in the place: 24 KB."""

_READ = 1 << 20
"""Points that are looked at for one answer."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the metric: of which session, the points that it had then, and ``records`` of them.

    ``session`` is that of the attempt: one that begins anew, with all cells in place of a slice, has another.
    """

    session: str = ""
    seen: int = 0
    records: bytes = b""

    @property
    def points(self) -> Points:
        """Those that were kept."""
        whole = len(self.records) // POINT.itemsize * POINT.itemsize
        return np.frombuffer(self.records[:whole], POINT)

    def joined(self, later: Followed) -> Followed:
        """This and what came since, which may be of another session."""
        if later.session != self.session:
            return later
        records = _shown(np.concatenate((self.points, later.points)))
        return Followed(session=later.session, seen=later.seen, records=records)


class Source:
    """The side that has the curve: a machine on which the attempt works in a home of its own.

    Args:
        place: the attempt's, in that home.
        metric: what is followed.
    """

    def __init__(self, place: Place, metric: str) -> None:
        self._place = place
        self._metric = metric
        self._session: SessionRecord | None = None
        self._lock = threading.Lock()

    def since(self, session: str, seen: int) -> Followed | None:
        """The points behind the first ``seen`` of a session; ``None`` for none, and while they cannot be read."""
        with self._lock:  # a question that was given up may still be answered
            try:
                return self._since(session, seen)
            except (OSError, JournalFormatError):
                return None

    def _since(self, session: str, seen: int) -> Followed | None:
        now = self._place.folder.plan().session_id
        if self._session is None or self._session.session_id != now:
            self._session = SessionRecord(self._place.home, now)
        self._session.refresh()
        run = self._session.runs.get(self._place.attempt.run_id)
        path = run.metrics.get(self._metric) if run is not None else None
        if path is None:
            return None
        start = seen if session == now else 0
        with CurveFile(path) as curve:
            slots = curve.read(start, _READ)
        points = slots.points[: slots.settled]
        return Followed(session=now, seen=start + len(points), records=_shown(points)) if len(points) else None


class Arrival:
    """The owner's side: what has come of one attempt, which lies in its place.

    Args:
        place: the attempt's, in the owner's home.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.had = read_if_there(place.followed, Followed) or Followed()

    def add(self, later: Followed) -> None:
        """Keep what came.

        Raises:
            OSError: it cannot be written.
        """
        self.had = self.had.joined(later)
        write_document(self._place.followed, self.had)


def arrived(home: Home, run_id: str) -> Followed | None:
    """What has come of the attempt at a rerun that counts; ``None`` where nothing has."""
    try:
        token = tenure.read(home, run_id).token
    except (OSError, JournalFormatError):
        return None
    return read_if_there(folder_of(home, run_id, token) / FOLLOWED, Followed) if token else None


def _shown(points: Points) -> bytes:
    return points[decimate(points["value"], _MOST)].tobytes()
