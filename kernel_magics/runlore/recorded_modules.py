"""Executing the user's own modules in a replay from their recorded sources.

A module that the original loaded comes, in the cell of the same number, from the source that was loaded then,
wherever its file was changed or deleted since: in ``import``, ``importlib.reload``, ``%autoreload``, ``%run`` and
``runpy``. While the file is what it was, nothing is done to its import. Processes that a cell starts see the
files as they are on the disk.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from runlore import recorded_autoreload
from runlore.capture import audit
from runlore.errors import ObjectMissing
from runlore.recorded_scripts import RecordedScripts

if TYPE_CHECKING:
    from runlore.events import ModuleLoaded
    from runlore.session import Session


class RecordedModules(MetaPathFinder):
    """Serves the sources of ``loads``, the original's modules in the order of its loads.

    ``session.captures`` holds it, to be told which cell is replayed; ``session_ended`` takes it out of the
    import system.
    """

    def __init__(self, session: Session, loads: Sequence[ModuleLoaded]) -> None:
        self._session = session
        self._by_path: dict[str, list[ModuleLoaded]] = {}
        self._paths: dict[str, str] = {}
        for load in loads:
            self._by_path.setdefault(load.path, []).append(load)
            self._paths[load.module] = load.path
        self._cell: float = float("-inf")
        self._served: dict[str, int] = {}
        """How many loads of a path this cell has had."""
        sys.meta_path.insert(0, self)
        self._scripts = RecordedScripts(self)
        if any(len({load.digest for load in one}) > 1 for one in self._by_path.values()):
            recorded_autoreload.follow(self)

    # -- cells ---------------------------------------------------------------------------------------------

    def cell_started(self, ordinal: int) -> None:
        self._cell = ordinal
        self._served = {}

    def cell_finished(self, ordinal: int) -> dict[str, Any]:  # noqa: ARG002 - nothing to add
        return {}

    def session_ended(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._scripts.release()

    # -- which source --------------------------------------------------------------------------------------

    def path(self, module: str) -> str | None:
        """The file that the module of this name came from."""
        return self._paths.get(module)

    def changes(self, path: str) -> int:
        """How many sources the file had, one after the other, up to this cell."""
        digests = [load.digest for load in self._by_path[path] if _at(load) <= self._cell]
        return sum(before != after for before, after in zip([None, *digests], digests, strict=False))

    def executed(self, path: str) -> None:
        """This cell has executed the file once more."""
        self._served[path] = self._served.get(path, 0) + 1

    def changed_source(self, path: str) -> bytes | None:
        """The recorded source of the file's next execution, unless that is what lies on the disk.

        After the last execution that the original knows, it stays what that one was.
        """
        loads = [load for load in self._by_path.get(path, ()) if _at(load) <= self._cell]
        if not loads:
            return None
        here = [load for load in loads if load.ordinal == self._cell]
        load = (here[self._served.get(path, 0) :] or loads[-1:])[0]
        try:
            with audit.muted():  # no file that the user's code reads
                if _digest(path) == load.digest:
                    return None
                return self._session.objects.get(load.digest)
        except ObjectMissing as error:
            why = f"its file was changed since, and {error}; the file as it is now is used"
            self._session.not_captured(f"source of module {load.module}", why)
            return None

    def next_source(self, path: str) -> bytes | None:
        """``changed_source`` for an execution that comes now."""
        source = self.changed_source(path)
        self.executed(path)
        if source is not None:
            _show(path, source)
        return source

    # -- import --------------------------------------------------------------------------------------------

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - a reload is found like an import
    ) -> ModuleSpec | None:
        file = self._paths.get(fullname) or self._found_script(fullname, path)
        if file is None:
            return self._namespace(fullname, path)
        source = self.next_source(file)
        if source is None:
            return None
        folder = [str(Path(file).parent)] if Path(file).name == "__init__.py" else None
        loader = _RecordedLoader(fullname, file, source)
        return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=folder)

    def _found_script(self, fullname: str, path: Sequence[str] | None) -> str | None:
        """The file of a module that was executed under another name (``python -m``, ``runpy.run_module``)."""
        stem = fullname.rpartition(".")[2]
        for file in self._by_path:
            if file.endswith(f"{stem}.py"):
                spec = PathFinder.find_spec(fullname, path)
                if spec is not None and spec.origin == file:
                    return file
        return None

    def _namespace(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """A package without ``__init__.py`` that held recorded modules, where its folder is gone."""
        within = [module for module in self._paths if module.startswith(fullname + ".")]
        if not within or PathFinder.find_spec(fullname, path) is not None:
            return None
        file = Path(self._paths[within[0]])
        depth = within[0].count(".") - fullname.count(".") - (file.name != "__init__.py")
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(file.parents[depth])]
        return spec


class _RecordedLoader(SourceFileLoader):
    """Loads a module from a source in memory, as if its file held it; writes no bytecode."""

    def __init__(self, fullname: str, path: str, source: bytes) -> None:
        super().__init__(fullname, path)
        self._source = source

    def path_stats(self, path: Any) -> Any:
        if path == self.path:
            raise OSError(f"{path} is taken from the record")  # so no bytecode is looked for
        return super().path_stats(path)

    def get_data(self, path: Any) -> bytes:
        return self._source if path == self.path else super().get_data(path)


def _digest(path: str) -> str | None:
    try:
        return str(blake3(Path(path).read_bytes()).hexdigest())
    except OSError:
        return None


def _at(load: ModuleLoaded) -> float:
    return float("-inf") if load.ordinal is None else load.ordinal


def _show(path: str, source: bytes) -> None:
    """Let tracebacks and ``inspect`` show the recorded source; without a time it is never looked up again."""
    try:
        text = decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        return
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
