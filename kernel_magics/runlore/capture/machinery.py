"""The libraries that serve a kernel, kept off the user's random numbers.

Two of them draw from Python's global generator when nobody asks them to: jupyter_client after 65,536 messages and
again after every 6,554, to forget some signatures, and Tornado, to let a periodic call come a little sooner
or later. Between the user's own draws, that gives one session other numbers than another.
"""

from __future__ import annotations

import random
import sys
from types import ModuleType
from typing import Any

_DRAWING = ("jupyter_client.session", "tornado.ioloop")


class Machinery:
    """Lets those libraries draw from generators of their own; ``session.captures`` holds it."""

    def __init__(self) -> None:
        self._changed: list[ModuleType] = []
        for name in _DRAWING:
            module = sys.modules.get(name)
            if module is not None and getattr(module, "random", None) is random:
                self._changed.append(module)
                own = random.Random()  # noqa: S311 - in place of another one like it
                _draw_from(module, own)

    def cell_started(self, ordinal: int) -> None:
        """Nothing is asked of it."""

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002 - it watches nothing
        return {}

    def session_ended(self) -> None:
        for module in self._changed:
            _draw_from(module, random)


def _draw_from(module: Any, source: Any) -> None:
    module.random = source
