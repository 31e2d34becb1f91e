"""The process that drives one sweep for a Jupyter server; it ends when the server does, however that ends."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading

from runlore_server.config import Config
from runlore_server.sweep.driving import drive
from runlore_server.sweep.sweep import find

_NICENESS = 5
"""Kernels and the server go first."""

_GRACE = 4.0
"""Seconds for the step that is under way when the server ends."""


def main() -> int:
    """Drive the sweep that the arguments name (home, id) until it is over or the standard input ends."""
    logging.basicConfig(level=logging.WARNING, format="runlore sweep: %(message)s")
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    config, leave = Config.resolve(sys.argv[1]), threading.Event()

    def watch() -> None:
        # Not by Python's own reader: it aborts where a thread is within that at its end.
        while os.read(sys.stdin.fileno(), 1024):
            pass
        leave.set()
        threading.Event().wait(_GRACE)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    drive(config, find(config.home, sys.argv[2]), leave, work=False)
    return 0
