"""Which libraries read the clock or the system's random numbers, in a replay that only helps to judge another one.

Neither raises an audit event, and what a library does stands in no text of the user's. Such a replay runs when two
others did not come out the same and nothing recorded says why; there, and nowhere else, the functions of ``time``
and ``os.urandom`` note who calls them. What had taken them by name before (IPython, say) is not seen.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from runlore import events as ev

if TYPE_CHECKING:
    from runlore.session import Session

_CLOCKS = (
    "time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time",
    "process_time_ns", "thread_time", "localtime", "gmtime", "ctime", "asctime", "strftime",
)  # fmt: skip
_MACHINERY = frozenset(
    (
        "IPython",
        "ipykernel",
        "jupyter_client",
        "comm",
        "traitlets",
        "tornado",
        "zmq",
        "runlore",
        "psutil",
        "__main__",
    )
)
"""What reads the clock for itself; the cells' own text is looked at elsewhere."""

_MOST = 50
"""Events a cell."""


class ClockCapture:
    """Writes ``UncontrolledUsed``, once a cell for each function and module; ``session.captures`` holds it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[tuple[ev.UncontrolledKind, str], bool] = {}
        """Whether it was seen only while the module was being loaded."""
        self._put_back: list[Callable[[], None]] = []
        for name in _CLOCKS:
            if hasattr(time, name):
                self._follow(time, name, "clock")
        self._follow(os, "urandom", "urandom")

    def cell_started(self, ordinal: int) -> None:  # noqa: ARG002 - what was seen between cells is nobody's
        self._found.clear()

    def cell_finished(self, ordinal: int) -> dict[str, Any]:
        found, self._found = self._found, {}
        now = time.time()
        for kind, detail in sorted(found, key=found.__getitem__)[:_MOST]:  # what loading asks, results seldom show
            self._session.append(ev.UncontrolledUsed(time=now, ordinal=ordinal, kind=kind, detail=detail))
        return {}

    def session_ended(self) -> None:
        for put_back in self._put_back:
            put_back()
        self._put_back.clear()

    def _follow(self, module: Any, name: str, kind: ev.UncontrolledKind) -> None:
        original = getattr(module, name)
        said = f"{module.__name__}.{name} in"

        @functools.wraps(original)
        def followed(*args: Any, **kwargs: Any) -> Any:
            caller = _library(sys._getframe(1), through=kind == "urandom")
            if caller is not None:
                name, loading = caller
                use = kind, f"{said} {name}"
                self._found[use] = loading and self._found.get(use, True)
            return original(*args, **kwargs)

        setattr(module, name, followed)
        self._put_back.append(functools.partial(setattr, module, name, original))


def _library(frame: FrameType | None, *, through: bool) -> tuple[str, bool] | None:
    """The library's module that calls, and whether it is being loaded.

    ``None`` where the standard library or machinery calls for itself.

    ``through`` looks for who called the standard library: ``uuid`` and ``secrets`` ask for others, locks do not.
    """
    while frame is not None:
        name = frame.f_globals.get("__name__")
        top = name.partition(".")[0] if isinstance(name, str) else "__main__"
        if top not in sys.stdlib_module_names or top == "__main__":
            return None if top in _MACHINERY else (str(name), frame.f_code.co_name == "<module>")
        if not through:
            return None
        frame = frame.f_back
    return None
