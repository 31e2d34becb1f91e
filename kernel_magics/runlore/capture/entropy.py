"""Seeds that libraries take from the operating system, made so that a replay can make them again.

Each cell has a root of 16 random bytes, which is recorded. While it is in force, generators that would be seeded
from the operating system (``numpy.random.default_rng()``, ``random.Random()``, ``numpy.random.seed()``,
``torch.seed()``, ``torch.Generator().seed()``, and the one of Polars when it is imported) are seeded from it
instead, by BLAKE3 in its keyed mode over the library, the thread and how many seeds it had before: as unforeseen
as before, and the same again under the same root. Worker processes that start as new interpreters get roots of
their own from it (``runlore.capture.workers``). ``os.urandom``, ``secrets``, ``uuid`` and ``random.SystemRandom``
are left alone, because what they give may be a secret.
"""

from __future__ import annotations

import functools
import gc
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from blake3 import blake3

from runlore.capture import workers
from runlore.capture.imports import ImportWatcher

ROOT_SIZE = 16
"""Bytes."""

_PYTHON_SEED = 32
_TORCH_SEED = _POLARS_SEED = 8
"""Bytes, as those libraries take them from the operating system at most."""


class Entropy:
    """The root in force in this process, and the hooks by which libraries come to it."""

    def __init__(self) -> None:
        self._key: bytes | None = None
        self._drawn: Counter[tuple[str, str]] = Counter()
        self._process = os.getpid()
        self._identity = _worker()
        self._put_back: dict[str, Callable[[], None]] = {}
        self._imports = ImportWatcher((*workers.STARTERS, "polars"), lambda _: self.hook())

    def begin(self, root: str) -> None:
        """From now on seeds come from ``root``, in hexadecimal; libraries loaded by now are hooked."""
        if self._key is None:
            self._imports.install()
            if "polars" in sys.modules:  # whoever imported it may have seeded it
                self._put_back["polars"] = _nothing
        self._key = bytes.fromhex(root).ljust(32, b"\0")[:32]
        self._drawn.clear()
        self.hook()

    def hook(self) -> None:
        """Hook the libraries that are loaded."""
        installers: list[tuple[str, Callable[[], None]]] = [
            ("random", self._hook_python),
            ("numpy.random", self._hook_numpy),
            ("torch", self._hook_torch),
            ("polars", self._seed_polars),
            *((starter, functools.partial(self._hook_starter, starter)) for starter in workers.STARTERS),
        ]
        for module, install in installers:
            if module not in self._put_back and module in sys.modules:
                install()

    def end(self) -> None:
        """Let the libraries have the operating system's entropy again."""
        self._key = None
        self._imports.remove()
        for put_back in self._put_back.values():
            put_back()
        self._put_back.clear()

    def draw(self, library: str, size: int) -> bytes | None:
        """``size`` bytes; ``None`` where only the operating system's will do."""
        if self._key is None:
            return None
        worker: tuple[int, ...] = ()
        if os.getpid() != self._process:
            worker = _worker()
            if worker == self._identity:
                return None  # a bare fork: nothing tells its siblings apart
        thread = threading.current_thread()
        name = "" if thread is threading.main_thread() else thread.name
        self._drawn[library, name] += 1
        what = f"{library}\0{worker}\0{name}\0{self._drawn[library, name]}"
        return bytes(blake3(what.encode(errors="replace"), key=self._key).digest(length=size))

    # -- hooks ---------------------------------------------------------------------------------------------

    def _hook_python(self) -> None:
        original = random.Random.seed

        @functools.wraps(original)
        def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
            if a is None and (drawn := draw("python", _PYTHON_SEED)) is not None:
                a = int.from_bytes(drawn, "little")
            original(self, a, version)

        draw = self.draw

        def put_back() -> None:
            _set(random.Random, "seed", original)
            _set(random, "seed", random._inst.seed)

        self._put_back["random"] = put_back
        if getattr(random.seed, "__func__", None) is original:
            _set(random.Random, "seed", seed)
            _set(random, "seed", random._inst.seed)
        else:  # somebody else was here before
            self._put_back["random"] = _nothing

    def _hook_numpy(self) -> None:
        module = sys.modules.get("numpy.random.bit_generator")
        original = getattr(module, "randbits", None)
        self._put_back["numpy.random"] = _nothing
        if module is None or original is None:
            return

        def randbits(k: int) -> int:
            drawn = self.draw("numpy", -(-k // 8))
            return int(original(k)) if drawn is None else int.from_bytes(drawn, "little") >> (-k % 8)

        _set(module, "randbits", randbits)
        self._put_back["numpy.random"] = functools.partial(_set, module, "randbits", original)

    def _hook_torch(self) -> None:
        kind = getattr(sys.modules["torch"], "Generator", None)
        if kind is None or not hasattr(sys.modules["torch"], "manual_seed"):
            return  # it is still being imported
        self._put_back["torch"] = _nothing
        original = vars(kind).get("seed")
        attributes = _attributes(kind)
        if original is None or attributes is None:
            return

        @functools.wraps(original)
        def seed(self: Any) -> int:
            drawn = draw("torch", _TORCH_SEED)
            if drawn is None:
                return int(original(self))
            value = int.from_bytes(drawn, "little")
            self.manual_seed(value)
            return value

        draw = self.draw
        _set_attribute(kind, attributes, "seed", seed)  # torch.seed() calls it too
        self._put_back["torch"] = functools.partial(_set_attribute, kind, attributes, "seed", original)

    def _seed_polars(self) -> None:
        """Its one stream tells nobody its state, so its beginning is all that can be the same again."""
        seed = getattr(sys.modules["polars"], "set_random_seed", None)
        if seed is None:
            return  # it is still being imported, or a file of the user's
        self._put_back["polars"] = _nothing
        if (drawn := self.draw("polars", _POLARS_SEED)) is not None:
            seed(int.from_bytes(drawn, "little"))

    def _hook_starter(self, starter: str) -> None:
        self._put_back[starter] = workers.seed_new_workers(sys.modules[starter], self.draw)


def _attributes(kind: type) -> dict[str, Any] | None:
    """The dictionary of a class made in C, which refuses assignment; ``None`` where it cannot be reached."""
    found = gc.get_referents(vars(kind))
    return found[0] if len(found) == 1 and type(found[0]) is dict else None


def _set_attribute(kind: type, attributes: dict[str, Any], name: str, value: Any) -> None:
    import ctypes  # long loaded where torch is

    attributes[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))  # or the interpreter goes on using what it remembers


def _set(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _nothing() -> None:
    """Where there is nothing to put back."""


def _worker() -> tuple[int, ...]:
    """What multiprocessing tells this process from its parent and siblings by."""
    module = sys.modules.get("multiprocessing.process")
    return tuple(getattr(module.current_process(), "_identity", ())) if module is not None else ()
