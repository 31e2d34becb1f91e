"""Ctrl-C, also where it comes at a moment at which Python drops the exception.

What is raised within a finalizer or the callback of a weak reference, of which every import has one, is printed
and forgotten. Who waits for long asks here as well.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

_came = threading.Event()


def listen() -> None:
    """Take note of Ctrl-C from now on, in a process of a command; where it is ignored, it remains so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)


def came() -> bool:
    """Whether it came."""
    return _came.is_set()


def heed() -> None:
    """Go no further if it came.

    Raises:
        KeyboardInterrupt: it did.
    """
    if _came.is_set():
        raise KeyboardInterrupt


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    _came.set()
    raise KeyboardInterrupt
