"""A replay with fresh seeds: what the original drew from recorded states is drawn anew, from one other seed.

Libraries are seeded once, when they are first seen, instead of being put into recorded states. Seeds that the code
gives as numbers (see ``runlore.seeding``) are mixed with the fresh one: in the cells and the user's own modules
wherever they are given to a library, and everywhere where they reach ``random.seed``, ``numpy.random.seed``,
``numpy.random.default_rng`` or ``torch.manual_seed``. The same number becomes the same other number in all places,
so that two splits of one seed stay one split.
"""

from __future__ import annotations

import ast
import functools
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from numbers import Integral
from types import ModuleType
from typing import Any

from blake3 import blake3

from runlore import seeding
from runlore.capture import rng
from runlore.capture.entropy import ROOT_SIZE
from runlore.capture.usercode import is_users

_SEEDERS = (
    ("random", "seed"),
    ("numpy.random", "seed"),
    ("numpy.random", "default_rng"),
    ("torch", "manual_seed"),
    ("torch.random", "manual_seed"),
    ("torch.cuda", "manual_seed"),
    ("torch.cuda", "manual_seed_all"),
)
_CALLER = "__import__('runlore.reseed', fromlist=['reseeding']).reseeding"

_current: FreshSeeds | None = None


def reseeding(function: Any) -> Any:
    """Called with what a cell is about to call: the same with fresh seeds, where it is a library's."""
    seeds = _current
    if seeds is None or _is_own(function):
        return function
    return functools.partial(seeds.call, function)


class FreshSeeds:
    """The seeds of a replay whose plan has ``reseed``."""

    def __init__(self, seed: int) -> None:
        global _current  # noqa: PLW0603 - rewritten code has no other way to it
        self._seed = seed
        self._seeded: set[str] = set()
        self._made: set[int] = set()
        """Seeds that were mixed already, and stay as they are where they are handed on."""
        self._put_back: list[Callable[[], None]] = []
        self._hooked: set[tuple[str, str]] = set()
        self._imports = _RewrittenImports()
        sys.meta_path.insert(0, self._imports)
        self._rewrite_cells()
        _current = self

    def root(self, recorded: str | None) -> str:
        """What libraries are seeded from that would ask the operating system, in place of the recorded root."""
        return self._hash(f"root {recorded}").hex()[: 2 * ROOT_SIZE]

    def seed(self) -> None:
        """Seed the libraries that are loaded and were not seeded yet; asked before each cell."""
        if sys.meta_path[0] is not self._imports:  # before whoever serves recorded modules
            sys.meta_path.remove(self._imports)
            sys.meta_path.insert(0, self._imports)
        for library in rng.loaded():
            self.seed_library(library)
        self._hook()

    def seed_library(self, library: str) -> None:
        """Seed a library, unless that was done before."""
        if library not in self._seeded:
            self._seeded.add(library)
            rng.seed(library, self._mixed(f"library {library}"))
        self._hook()

    def fresh(self, given: Any) -> Any:
        """What takes the place of a seed: for a whole number another one of 31 bits, for several as many."""
        if isinstance(given, (list, tuple)) and all(_is_number(item) for item in given):
            return type(given)([self.fresh(item) for item in given])
        if not _is_number(given) or given in self._made:
            return given
        return self._mixed(f"given {int(given)}")

    def call(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a library's function with fresh seeds in place of those given to it."""
        args_now, kwargs_now = seeding.replaced(function, args, kwargs, self.fresh)
        return function(*args_now, **kwargs_now)

    def close(self) -> None:
        global _current  # noqa: PLW0603 - see above
        _current = None
        if self._imports in sys.meta_path:
            sys.meta_path.remove(self._imports)
        for put_back in self._put_back:
            put_back()
        self._put_back.clear()

    def _mixed(self, text: str) -> int:
        # Below 2**31 no library takes it for negative or too large.
        made = int.from_bytes(self._hash(text)[:4], "little") >> 1
        self._made.add(made)
        return made

    def _hash(self, text: str) -> bytes:
        return blake3(f"{self._seed} {text}".encode()).digest()

    def _hook(self) -> None:
        for module_name, name in _SEEDERS:
            module = sys.modules.get(module_name)
            if (module_name, name) not in self._hooked and hasattr(module, name):
                self._hooked.add((module_name, name))
                original = getattr(module, name)
                hook = functools.wraps(original)(functools.partial(self.call, original))
                setattr(module, name, hook)
                self._put_back.append(functools.partial(setattr, module, name, original))

    def _rewrite_cells(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        if InteractiveShell.initialized():
            transformers = InteractiveShell.instance().ast_transformers
            rewriter = _CellRewriter()
            transformers.append(rewriter)
            self._put_back.append(lambda: transformers.remove(rewriter) if rewriter in transformers else None)


class _CellRewriter(ast.NodeTransformer):
    def visit(self, tree: ast.AST) -> ast.AST:  # not by recursion: generated code may be nested very deep
        seeding.rewrite(tree, _CALLER)
        return tree


class _RewrittenImports(MetaPathFinder):
    """Lets the user's own modules be compiled with their calls rewritten, and without bytecode."""

    def __init__(self) -> None:
        self._looking: set[tuple[int, str]] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        looking = (threading.get_ident(), fullname)
        if looking in self._looking:
            return None  # another finder asks all the others too
        self._looking.add(looking)
        try:
            finders = [finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec")]
            specs = (finder.find_spec(fullname, path, target) for finder in finders)
            spec = next((spec for spec in specs if spec is not None), None)
        finally:
            self._looking.discard(looking)
        loader = spec.loader if spec is not None else None
        if isinstance(loader, SourceFileLoader) and is_users(loader.path):
            for name, method in (("source_to_code", _rewritten), ("path_stats", _no_bytecode)):
                setattr(loader, name, method)
        return spec


def _rewritten(data: Any, path: str, **_optimization: Any) -> Any:
    tree = ast.parse(data, path)
    seeding.rewrite(tree, _CALLER)
    return compile(tree, path, "exec", dont_inherit=True)


def _no_bytecode(path: str) -> Any:
    raise OSError(f"{path} is compiled anew")


def _is_number(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_own(function: Any) -> bool:
    """Whether something is the user's own: its seed is replaced where it is handed on to a library."""
    module = sys.modules.get(seeding.module_of(function))
    file = getattr(module, "__file__", None)
    return module is sys.modules.get("__main__") or (isinstance(file, str) and is_users(file))
