"""Keeping the mirror of MLflow up to date, in the background, by one process of the home."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from blake3 import blake3

from runlore.decodable import decodable
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.mirror.fetching import Fetching
from runlore_server.mirror.worker import Look, Looked, mirror_process
from runlore_server.ownership import Ownership
from runlore_server.store.runs import RunStore
from runlore_server.whole import write_whole

_FIRST = 3.0
"""Seconds for which a new server has the processors to itself."""

_QUICK, _SLOW = 5.0, 60.0
"""Seconds between two looks: while somebody looks or runs still run, and otherwise, or while MLflow is away."""

_LOOKED = 600.0
"""Seconds for which somebody is taken to look on."""

_SHARE, _WHOLE_SHARE = 20.0, 50.0
"""A look, or one at everything, comes again after so many times as long as it took at the least."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MirrorStatus:
    """How far the mirror has come.

    ``enabled`` is whether there shall be one, ``runs`` how many it shows (``None`` until MLflow was asked), and
    ``fetching`` how many curves are on their way. ``error`` is why the last look failed. ``owner`` is false where
    another process on the home looks.
    """

    enabled: bool
    runs: int | None
    fetching: int
    error: str | None
    owner: bool


class Mirror:
    """Has MLflow looked at, by a process of its own, while it owns the home's mirror; or empties that.

    What fails is tried again, at first soon, then every minute, or every 10 seconds while somebody looks; each
    trouble is logged once.

    Args:
        config: where the runs are and where MLflow is.
        store: the runs of the home.
        pace: seconds between two looks while somebody looks or runs still run.
    """

    def __init__(self, config: Config, store: RunStore, pace: float = _QUICK) -> None:
        self._config = config
        self._quick = pace
        self._home = config.home
        self._ownership = mirror_lock(config)
        self._process = mirror_process(config, self._ownership)
        self._changed = threading.Condition()
        self._closing = False
        self._looked_at = float("-inf")
        self._owner = True
        self._error: str | None = None
        self._runs: int | None = None
        self._live = False
        self._seen: str | None = None  # the store as it was when everything was looked at
        self._glanced: str | None = None  # and at the last look
        self._failures = 0
        self._whole_due = 0.0
        self._thread = threading.Thread(target=self._work, name="runlore mirror", daemon=True)
        self.curves = Fetching(config, store)

    def start(self) -> None:
        """Begin, in a moment."""
        self._thread.start()

    def looked(self) -> None:
        """Take note that somebody looks at runs."""
        with self._changed:
            was_idle = not self._is_watched()
            self._looked_at = time.monotonic()
            if was_idle:
                self._changed.notify()

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop, in the middle of a look too; wait for that at most ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._process.end()
        self.curves.shutdown(timeout)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def status(self) -> MirrorStatus:
        """How far it has come."""
        return MirrorStatus(self._config.mirror, self._runs, self.curves.waiting, self._error, self._owner)

    def _work(self) -> None:
        self._wait(_SLOW / 2 if self._is_alone else min(_FIRST, self._quick), nobody=True)
        while not self._closing:
            took = 0.0
            try:
                self._owner = self._ownership.acquire()
                if self._owner and not self._config.mirror:
                    shutil.rmtree(self._home.mirror, ignore_errors=True)
                    break
                if self._owner:
                    took = self._look()
                self._note(None)
            except (TrackingStoreAway, ExportRefused, OSError) as error:
                self._note(str(error))
            except Exception:  # noqa: BLE001 - a defect of ours must not end the mirror
                _log.exception("MLflow could not be looked at")
                self._note("an internal error; the server's log has the details")
            self._wait(min(_SHARE * took, _SLOW))
        self._process.end()
        self._ownership.release()

    def _look(self) -> float:
        """Look, if there may be news; how many seconds that took."""
        now, seen = time.monotonic(), fingerprint(self._config)
        kept = self._home.mirror / "seen"
        if self._seen is None and self._home.mirror.is_dir():
            self._seen = kept.read_text() if kept.is_file() else None
        whole = now >= self._whole_due
        if seen is not None and (seen == self._seen or (seen == self._glanced and not whole)):
            if seen == self._seen:
                self._process.close()  # nobody wrote there: MLflow need not even be imported
            return 0.0
        answer = msgspec.json.decode(self._process.ask(Look(whole)), type=decodable(Looked))
        self._runs, self._live, self._glanced = answer.counts.runs, answer.live, seen
        if answer.whole:
            self._whole_due = time.monotonic() + max(_SLOW, _WHOLE_SHARE * answer.seconds)
            if seen is not None and self._home.mirror.is_dir():
                write_whole(kept, seen.encode())
            self._seen = seen
        if self._is_alone:
            self._process.close()
        return answer.seconds

    def _note(self, error: str | None) -> None:
        if error is not None and self._error is None and not self._closing:
            _log.warning("runs of MLflow are shown as they were: %s", error)
        if error is None and self._error is not None:
            _log.info("MLflow can be looked at again")
        self._error = error
        self._failures = 0 if error is None else self._failures + 1

    def _is_watched(self) -> bool:
        return time.monotonic() - self._looked_at < _LOOKED

    @property
    def _is_alone(self) -> bool:
        """Whether the store is the home's own, where hardly anybody else logs, and nobody has."""
        return self._config.own_database is not None and not self._runs

    def _pace(self) -> float:
        if self._failures:
            return min(self._quick * 2.0 ** (self._failures - 1), 2 * self._quick if self._is_watched() else _SLOW)
        return self._quick if (self._is_watched() or self._live) and not self._is_alone else _SLOW

    def _wait(self, least: float, *, nobody: bool = False) -> None:
        """Wait for the next look: for ``least`` seconds at any rate, then until it is worth it."""
        began = time.monotonic()
        with self._changed:
            while not self._closing:
                rest = least if nobody else max(least, self._pace())
                if (left := began + rest - time.monotonic()) <= 0:
                    return
                self._changed.wait(left)


def mirror_lock(config: Config) -> Ownership:
    """Held by the one process of the home that keeps the mirror."""
    return Ownership(config.home.path / "mirror.lock")


def fingerprint(config: Config) -> str | None:
    """Changes whenever something was written to a store that is a file; ``None`` for other stores."""
    database = config.database_file
    if database is None:
        return None
    stats = []
    for path in (database, Path(f"{database}-wal")):
        try:
            stat = path.stat()
            stats.append((stat.st_size, stat.st_mtime_ns))
        except OSError:
            stats.append((-1, -1))
    return str(blake3(msgspec.json.encode((config.tracking_uri, stats))).hexdigest())
