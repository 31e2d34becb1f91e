"""The source of every module of the user's own, as it was executed: imported, reloaded, or run as a script.

Seen are the interpreter's own ``compile`` and ``exec`` audit events, which all ways of executing a file raise
(``import``, ``importlib.reload``, ``%autoreload``, ``%run``, ``runpy``). What was compiled is what is kept; where
Python took a module from its bytecode cache, the file is read in the same moment. A file that could not be
compiled counts as loaded too: its error is part of what happened. So does a notebook or a script of IPython's that
``%run`` executes, as it is read. Code that is on no disk (``exec`` of a string, a module in a zip file) is not a
module here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from blake3 import blake3

from runlore import events as ev
from runlore.capture import audit
from runlore.capture.usercode import absolute, is_users

if TYPE_CHECKING:
    from runlore.session import Session

EXCHANGER = "IPython.extensions.deduperreload.deduperreload"
"""With which later versions of IPython exchange changed functions in place, for ``%autoreload``."""

_EXECUTING = frozenset(
    {
        "_frozen_importlib",
        "_frozen_importlib_external",
        "importlib._bootstrap",
        "importlib._bootstrap_external",
        "runpy",
        "IPython.utils.py3compat",
        "IPython.core.interactiveshell",
    }
)
"""Modules whose functions execute files on the user's behalf and know under which name."""

NOTEBOOKS = (".ipy", ".ipynb")
"""Ends of the names of files whose cells ``%run`` executes one by one."""

NOTEBOOK_RUN = "runlore.notebook_run"
"""The audit event of a replay that executes such a file from its record: path and content."""

_RUNS_NOTEBOOKS, _READS = "safe_execfile_ipy", "get_cells"
"""IPython's method that does so, and what reads the file in it; before that it looks whether it can be opened."""

_FRAMES = 6
_NAMESPACE: Any = vars(ModuleType)["__dict__"]
_PYC_HEADER = 16
_CLOCK_TOLERANCE = 2.0
"""Seconds by which the start of the process may be known wrongly (boot time is an estimate)."""


class _Load(NamedTuple):
    module: str | None
    path: str
    source: bytes | None


