"""Executing scripts and notebooks in a replay from their record, by ``%run`` and ``runpy``, file or no file."""

from __future__ import annotations

import io
import os.path
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runlore.capture.modules import NOTEBOOK_RUN, NOTEBOOKS
from runlore.capture.usercode import absolute

if TYPE_CHECKING:
    from runlore.recorded_modules import RecordedModules

_RUN_BY = ("IPython.core.interactiveshell", "IPython.utils.py3compat")
"""Where IPython, by version, opens the file of a ``%run``."""


class RecordedScripts:
    """Answers those who open a file to execute it, from when it is made until ``release``."""

    def __init__(self, modules: RecordedModules) -> None:
        self._modules = modules
        self._open_code = io.open_code
        io.open_code = self._open_for_runpy
        self._shells = [sys.modules[name] for name in _RUN_BY if name in sys.modules]
        for shell in self._shells:
            shell.__dict__["open"] = self._open_for_run
        if self._shells:
            self._shells[0].__dict__["Path"] = self._path_class()
        self._run: Any = None
        if self._shells:
            from IPython.core.magics.execution import ExecutionMagics

            self._run = ExecutionMagics.run
            self._find = self._run.__defaults__[-1]
            self._run.__defaults__ = (*self._run.__defaults__[:-1], self._find_for_run)

    def release(self) -> None:
        if io.open_code == self._open_for_runpy:
            io.open_code = self._open_code
        for shell in self._shells:
            shell.__dict__.pop("open", None)
        if self._shells:
            self._shells[0].__dict__["Path"] = Path
        if self._run is not None:
            self._run.__defaults__ = (*self._run.__defaults__[:-1], self._find)

    def _open_for_run(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode == "rb" and isinstance(file, (str, Path)):
            source = self._modules.next_source(absolute(str(file)))
            if source is not None:
                return io.BytesIO(source)
        return open(file, mode, *args, **kwargs)  # noqa: PTH123 - in its place

    def _open_for_runpy(self, path: Any) -> Any:
        if isinstance(path, str) and (source := self._modules.next_source(absolute(path))) is not None:
            return io.BytesIO(source)
        return self._open_code(path)

    def _find_for_run(self, name: str) -> str:
        try:
            return str(self._find(name))
        except OSError:
            for candidate in (name, name + ".py"):
                file = os.path.expanduser(candidate)  # noqa: PTH111 - as IPython does, and as it was given
                if self._modules.changed_source(absolute(file)) is not None:
                    return file
            raise

    def _path_class(self) -> type[Path]:
        """For the look that IPython has at a file before it executes it, and for reading a notebook's cells."""
        modules = self._modules

        def recorded(path: str) -> bytes | None:
            source = modules.next_source(path)
            if source is not None:
                sys.audit(NOTEBOOK_RUN, path, source)
            return source

        class ScriptPath(type(Path())):  # type: ignore[misc]
            def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
                if mode == "rb" and modules.changed_source(str(self)) is not None:
                    return io.BytesIO()
                return super().open(mode, *args, **kwargs)

            def read(self) -> str:
                """What nbformat asks of whatever may be an open file; without this it opens the path."""
                if self.suffix not in NOTEBOOKS or (source := recorded(str(self))) is None:
                    raise AttributeError("read")
                return source.decode()

            def read_text(self, *args: Any, **kwargs: Any) -> str:
                source = recorded(str(self)) if self.suffix in NOTEBOOKS else None
                return super().read_text(*args, **kwargs) if source is None else source.decode()

        return ScriptPath
