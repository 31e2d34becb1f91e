"""Watching directories, so that files are seen which Python did not open itself."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from runlore.capture import audit
from runlore.capture.data.fanotify import Fanotify
from runlore.capture.data.inotify import Inotify
from runlore.capture.data.notices import CREATED, DIRECTORY, MOVED_IN, OVERFLOW, WRITTEN, Notice, Watcher
from runlore.capture.data.scope import Scope

MOST_DIRECTORIES = 5000
"""Directories watched at the most because they lie in a tree; single ones may be some more."""

_MOST_SINGLE = 3000
_DEEPEST = 40
_TOO_MANY = f"there are more than {MOST_DIRECTORIES} directories to watch"
_QUICK = 0.015
"""Seconds that the user waits for watches to be set at the most; the rest of a tree comes in the background."""

_PAUSE = 0.02
"""Seconds between the first notice and reading it with those that came meanwhile."""

_CHOICE = "RUNLORE_WATCH_FILES"
"""Environment variable: ``fanotify`` or ``inotify`` to use that one alone, ``off`` for none."""


class Touched:
    """What happened to one path since the last look; as in ``Notice``, with all the ``pids``; ``by`` who told."""

    __slots__ = ("by", "own", "path", "pids", "what")

    def __init__(self, path: str, what: int, own: bool, by: str, pid: int | None) -> None:
        self.path, self.what, self.own, self.by = path, what, own, by
        self.pids = {pid}


class DirectoryWatch:
    """Watches directories by fanotify, and by inotify those where that is refused.

    ``problem`` says so when nothing can be watched or notices were lost, ``left_out`` when there were more
    directories than are watched.

    Args:
        scope: where data can lie.
        on_notice: told, in a background thread, within some hundredths of a second, of each path to which
            something happens the first time after a ``take()``.
        is_known: says of a path that no more needs to be told of its being read by this process.
    """

    def __init__(
        self, scope: Scope, on_notice: Callable[[Touched], None], is_known: Callable[[str], bool]
    ) -> None:
        self._scope = scope
        self._on_notice = on_notice
        self._is_known = is_known
        self._watchers: list[Watcher] = []
        self._poll: select.epoll | None = None
        self._keys: dict[str, tuple[Watcher, bytes]] = {}
        self._paths: dict[tuple[int, bytes], str] = {}
        self._touched: dict[tuple[str, bool], Touched] = {}
        self._fresh: list[Touched] = []
        self._ignored: list[AbstractSet[tuple[Watcher, bytes, str]]] = []
        self._walked: set[str] = set()
        self._trees: deque[tuple[str, int | None]] = deque()
        self._lock = threading.RLock()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        self.left_out: str | None = None
        chosen = os.environ.get(_CHOICE, "")
        self._kinds: list[Callable[[], Watcher]] = [
            kind for kind in (Fanotify, Inotify) if chosen in ("", kind.name)
        ]
        """Those not in use yet: a user may have a hundred of each only."""
        if not self._begin_next():
            self.problem = "this system has no way to watch them" if not chosen else f"{_CHOICE} is {chosen}"

    def _begin_next(self) -> bool:
        """Use one kind of watcher more; false when there is none left."""
        while self._kinds:
            kind = self._kinds.pop(0)
            with contextlib.suppress(OSError, AttributeError, TypeError):  # a system that knows no such thing
                watcher = kind()
                self._watchers.append(watcher)
                if self._poll is None:
                    self._poll = select.epoll()
                self._poll.register(watcher.fd, select.EPOLLIN)
                return True
        return False

    # -- what to watch -------------------------------------------------------------------------------------

    def add(self, directory: str) -> bool:
        """Watch one directory (an absolute path); whether it was new."""
        if directory in self._keys or not self._watchers or not self._scope.holds_data(directory):
            return False
        with self._lock:
            if len(self._keys) >= MOST_DIRECTORIES + _MOST_SINGLE:
                self.left_out = _TOO_MANY
                return False
            return self._add(directory)

    def _add(self, directory: str) -> bool:
        index = -1
        while (index := index + 1) < len(self._watchers) or self._begin_next():
            watcher = self._watchers[index]
            try:
                key = watcher.add(directory)
            except OSError as error:
                if not os.path.isdir(directory) or isinstance(error, PermissionError):
                    return False  # what cannot be opened cannot be read from either
                continue
            known = self._paths.get((index, key))
            if known is not None and known != directory and _are_different(known, directory):
                continue  # the same handle on two file systems
            self._keys[directory] = (watcher, key)
            if known is None or not os.path.isdir(known):
                self._paths[index, key] = directory
            self._start()
            return known is None  # else another path leads to it: links cannot go in circles
        self.problem = "the system refuses to watch some directories"
        return False

    def add_tree(self, directory: str, levels: int | None = None) -> None:
        """Watch a directory and those below it, the nearest first; what takes too long, in the background.

        ``levels`` says how deep; without it, what is ``left_out`` below it is said.
        """
        if not self._watchers or directory in self._walked:
            return
        self._walked.add(directory)
        self.add(directory)
        if directory in self._keys:
            self._trees.append((directory, levels))
            self._walk(time.perf_counter() + _QUICK, patient=False)

    def _walk(self, deadline: float, *, patient: bool) -> None:
        # Without the lock: a directory of a million files takes seconds.
        while time.perf_counter() < deadline:
            try:
                directory, levels = self._trees.popleft()
            except IndexError:
                return
            if levels == 0:
                continue
            if len(self._keys) >= MOST_DIRECTORIES or directory.count(os.sep) > _DEEPEST:
                if levels is None:
                    self.left_out = _TOO_MANY
                continue
            below = self._below(directory, None if patient else deadline)
            if below is None:
                self._trees.append((directory, levels))
                return
            for path in below:
                if self.add(path):
                    self._trees.append((path, None if levels is None else levels - 1))

    def _below(self, directory: str, deadline: float | None) -> list[str] | None:
        """The directories in a directory that are worth watching; ``None`` when the time is over before."""
        if os.path.lexists(os.path.join(directory, "pyvenv.cfg")):
            return []
        found = []
        with contextlib.suppress(OSError), os.scandir(directory) as entries:
            for number, entry in enumerate(entries, start=1):
                if self._scope.is_walked(entry):
                    found.append(entry.path)
                if deadline is not None and number % 512 == 0 and time.perf_counter() > deadline:
                    return None
        return found

    # -- what happened -------------------------------------------------------------------------------------

    def take(self) -> list[Touched]:
        """Everything that happened since the last call."""
        if not self._watchers:
            return []
        with self._lock:
            self._read()
            touched, self._touched, self._fresh = self._touched, {}, []
        return list(touched.values())

    @contextlib.contextmanager
    def unseen(self, paths: Sequence[str]) -> Iterator[None]:
        """Let the reading of these files meanwhile count for nobody's: it is Runlore that hashes them."""
        ignored = set()
        for path in paths:
            directory, _, name = path.rpartition(os.sep)
            if directory in self._keys:
                ignored.add((*self._keys[directory], name))
        if not ignored:
            yield
            return
        with self._lock:
            self._read()
            self._ignored.append(ignored)
        try:
            yield
        finally:
            with self._lock:
                self._read()
                self._ignored.remove(ignored)

    def _read(self) -> None:
        for index, watcher in enumerate(self._watchers):
            for notice in watcher.read():
                if notice.what & OVERFLOW:
                    self.problem = "too many files were opened at a time to see all of them"
                elif not (self._ignored and notice.own and self._is_ignored(watcher, notice)):
                    self._note(index, watcher, notice)

    def _is_ignored(self, watcher: Watcher, notice: Notice) -> bool:
        return any((watcher, notice.key, notice.name) in ignored for ignored in self._ignored)

    def _note(self, index: int, watcher: Watcher, notice: Notice) -> None:
        directory = self._paths.get((index, notice.key))
        if directory is None or not notice.name:
            return
        path = directory + os.sep + notice.name
        if notice.what & DIRECTORY:
            if notice.what & (CREATED | MOVED_IN):
                self._keys.pop(path, None)
                self._adopt(path, notice, watcher.name)
            elif notice.name != ".":
                self.add(path)  # it was listed: its files may be opened next
            return
        if notice.own and not notice.what & (CREATED | MOVED_IN | WRITTEN) and self._is_known(path):
            return
        known = self._touched.get((path, notice.own))
        if known is None:
            known = self._touched[path, notice.own] = Touched(
                path, notice.what, notice.own, watcher.name, notice.pid
            )
            self._fresh.append(known)
        else:
            known.what |= notice.what
            known.pids.add(notice.pid)

    def _adopt(self, directory: str, notice: Notice, by: str) -> None:
        """Watch a directory that was made just now; what lies in it already was made with it."""
        if not self.add(directory):
            return
        with contextlib.suppress(OSError), os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    self._adopt(entry.path, notice, by)
                else:
                    made = Touched(entry.path, CREATED | WRITTEN, notice.own, by, notice.pid)
                    self._touched[entry.path, notice.own] = made

    # -- in the background ---------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="runlore-files", daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        audit.mute_thread()
        poll = self._poll
        while poll is not None and not self._closing:
            poll.poll(0 if self._trees else None)
            time.sleep(_PAUSE)
            self._walk(time.perf_counter() + _QUICK / 3, patient=True)
            with self._lock:
                self._read()
                fresh, self._fresh = self._fresh, []
            for touched in fresh:
                with self._lock, contextlib.suppress(Exception):
                    if self._touched.get((touched.path, touched.own)) is touched:  # not taken meanwhile
                        self._on_notice(touched)

    def close(self) -> None:
        with self._lock:
            self._closing = True
            for watcher in self._watchers:
                watcher.close()
            self._watchers = []


def _are_different(one: str, other: str) -> bool:
    try:
        return not os.path.samefile(one, other)
    except OSError:
        return False