class ModuleCapture:
    """Writes ``ModuleLoaded`` for what was executed, and calls ``on_load`` with its name and source.

    What was executed before this was made is taken from ``sys.modules``, with ``ordinal`` ``None``; loads between
    two cells belong to the later one (``%autoreload`` works before the cell's start is known).
    """

    def __init__(self, session: Session, on_load: Callable[[str, bytes], None]) -> None:
        self._session = session
        self._on_load = on_load
        self._compiled: dict[str, _Load] = {}
        """Sources that were compiled and not executed yet, by path."""
        self._loads: list[_Load] = []
        self._ended = False
        self._earlier()
        audit.listen("compile", self._on_compile)
        audit.listen("exec", self._on_exec)
        audit.listen("open", self._on_open)
        audit.listen(NOTEBOOK_RUN, self._on_notebook)
        self._watched: Any = None
        self._watch_exchanger()

    def cell_started(self, ordinal: int) -> None:
        if self._watched is None and EXCHANGER in sys.modules:
            self._watch_exchanger()
        if self._loads:
            self._write(ordinal)

    def cell_finished(self, ordinal: int) -> dict[str, Any]:
        self._give_up()
        if self._loads:
            self._write(ordinal)
        return {}

    def session_ended(self) -> None:
        audit.unlisten("compile", self._on_compile)
        audit.unlisten("exec", self._on_exec)
        audit.unlisten("open", self._on_open)
        audit.unlisten(NOTEBOOK_RUN, self._on_notebook)
        self._ended = True
        self._give_up()
        self._write(None)

    def _give_up(self) -> None:
        """What was compiled to be executed and did not come as far as that counts too."""
        if self._compiled:
            self._loads += [load for load in self._compiled.values() if load.module is not None]
            self._compiled = {}

    # -- audit events --------------------------------------------------------------------------------------

    def _on_compile(self, args: tuple[Any, ...]) -> None:
        source, filename = args[0], args[1]
        # Whoever executes a file hands over its bytes; text and trees are cells and what tracebacks look at.
        if type(source) is bytes and (path := _users_path(filename)) is not None:
            self._compiled[path] = _Load(_module_name(), path, source)

    def _on_exec(self, args: tuple[Any, ...]) -> None:
        code = args[0]
        if type(code) is not CodeType or code.co_name != "<module>":
            return
        path = _users_path(code.co_filename)
        if path is None:
            return
        name = _module_name()
        compiled = self._compiled.pop(path, None)
        if compiled is not None:
            self._loads.append(_Load(name or compiled.module or "__main__", path, compiled.source))
        elif name is not None:
            self._loads.append(_Load(name, path, _read(path)))

    def _on_open(self, args: tuple[Any, ...]) -> None:
        path = args[0]
        if type(path) is str and path.endswith(NOTEBOOKS) and _looked_at_by_run():
            self._on_notebook((absolute(path), _read(path)))

    def _on_notebook(self, args: tuple[Any, ...]) -> None:
        path, source = args
        self._loads.append(_Load("__main__", path, source))

    # -- %autoreload ---------------------------------------------------------------------------------------

    def _watch_exchanger(self) -> None:
        """Later versions of IPython read a changed file and exchange functions in place: no file is executed."""
        self._watched = getattr(sys.modules.get(EXCHANGER), "DeduperReloader", None)
        if self._watched is None:
            return
        exchange = self._watched.maybe_reload_module

        def maybe_reload_module(reloader: Any, module: Any) -> bool:
            done = bool(exchange(reloader, module))
            if done and not self._ended:
                with suppress(Exception):  # its insides may be others one day
                    self._exchanged(module.__name__, module.__file__, reloader.source_by_modname[module.__name__])
            return done

        self._watched.maybe_reload_module = maybe_reload_module

    def _exchanged(self, name: str, file: str, text: str) -> None:
        path = _users_path(file)
        if path is not None:
            source = _read(path)
            same = source is not None and importlib.util.decode_source(source) == text
            self._loads.append(_Load(name, path, source if same else text.encode()))

    # -- what was there before -----------------------------------------------------------------------------

    def _earlier(self) -> None:
        for name, module in list(sys.modules.items()):
            if not issubclass(type(module), ModuleType):
                continue
            namespace = _NAMESPACE.__get__(module)
            path = _users_path(namespace.get("__file__"))
            if path is not None:
                load = _Load(name, path, _read(path))
                self._loads.append(load)
                if load.source is not None and not _is_what_ran(path, load.source):
                    why = f"{path} was changed after its import and before Runlore was loaded"
                    self._session.not_captured(f"source of module {name}", why)
        self._write(None)

    # -- writing -------------------------------------------------------------------------------------------

    def _write(self, ordinal: int | None) -> None:
        loads, self._loads = self._loads, []
        for load in loads:
            assert load.module is not None  # noqa: S101 - only then is it kept
            if load.source is None:
                why = f"{load.path} could not be read when it was loaded"
                self._session.not_captured(f"source of module {load.module}", why)
                continue
            self._on_load(load.module, load.source)
            self._session.store(partial(self._session.objects.put, load.source))
            self._session.append(
                ev.ModuleLoaded(
                    time=time.time(),
                    ordinal=ordinal,
                    module=load.module,
                    path=load.path,
                    digest=str(blake3(load.source).hexdigest()),
                )
            )


def _users_path(filename: object) -> str | None:
    """The absolute path of a Python file of the user's; ``None`` for any other code's file name."""
    # "<generated>.py" and the like name code that a library wrote, in no file at all.
    if type(filename) is not str or not filename.endswith(".py") or filename.startswith("<"):
        return None
    path = absolute(filename)
    return path if is_users(path) else None


def _module_name() -> str | None:
    """The ``__name__`` under which the file is being executed that raised the present audit event."""
    frame = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame.f_globals.get("__name__") in _EXECUTING:
            known = frame.f_locals
            namespaces = (known.get("run_globals"), known.get("glob"), *_arguments(known))
            names = [found.get("__name__") for found in namespaces if type(found) is dict]
            for name in (*names, known.get("fullname")):
                if type(name) is str:
                    return name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return None


def _looked_at_by_run() -> bool:
    """Whether the present audit event comes from IPython's look at a file that it is about to execute."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES):
        if frame is None or frame.f_code.co_name == _READS:
            return False
        if frame.f_code.co_name == _RUNS_NOTEBOOKS:
            return True
        frame = frame.f_back
    return False


def _arguments(known: dict[str, Any]) -> tuple[Any, ...]:
    """Of importlib's ``_call_with_frames_removed(exec, code, namespace)``."""
    arguments = known.get("args")
    return arguments[1:2] if type(arguments) is tuple else ()


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _is_what_ran(path: str, source: bytes) -> bool:
    """Whether a module that was imported some time ago came from this source, as far as anything tells."""
    try:
        stat = os.stat(path)
        header = _read(importlib.util.cache_from_source(path)) or b""
    except (OSError, NotImplementedError):
        return False
    if len(header) >= _PYC_HEADER and header[:4] == importlib.util.MAGIC_NUMBER:
        if int.from_bytes(header[4:8], "little"):
            return header[8:16] == importlib.util.source_hash(source)
        stamp = (int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little"))
        return stamp == (int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF)
    import psutil

    return stat.st_mtime < psutil.Process().create_time() + _CLOCK_TOLERANCE
