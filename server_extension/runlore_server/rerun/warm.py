"""Runners and kernels that are started ahead, so that a queue's next rerun begins when its turn comes.

On Linux, runners hatch in a nest (see ``nest``); elsewhere each is started as a program. A rerun whose turn comes
next can be booted: its own runner starts its own kernel, with the environment, directory and hash seed that it
will have, and waits. Such a kernel has executed nothing. It serves that one rerun, if the rerun is still prepared
as it was, and no kernel ever serves two.

Memory: about 70 MB for the nest, 15 MB more for each runner with its keeper, and 40 MB for a booted kernel.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import psutil

from runlore.home import Home
from runlore_server.companion.process import command_of
from runlore_server.rerun import nest
from runlore_server.rerun.child import Child, Process, spawn
from runlore_server.rerun.folder import Folder

_FRESH = 120.0
"""Seconds after which a kernel that was booted ahead is given up: what it waits for takes so long that a second
more does not matter, while its memory may."""

_LOOK = 0.1
_ANSWER = 30.0
"""Seconds to wait for what a nest answers, which may still boot."""


class WarmRunners:
    """Runners for the reruns of one home. All methods may be called from any thread.

    Args:
        home: where the reruns are recorded.
        size: how many reruns may be booted ahead at a time; further ones are not.
    """

    def __init__(self, home: Home, size: int) -> None:
        self._home, self._size = home, size
        self._lock = threading.Lock()
        self._nesting = threading.Lock()
        self._nest: _Nest | None = None
        self._booted: dict[Path, _Booted] = {}
        self._closed = False

    def get_ready(self) -> None:
        """Have a nest boot, where there is none: a runner will be needed soon. Elsewhere than on Linux, nothing.

        Raises:
            OSError: it cannot be started.
        """
        if sys.platform == "linux":
            self._living_nest()

    def boot(self, folder: Folder) -> bool:
        """Start the runner and the kernel of a prepared rerun that will be taken soon.

        One whose environment may still have to be built is left alone, and so is a gateway's kernel.

        Returns:
            Whether it is booted now.

        Raises:
            OSError: it cannot be started.
            JournalFormatError: the folder does not hold a prepared rerun.
        """
        launch = folder.launch()
        if launch.env == "locked" or launch.kernel.gateway:
            return False
        with self._lock:
            if self._closed or len(self._booted) >= self._size or folder.path in self._booted:
                return folder.path in self._booted
            child = self.start(self._home, folder, folder.mark())
            timer = threading.Timer(_FRESH, self.drop, [folder])
            timer.daemon = True
            self._booted[folder.path] = _Booted(child, timer)
            timer.start()
        child.boot()
        return True

    def take(self, folder: Folder) -> Child:
        """The runner for a prepared rerun that is to begin: the one that was booted for it, or a new one.

        Raises:
            OSError: it cannot be started.
            JournalFormatError: the folder does not hold a prepared rerun.
        """
        with self._lock:
            booted = self._booted.pop(folder.path, None)
        if booted is not None:
            booted.timer.cancel()
            if not booted.child.wait(0):
                return booted.child
            booted.child.clear()  # it was killed
        return self.start(self._home, folder, folder.mark())

    def start(self, home: Home, folder: Folder, mark: str) -> Child:
        """A runner for a further round of a rerun, as ``fulfil`` asks for it.

        Raises:
            OSError: it cannot be started.
        """
        return Child(home, folder, mark, self._process)

    def drop(self, folder: Folder) -> None:
        """End what was booted for a rerun, if it was; it has executed nothing."""
        with self._lock:
            booted = self._booted.pop(folder.path, None)
        if booted is not None:
            booted.timer.cancel()
            booted.child.give_up()

    def close(self) -> None:
        """End all that waits. Runners that were taken go on."""
        with self._lock:
            self._closed = True
            waiting = list(self._booted)
        for path in waiting:
            self.drop(Folder(path))
        with self._nesting:
            if self._nest is not None:
                self._nest.close()

    def _process(self, folder: Folder, environ: dict[str, str]) -> Process:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # it is just ending, or cannot be had
                return self._living_nest().hatch(folder, environ)
        return spawn(folder, environ)

    def _living_nest(self) -> _Nest:
        with self._nesting:
            if self._nest is None or not self._nest.lives:
                if self._closed:
                    raise OSError("nothing is started ahead any more")
                self._nest = _Nest()
            return self._nest


@dataclass(frozen=True)
class _Booted:
    child: Child
    timer: threading.Timer


class _Runner:
    """A runner that hatched, seen from here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = None
        self._ended = threading.Event()
        self._status = 1

    def send_signal(self, sig: int, /) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def wait(self) -> int:
        self._ended.wait()
        return self._status

    def end(self, status: int) -> None:
        """Called when its end was told."""
        self._status = status
        self._ended.set()


class _Nest:
    """A nest's process, which boots when this is made."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*command_of(nest.__name__), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._asking = threading.Lock()
        self._answers: queue.Queue[_Runner | None] = queue.Queue()
        self._runners: dict[int, _Runner] = {}
        self.lives = True
        threading.Thread(target=self._listen, name="runlore nest", daemon=True).start()

    def hatch(self, folder: Folder, environ: dict[str, str]) -> _Runner:
        """A new runner, its log as its output; a nest that still boots is waited for.

        Raises:
            OSError: the nest cannot.
        """
        wish = msgspec.json.encode(nest.Wish(str(folder.path), environ))
        if len(wish) > nest.MOST_BYTES:
            raise OSError("the environment is too large for a datagram")
        with self._asking, folder.log.open("wb") as log:
            theirs, ours = os.pipe()
            commands = os.fdopen(ours, "wb")
            try:
                socket.send_fds(self._socket, [wish], [theirs, log.fileno()])
                runner = self._answered()
            except BaseException:
                commands.close()
                raise
            finally:
                os.close(theirs)
            runner.stdin = commands
            return runner

    def _answered(self) -> _Runner:
        try:
            runner = self._answers.get(timeout=_ANSWER)
        except queue.Empty:
            self.close()  # what it may still hatch has no input, and ends; nobody may take it for the next one
            raise OSError("the nest does not answer") from None
        if runner is None:
            raise OSError("the nest has ended")
        return runner

    def close(self) -> None:
        """Let it end, once the last of its runners has."""
        self.lives = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def _listen(self) -> None:
        with self._socket, contextlib.suppress(OSError):
            while message := self._socket.recv(nest.MOST_BYTES):
                told = msgspec.json.decode(message, type=nest.Told)
                if isinstance(told, nest.Hatched):
                    self._runners[told.pid] = _Runner(told.pid)
                    self._answers.put(self._runners[told.pid])
                else:
                    self._runners.pop(told.pid).end(told.status)
        self.lives = False
        self._answers.put(None)
        self._process.wait()
        while self._runners:  # it was killed; nobody tells of them any more
            for pid in [pid for pid in self._runners if not psutil.pid_exists(pid)]:
                self._runners.pop(pid).end(1)
            time.sleep(_LOOK)
