"""What a cell uses that no replay can give back: clocks, ids from chance, the network, other programs.

Seen in two ways. The interpreter's audit events tell of connections, host names, programs and directory listings
as they happen. Clocks, ``uuid``, ``os.urandom`` and ``id()`` raise none: calls of them are looked for in the text
of the cell and of the user's modules, with names resolved as the notebook has bound them.
"""

from __future__ import annotations

import fnmatch
import glob
import linecache
import os
import sys
import threading
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from runlore import events as ev
from runlore.capture import audit, workers
from runlore.capture.addresses import placed_by_address
from runlore.capture.environs import Environs
from runlore.capture.usercode import is_users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from runlore.session import Session

_FRAMES = 60
_MOST = 200
"""Events a cell; a crawler would fill the journal."""

_LONGEST_DETAIL = 200
_MOST_LISTINGS = 50
"""Listings a cell whose names are kept."""

_MOST_NAMES = 10_000
"""Names that a cell lists in all; of what goes beyond, nothing is kept."""

_LISTING_MODULES = frozenset({"os", "glob", "pathlib", "pathlib._local", "pathlib._os", "shutil", "contextlib"})
"""What lists directories in the name of its caller."""

_GLOBBING_MODULES = frozenset({"glob", "pathlib", "pathlib._local", "pathlib._os"})

_THREADING = frozenset({"threading", "multiprocessing.dummy", "__main__"})
"""Where threads that do the user's work come from; those of other modules watch over something."""

_LOOPBACK = ("127.", "::1", "localhost", "::ffff:127.")


