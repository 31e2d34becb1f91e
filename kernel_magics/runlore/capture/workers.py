"""Workers that start as new interpreters (spawn, forkserver, loky): how they get seeds that a replay has too.

A forked worker has its parent's hooks. A new interpreter has none, and its libraries would seed themselves from
the operating system. The standard library and loky send each such process a dictionary with what it needs; an
entry is added to it that hands the process a root of its own (see ``runlore.capture.entropy``).
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable
from typing import Any

STARTERS = ("multiprocessing.spawn", "joblib.externals.loky.backend.spawn", "loky.backend.spawn")
"""Modules with a function ``get_preparation_data``, which is asked once for each new process."""

STARTED = "runlore.worker"
"""The audit event that tells of each."""

_SEEDED = ("numpy.random", "torch")
"""Modules whose own generators take a seed from the system when they are imported."""

_ROOT_SIZE = 32
_ENTRY = "runlore"
_TEMPLATE_PROCESS = "ignore"
"""What the standard library calls the server that forks further workers: it gets no entry, and no root."""


class _Seeding:
    """Seeds the process that unpickles it. A process that cannot import Runlore goes without."""

    def __init__(self, root: str) -> None:
        self._root = root

    def __reduce__(self) -> tuple[Any, ...]:
        begin = f"from {__name__} import begin; begin({self._root!r})"
        return exec, (f"try: {begin}\nexcept Exception: pass", {})


def seed_new_workers(starter: Any, draw: Callable[[str, int], bytes | None]) -> Callable[[], None]:
    """Let the processes that a module of ``STARTERS`` starts draw from roots of their own; returns what undoes it.

    Args:
        starter: the module.
        draw: gives so many bytes for what is named; ``None`` where only the operating system's will do.
    """
    original = getattr(starter, "get_preparation_data", None)
    if original is None:
        return lambda: None

    @functools.wraps(original)
    def get_preparation_data(name: str, *args: Any, **kwargs: Any) -> Any:
        data = original(name, *args, **kwargs)
        if name != _TEMPLATE_PROCESS:
            sys.audit(STARTED)
            if (root := draw("worker", _ROOT_SIZE)) is not None:
                data[_ENTRY] = _Seeding(root.hex())
        return data

    starter.get_preparation_data = get_preparation_data
    return functools.partial(setattr, starter, "get_preparation_data", original)


def begin(root: str) -> None:
    """In the new process: seed what is loaded, and what will be when it is."""
    from runlore.capture.entropy import Entropy
    from runlore.capture.imports import ImportWatcher

    entropy = Entropy()
    entropy.begin(root)
    random.seed()

    def imported(module: str) -> None:
        entropy.hook()
        if hasattr(sys.modules[module], "seed"):  # a file of the user's may have the library's name
            sys.modules[module].seed()

    for module in _SEEDED:
        if module in sys.modules:
            imported(module)
    ImportWatcher(_SEEDED, imported).install()
