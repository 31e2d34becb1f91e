"""What Python itself opens, as the audit hook tells it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import unquote

from runlore.capture import audit
from runlore.capture.data.scope import Scope, absolute
from runlore.capture.data.scripts import ENDS
from runlore.capture.workers import STARTED

_ACCESS = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
_PROCESS_STARTS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.spawn", "pty.spawn", STARTED)


class Listener(Protocol):
    """What is told of files, by absolute path, right before it happens and in the thread that does it."""

    def reading(self, path: str, by: str) -> None:
        """A file that may exist is about to be opened for reading."""

    def writing(self, path: str, by: str) -> None:
        """A file is about to be opened for writing, truncated or replaced."""

    def moving(self, source: str, target: str) -> None:
        """A file or directory is about to get another name."""

    def removing(self, path: str) -> None:
        """A file is about to be deleted."""

    def listing(self, directory: str) -> None:
        """A directory is about to be listed, or is seen for the first time because of a file in it."""

    def entering(self, directory: str) -> None:
        """A directory is about to become the working directory."""

    def opening_script(self, path: str, *, to_write: bool) -> None:
        """A Python file, or its compiled form, is about to be opened, replaced or deleted."""

    def starting_process(self) -> None:
        """Another process is about to be started."""


class OpenWatcher:
    """Listens to the audit hook and tells ``listener`` what concerns data.

    Not seen are opens relative to a directory's descriptor, and what is not opened through Python.
    """

    def __init__(self, scope: Scope, listener: Listener) -> None:
        self._scope = scope
        self.listener = listener
        self._directories: dict[str, bool] = {}
        self._events: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._open,
            "sqlite3.connect": self._connect,
            "os.rename": self._rename,
            "os.link": self._link,
            "os.remove": self._remove,
            "os.truncate": self._truncate,
            "os.listdir": self._list,
            "os.scandir": self._list,
            "os.chdir": self._enter,
            "import": self._import,
            "ctypes.dlopen": self._load,
            **dict.fromkeys(_PROCESS_STARTS, self._start_process),
        }

    def start(self) -> None:
        for event, listener in self._events.items():
            audit.listen(event, listener)

    def stop(self) -> None:
        for event, listener in self._events.items():
            audit.unlisten(event, listener)

    def _open(self, args: tuple[Any, ...]) -> None:
        path = args[0] if type(args[0]) is str else _text(args[0])
        if path is None:
            return
        flags = args[2] if type(args[2]) is int else 0
        access = flags & _ACCESS
        if path.endswith(ENDS):
            path = absolute(path)
            self._wanted(path[: path.rfind(os.sep)])
            self.listener.opening_script(path, to_write=access != os.O_RDONLY)
            return
        if (path := self._data(path)) is None:
            return
        if access == os.O_RDONLY:
            self.listener.reading(path, "open")
            return
        if access == os.O_RDWR and not flags & os.O_TRUNC:
            self.listener.reading(path, "open")
        self.listener.writing(path, "open")

    def _connect(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0])
        if not path or path == ":memory:":
            return
        if path.startswith("file:"):
            path, _, query = path[len("file:") :].partition("?")
            path = unquote(path.partition("#")[0])
            if path.startswith("//"):
                path = path[2:].partition("/")[1] + path[2:].partition("/")[2]
            if "mode=memory" in query or not path or path == ":memory:":
                return
        if (path := self._data(path)) is not None:
            self.listener.reading(path, "sqlite3")
            self.listener.writing(path, "sqlite3")

    def _rename(self, args: tuple[Any, ...]) -> None:
        source, target = _text(args[0]), _text(args[1])
        if source is None or target is None:
            return
        source = absolute(source)
        if target.endswith(ENDS):
            self.listener.opening_script(absolute(target), to_write=True)
        if (target := self._data(target)) is not None:
            self.listener.moving(source, target)
        else:
            self.listener.removing(source)

    def _link(self, args: tuple[Any, ...]) -> None:
        target = _text(args[1])
        if target is not None and (target := self._data(target)) is not None:
            self.listener.writing(target, "open")

    def _remove(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0])
        if path is not None and (path := self._data(path)) is not None:
            self.listener.removing(path)

    def _truncate(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0])
        if path is not None and (path := self._data(path)) is not None:
            self.listener.reading(path, "open")
            self.listener.writing(path, "open")

    def _list(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0]) if args[0] is not None else os.curdir
        if path:
            self._wanted(absolute(path))

    def _enter(self, args: tuple[Any, ...]) -> None:
        path = _text(args[0])
        if path is not None and self._scope.holds_data(path := absolute(path)):
            self.listener.entering(path)

    def _import(self, args: tuple[Any, ...]) -> None:
        if len(args) > 1 and type(args[1]) is str:  # compiled code tells its file
            self._load(args[1:])

    def _load(self, args: tuple[Any, ...]) -> None:
        """Compiled code of the user's own is read by the system's loader; a bare name is looked for elsewhere."""
        path = _text(args[0])
        if path and os.sep in path and self._wanted((path := absolute(path))[: path.rfind(os.sep)]):
            self.listener.reading(path, "open")

    def _start_process(self, args: tuple[Any, ...]) -> None:  # noqa: ARG002 - as every listener
        self.listener.starting_process()

    def _data(self, path: str) -> str | None:
        """The absolute path when it can be data's; ``None`` otherwise."""
        if path.endswith(self._scope.no_data):
            return None
        if os.sep == "/" and path[:1] not in "/.":
            path = f"{os.getcwd()}/{path}"
        if not path.startswith(os.sep) or "/." in path or "//" in path or os.sep != "/":
            path = absolute(path)
        directory = path[: path.rfind(os.sep)]
        wanted = self._directories.get(directory)
        return path if wanted or (wanted is None and self._wanted(directory)) else None

    def _wanted(self, directory: str) -> bool:
        wanted = self._directories.get(directory)
        if wanted is None:
            wanted = self._scope.holds_data(directory)
            if len(self._directories) > 50_000:
                self._directories.clear()
            self._directories[directory] = wanted
            if wanted:
                self.listener.listing(directory)
        return wanted


def _text(path: Any) -> str | None:
    """A path as text; ``None`` for a file descriptor, and for what no system call would take."""
    if type(path) is str:
        return path
    if isinstance(path, int) or path is None:
        return None
    try:
        return os.fsdecode(path)
    except TypeError:
        return None