class UncontrolledCapture:
    """Writes ``UncontrolledUsed``, once for each kind and detail in a cell; ``session.captures`` holds it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._environs = Environs(session)
        self._pattern: str | None = None
        self._found: dict[tuple[ev.UncontrolledKind, str], None] = {}
        self._looked_up: set[Any] = set()
        """Ports of hosts that were looked up by name in this cell: their addresses say nothing more."""
        self._listings = self._names = 0
        self._thread = threading.get_ident()
        self._pid = os.getpid()
        self._listeners: dict[str, audit.Listener] = {
            "socket.connect": self._on_connect,
            "socket.getaddrinfo": self._on_getaddrinfo,
            "subprocess.Popen": self._on_popen,
            "os.system": self._on_system,
            "os.fork": self._on_worker,
            workers.STARTED: self._on_worker,
            "_thread.start_new_thread": self._on_thread,
            "_thread.start_joinable_thread": self._on_thread,
            "os.listdir": self._on_listing,
            "os.scandir": self._on_listing,
            "glob.glob": self._on_glob,
            "pathlib.Path.glob": self._on_path_glob,
        }
        for event, listener in self._listeners.items():
            audit.listen(event, listener)

    def cell_started(self, ordinal: int) -> None:  # noqa: ARG002 - what was seen since the last cell is nobody's
        self._thread = threading.get_ident()
        self._write(None)

    def cell_finished(self, ordinal: int) -> dict[str, Any]:
        cell = self._session.cell
        if cell is not None and cell.entropy:
            self._note_calls(cell.source, _namespace())
            for name in placed_by_address(cell.source, _namespace()):
                self._note("address order", f"objects of {name}")
        self._write(ordinal)
        return {}

    def session_ended(self) -> None:
        for event, listener in self._listeners.items():
            audit.unlisten(event, listener)
        self._write(None)

    def module_loaded(self, name: str, source: bytes) -> None:
        """A module of the user's was executed: what it can call is used by whoever loaded it."""
        self._note_calls(source.decode(errors="replace"), {}, f" in module {name}")

    def _note_calls(self, source: str, namespace: dict[str, Any], where: str = "") -> None:
        from runlore.capture.calls import uncontrolled_calls

        for kind, detail in uncontrolled_calls(source, namespace):
            if kind == "environment variable":
                self._note(kind, self._environs.one(detail))
            elif kind == "environment copy":
                self._note(kind, self._environs.all(os.environ, detail))
            else:
                self._note(kind, detail + where)

    def _note(self, kind: ev.UncontrolledKind, detail: str | None) -> None:
        if detail is not None and len(self._found) < _MOST and os.getpid() == self._pid:
            self._found.setdefault((kind, detail[:_LONGEST_DETAIL]))

    def _program(self, command: str) -> None:
        from runlore.capture.calls import program

        self._note("subprocess", program(command))

    def _write(self, ordinal: int | None) -> None:
        if self._found:
            found, self._found = self._found, {}
            for kind, detail in found:
                self._session.append(
                    ev.UncontrolledUsed(time=time.time(), ordinal=ordinal, kind=kind, detail=detail)
                )
        self._looked_up.clear()
        self._listings = self._names = 0

    # -- audit events --------------------------------------------------------------------------------------

    def _on_getaddrinfo(self, args: tuple[Any, ...]) -> None:
        host, port = _host(args[0]), args[1]
        if host and not host.startswith(_LOOPBACK) and not _ours():
            self._looked_up.add(_text(port))
            self._note("network", f"{host}:{_text(port)}")

    def _on_connect(self, args: tuple[Any, ...]) -> None:
        address = args[1]
        if type(address) is not tuple or len(address) < 2:
            return  # a socket in the file system
        host, port = _host(address[0]), _text(address[1])
        if host.startswith(_LOOPBACK) and (
            threading.get_ident() != self._thread or _within("socket", "socketpair")
        ):
            return  # the kernel's own machinery
        if port not in self._looked_up and not _ours():
            self._note("network", f"{host}:{port}")

    def _on_popen(self, args: tuple[Any, ...]) -> None:
        executable, arguments = args[0], args[1]
        if isinstance(arguments, (list, tuple)) and arguments:
            command = _text(executable or arguments[0]).replace(" ", "_")
        else:
            command = _text(arguments or executable)
        if not _ours():
            self._program(command)
            self._inherited(os.environ if args[3] is None else args[3])

    def _on_system(self, args: tuple[Any, ...]) -> None:
        self._program(_text(args[0]))
        self._inherited(os.environ)

    def _inherited(self, variables: Mapping[Any, Any]) -> None:
        self._note("environment copy", self._environs.all(variables, "a subprocess"))

    def _on_worker(self, args: tuple[Any, ...]) -> None:  # noqa: ARG002 - that there is one says it all
        self._note("schedule", "worker processes")

    def _on_thread(self, args: tuple[Any, ...]) -> None:
        kind = type(getattr(args[0], "__self__", None)) if args else None
        if getattr(kind, "__module__", None) in _THREADING and not _ours():
            self._note("schedule", "threads")

    def _on_listing(self, args: tuple[Any, ...]) -> None:
        frame: FrameType | None = sys._getframe(2)
        globbed = False
        for _ in range(_FRAMES):
            if frame is None:
                return
            if (module := _module(frame)) not in _LISTING_MODULES:
                break
            globbed = globbed or module in _GLOBBING_MODULES
            frame = frame.f_back
        if frame is None or not (_is_cell(frame) or is_users(frame.f_code.co_filename)):
            return
        directory = os.path.abspath(_text(args[0] or "."))  # noqa: PTH100 - text or bytes
        if not _sorted_here(frame):
            self._note("directory listing", directory)
        self._note_names(directory, self._pattern if globbed else None)

    def _note_names(self, directory: str, pattern: str | None) -> None:
        if self._listings >= _MOST_LISTINGS or self._names > _MOST_NAMES:
            return
        self._listings += 1
        with os.scandir(directory) as entries:
            names = [entry.name for entry in islice(entries, _MOST_NAMES + 1)]
        self._names += len(names)
        if self._names > _MOST_NAMES:
            return
        if pattern is not None:
            names = fnmatch.filter(names, pattern)
        content = msgspec.json.encode(sorted(os.fsencode(name).decode(errors="replace") for name in names))
        if (digest := self._session.store(lambda: self._session.objects.put(content))) is not None:
            self._note("directory contents", f"{digest} {directory}")

    def _on_glob(self, args: tuple[Any, ...]) -> None:
        self._pattern = _last_part(_text(args[0]))

    def _on_path_glob(self, args: tuple[Any, ...]) -> None:
        self._pattern = _last_part(_text(args[1]))


def _last_part(pattern: str) -> str | None:
    """What names are matched with; ``None`` where a directory on the way is looked for by a pattern too."""
    before, _, last = pattern.rpartition("/")
    return None if glob.has_magic(before) or "**" in last or not last else last


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (str, int)):
        return str(value)
    return os.fsdecode(value) if isinstance(value, os.PathLike) else ""


def _host(value: object) -> str:
    """A host's name, without the user and password that a badly split URL leaves before it."""
    return _text(value).rpartition("@")[2]


def _namespace() -> dict[str, Any]:
    """Names as the code of cells sees them."""
    namespace = vars(sys.modules["__main__"])
    return namespace if type(namespace) is dict else {}


def _module(frame: FrameType) -> str:
    return str(dict.get(frame.f_globals, "__name__"))


def _sorted_here(frame: FrameType) -> bool:
    """Whether the line that lists a directory puts the names in order."""
    return "sorted(" in linecache.getline(frame.f_code.co_filename, frame.f_lineno)


def _is_cell(frame: FrameType) -> bool:
    return frame.f_globals is _namespace()


def _ours() -> bool:
    """Whether Runlore itself is at work."""
    frame: FrameType | None = sys._getframe(3)
    for _ in range(_FRAMES):
        if frame is None:
            return False
        if _module(frame).startswith("runlore."):
            return True
        frame = frame.f_back
    return False


def _within(module: str, function: str) -> bool:
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and _module(frame) == module:
        if function in frame.f_code.co_name:
            return True
        frame = frame.f_back
    return False
