"""The process above a runner, for the case that the runner itself is killed.

``python -m runlore_server.rerun.keeper FOLDER`` starts both. Whatever the notebook started becomes a child of the
nearest living ancestor that adopts orphans when its own parents die: of the runner, and after that of its keeper,
whatever session, environment or name it has given itself. A keeper does nothing but wait, so little can happen to
it, and when the runner has ended, in whichever way, it kills all that it finds below itself. It also ends a runner
that does not notice the death of the process that asked for the rerun.

A runner whose keeper is killed kills what is below it and ends. It must not be killed first: what it leaves is
nobody's child, and a kernel that notices that ends without what it started.

Only Linux lets a process adopt orphans; elsewhere there is no keeper, and what is left is found by its mark
(``tree.MARK``). Where keeper and runner are killed at the same moment, that holds here as well.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from typing import NoReturn

from runlore_server.rerun import tree

_PATIENCE = 3.0
"""Seconds for which a runner whose owner is gone may go on: it clears up by itself, and saves its notebook."""

_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_INPUT = 0


def keep() -> None:
    """Become the keeper of a new process and never return; return in that one, the runner."""
    if sys.platform != "linux":
        return
    tree.adopt_orphans()
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    gone, held = os.pipe()
    before = signal.set_wakeup_fd(tell)
    for name in (*_PASSED_ON, signal.SIGCHLD):
        signal.signal(name, _note)
    runner = os.fork()
    if runner:
        os.close(gone)
        _keep(runner, heard)  # which alone has ``held``, as long as it lives
    for name in (*_PASSED_ON, signal.SIGCHLD):
        signal.signal(name, signal.SIG_DFL)
    signal.set_wakeup_fd(before)
    for descriptor in (heard, tell, held):
        os.close(descriptor)
    threading.Thread(target=_end_with_keeper, args=[gone], name="keeper", daemon=True).start()


def _end_with_keeper(gone: int) -> NoReturn:
    os.read(gone, 1)
    tree.kill_own(os.environ[tree.MARK])
    os._exit(1)


def _note(*_: object) -> None:
    """Let the signal's number come to the wakeup descriptor."""


def _keep(runner: int, heard: int) -> NoReturn:
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    poll.register(_INPUT, 0)  # its end is told without being asked for; what comes on it is for the runner
    deadline: float | None = None
    while (status := _ended(runner)) is None:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        found = dict(poll.poll(None if left is None else left * 1000))
        for number in os.read(heard, 256) if heard in found else b"":
            if number in _PASSED_ON:
                os.kill(runner, number)
        if _INPUT in found:
            poll.unregister(_INPUT)
            deadline = time.monotonic() + _PATIENCE
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(runner, signal.SIGKILL)
    tree.kill_children()
    tree.clear_sockets([tree.own_sockets(os.environ[tree.MARK], runner)])  # which a killed runner left
    _end_as(status)


def _ended(runner: int) -> int | None:
    """The runner's wait status once it has ended; orphans that ended are taken note of."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            if found[0] == runner:
                return found[1]
    return None


def _end_as(status: int) -> NoReturn:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


if __name__ == "__main__":
    keep()
    from runlore_server.rerun.runner import main

    main(sys.argv[1])
