"""The one audit hook of the process, shared by all captures.

An audit hook stays for the life of the process (``sys.addaudithook`` has no opposite), so there is one, installed
with the first listener, that looks an event's name up and returns: about 0.1 us for an event that nobody wants.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Listener = Callable[[tuple[Any, ...]], None]
"""Called with the event's arguments, in the thread that raised it, before the audited operation happens.

What it raises is dropped, an interrupt of the user's excepted. Events that it raises itself reach nobody.
"""

_listeners: dict[str, tuple[Listener, ...]] = {}
_lock = threading.Lock()
_installed = False


class _Thread(threading.local):
    muted = 0


_thread = _Thread()


def listen(event: str, listener: Listener) -> None:
    """Call ``listener`` with the arguments of every audit event of this name, until ``unlisten``."""
    global _installed  # noqa: PLW0603 - the hook belongs to the process
    with _lock:
        _listeners[event] = (*_listeners.get(event, ()), listener)
        if not _installed:
            _installed = True
            sys.addaudithook(_dispatcher(_listeners, _thread))


def unlisten(event: str, listener: Listener) -> None:
    """Stop calling ``listener`` for this event; nothing happens when it was not called."""
    with _lock:
        left = tuple(one for one in _listeners.get(event, ()) if one != listener)
        if left:
            _listeners[event] = left
        else:
            _listeners.pop(event, None)


@contextmanager
def muted() -> Iterator[None]:
    """Let no event of this thread reach a listener meanwhile: for what Runlore does itself."""
    _thread.muted += 1
    try:
        yield
    finally:
        _thread.muted -= 1


def mute_thread() -> None:
    """Let no event of this thread reach a listener ever again: for a thread of Runlore's own."""
    _thread.muted += 1


def _dispatcher(
    listeners: dict[str, tuple[Listener, ...]], thread: _Thread
) -> Callable[[str, tuple[Any, ...]], None]:
    # Names bound here outlive the module's globals, which are cleared while the interpreter shuts down.
    def dispatch(event: str, args: tuple[Any, ...]) -> None:
        if event in listeners and not thread.muted:
            thread.muted += 1
            try:
                for listener in listeners.get(event, ()):
                    try:  # noqa: SIM105 - entering a context takes as long as many a listener
                        listener(args)
                    except Exception:  # noqa: BLE001, S110 - one that raises would stop the user's operation
                        pass
            finally:
                thread.muted -= 1

    return dispatch
