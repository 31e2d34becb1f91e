"""Being told when a module has been imported, without importing it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ImportWatcher(MetaPathFinder):
    """Calls ``on_import(module_name)`` once, right after each of ``modules`` has been executed.

    Modules loaded before ``install`` are not reported. An exception in ``on_import`` reaches the import
    statement, so ``on_import`` must not raise.
    """

    def __init__(self, modules: Sequence[str], on_import: Callable[[str], None]) -> None:
        self._waiting = {name for name in modules if name not in sys.modules}
        self._on_import = on_import

    def install(self) -> None:
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _NotifyingLoader(spec.loader, self)
                return spec
        return None

    def executed(self, name: str) -> None:
        if name in self._waiting:
            self._waiting.discard(name)
            self._on_import(name)


class _NotifyingLoader(Loader):
    """Stands in for a module's loader during the one import, then steps aside."""

    def __init__(self, loader: Loader, watcher: ImportWatcher) -> None:
        self._loader = loader
        self._watcher = watcher

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._watcher.executed(module.__name__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
