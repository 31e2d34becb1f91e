"""How a kernel came to its end, in words."""

from __future__ import annotations

import signal

_MEANINGS = {
    "SIGKILL": "as the system does when memory runs out",
    "SIGSEGV": "a fault in compiled code",
    "SIGABRT": "compiled code gave up",
    "SIGBUS": "a mapped file shrank or its disk is full, or a fault in compiled code",
    "SIGILL": "compiled code for another processor",
    "SIGFPE": "a fault in compiled code",
}


def told(status: int | None) -> str:
    """The exit status of a process as words in brackets; nothing where nobody knows it."""
    if status is None:
        return ""
    if status >= 0:
        return f" (it exited with status {status})"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f" (by signal {-status})"
    meaning = _MEANINGS.get(name)
    return f" (by {name}: {meaning})" if meaning else f" (by {name})"
