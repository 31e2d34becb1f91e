"""Hearing of what changes in the ledger, whichever process changed it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from runlore_server.queue.ledger import Ledger
from runlore_server.queue.owner import INTERVAL, OFTEN

_log = logging.getLogger(__name__)


class Changes:
    """Looks at the ledger a few times a second, for as long as somebody wants to know.

    Args:
        ledger: the jobs.
        closing: set when nobody does any more.
    """

    def __init__(self, ledger: Ledger, closing: threading.Event) -> None:
        self._ledger = ledger
        self._closing = closing
        self._announced = ledger.last_change()

    def tell(self, on_change: Callable[[str], None]) -> None:
        """Call this with the run id of each job that changed, or was forgotten, until the end."""
        while not self._closing.wait(INTERVAL):
            try:
                if (now := self._ledger.last_change()) == self._announced:
                    continue
                for run_id in self._ledger.changed_since(self._announced):
                    on_change(run_id)
                self._announced = now
            except Exception:  # noqa: BLE001 - neither a listener's trouble nor the disk's may end the watch
                _log.exception("a change of a rerun could not be told")

    def wait(self, condition: Callable[[], bool], timeout: float | None) -> bool:
        """Wait until a condition holds, looked at after each change; whether that came in so many seconds.

        Args:
            condition: what is waited for.
            timeout: seconds; ``None`` for no end.
        """
        end = None if timeout is None else time.monotonic() + timeout
        seen = -1
        while True:
            if (now := self._ledger.last_change()) != seen:
                seen = now
                if condition():
                    return True
            left = OFTEN if end is None else min(end - time.monotonic(), OFTEN)
            if left <= 0 or self._closing.wait(left):
                return False
