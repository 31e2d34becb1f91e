"""A replay with fresh seeds: what the original drew from recorded states is drawn anew, from one other seed.

Libraries are seeded once, when they are first seen, instead of being put into recorded states. Seeds that the code
gives as whole numbers (``random.seed(42)``, ``numpy.random.seed``, ``numpy.random.default_rng``,
``torch.manual_seed``) are mixed with the fresh one; other arguments, such as scikit-learn's ``random_state=42``,
stay as written.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from blake3 import blake3

from runlore.capture import rng
from runlore.capture.entropy import ROOT_SIZE

_SEEDERS = (
    ("random", "seed"),
    ("numpy.random", "seed"),
    ("numpy.random", "default_rng"),
    ("torch", "manual_seed"),
    ("torch.random", "manual_seed"),
)


class FreshSeeds:
    """The seeds of a replay whose plan has ``reseed``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._seeded: set[str] = set()
        self._put_back: list[Callable[[], None]] = []
        self._hooked: set[tuple[str, str]] = set()

    def root(self, recorded: str | None) -> str:
        """What libraries are seeded from that would ask the operating system, in place of the recorded root."""
        return self._hash(f"root {recorded}").hex()[: 2 * ROOT_SIZE]

    def seed(self) -> None:
        """Seed the libraries that are loaded and were not seeded yet."""
        for library in rng.loaded():
            self.seed_library(library)
        self._hook()

    def seed_library(self, library: str) -> None:
        """Seed a library, unless that was done before."""
        if library not in self._seeded:
            self._seeded.add(library)
            rng.seed(library, self.mixed(library, 0))
        self._hook()

    def mixed(self, name: str, given: int) -> int:
        """The seed, of 32 bits, that takes the place of one that the code gives."""
        return int.from_bytes(self._hash(f"{name} {given}")[:4], "little")

    def close(self) -> None:
        for put_back in self._put_back:
            put_back()
        self._put_back.clear()

    def _hash(self, text: str) -> bytes:
        return blake3(f"{self._seed} {text}".encode()).digest()

    def _hook(self) -> None:
        for module_name, name in _SEEDERS:
            module = sys.modules.get(module_name)
            if (module_name, name) not in self._hooked and hasattr(module, name):
                self._hooked.add((module_name, name))
                self._wrap(module, module_name, name)

    def _wrap(self, module: Any, module_name: str, name: str) -> None:
        original = getattr(module, name)
        library = module_name.partition(".")[0]

        @functools.wraps(original)
        def fresh(*args: Any, **kwargs: Any) -> Any:
            if args and type(args[0]) is int:
                args = (self.mixed(library, args[0]), *args[1:])
            kwargs = {
                key: self.mixed(library, value) if key in ("seed", "a") and type(value) is int else value
                for key, value in kwargs.items()
            }
            return original(*args, **kwargs)

        setattr(module, name, fresh)
        self._put_back.append(functools.partial(setattr, module, name, original))
