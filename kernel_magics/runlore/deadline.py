"""Ending what takes too long, also where it hangs in code of the user's."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

_AGAIN = 1.0
"""Seconds after which code that has caught the interrupt is interrupted once more."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[threading.Event]:
    """Interrupt the block with ``KeyboardInterrupt`` when it is not done in time, as Ctrl-C does.

    Yields an event that is set once that happened. Other interrupts are left aside meanwhile: a user who presses
    once more cannot know that the cell has stopped. Outside of the main thread nothing is interrupted.
    """
    passed = threading.Event()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        yield passed
        return
    thread, done = threading.main_thread().ident, threading.Event()
    firing = threading.Lock()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            wait = _AGAIN
            with firing:
                if not done.is_set() and thread is not None:
                    passed.set()
                    signal.pthread_kill(thread, signal.SIGINT)

    def stop(*_: Any) -> None:
        if passed.is_set():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    watcher = threading.Thread(target=watch, name="runlore deadline", daemon=True)
    watcher.start()
    try:
        yield passed
    finally:
        while watcher.is_alive():
            with contextlib.suppress(
                KeyboardInterrupt
            ):  # sent in the last moment: it must not hit the user's code
                with firing:
                    done.set()
                watcher.join()
        signal.signal(signal.SIGINT, before if before is not None else signal.default_int_handler)
