"""The companion, seen from the process that started it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec

from runlore.decodable import decodable
from runlore_server.companion.messages import Answer, Setup
from runlore_server.config import Config
from runlore_server.errors import CompanionEnded, ExportRefused, TrackingStoreAway
from runlore_server.ownership import Ownership

_START = "import sys; sys.path = [place for place in sys.path if place]; from {} import main; sys.exit(main())"


def command_of(module: str) -> list[str]:
    """What starts the ``main`` of a module of ours; arguments may follow.

    Not with ``-m``: that looks for modules in the current directory first, where anybody's may lie.
    """
    return [sys.executable, "-c", _START.format(module)]


class Companion:
    """Started with its first task, and again after its death. It lives no longer than this process.

    Args:
        module: where its ``main`` is; see ``serve``.
        config: where the runs are and where MLflow is.
        variables: of its environment, beside those of this process.
        ownership: a lock to share, so that the next owner begins when both processes are gone.
        grace: seconds that a step under way may go on when it is closed; none, and it is killed.
        place: its current directory; this process' own by default.
    """

    def __init__(
        self,
        module: str,
        config: Config,
        *,
        variables: Mapping[str, str],
        ownership: Ownership | None = None,
        grace: float = 0.0,
        place: Path | None = None,
    ) -> None:
        self._module = module
        self._config = config
        self._variables = variables
        self._ownership = ownership
        self._grace = grace
        self._place = place
        self._lock = threading.Lock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, task: msgspec.Struct, timeout: float | None = None) -> msgspec.Raw:
        """Have a task done, and wait for its result, as JSON; called by one thread at a time.

        Args:
            task: of the kind that the companion takes.
            timeout: seconds after which it is killed; for ever by default.

        Raises:
            TrackingStoreAway, ExportRefused: see ``TrackingStore``.
            CompanionEnded: it died, took too long, or was ended meanwhile.
            OSError: a file of the home cannot be used, or no process can be started.
        """
        with self._lock:
            if self._ended:
                raise CompanionEnded(f"{self._module} was ended")
            process = self._process = self._process or self._start()
        line = b""
        killer = threading.Timer(timeout, process.kill) if timeout is not None else None
        if killer is not None:
            killer.start()
        if process.stdin is not None and process.stdout is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):  # it is dead, or closed from another thread
                _write(process, task)
                line = process.stdout.readline()
        if killer is not None:
            killer.cancel()
        if not line.endswith(b"\n"):
            self.close()
            raise CompanionEnded(f"the process of {self._module} ended with status {process.returncode}")
        answer = msgspec.json.decode(line, type=decodable(Answer))
        if answer.outcome == "refused":
            raise ExportRefused(answer.reason)
        if answer.outcome == "away":
            raise TrackingStoreAway(answer.reason)
        if answer.outcome == "failed":
            raise OSError(answer.reason)
        return answer.result

    def end(self) -> None:
        """End the process for good; from any thread."""
        with self._lock:
            self._ended = True
        self.close()

    def close(self) -> None:
        """End the process; the next task starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        if self._grace and process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._grace + 1.0)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        lock = self._ownership.descriptor if self._ownership is not None and sys.platform != "win32" else None
        if self._place is not None:
            self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = subprocess.Popen(  # noqa: S603 - our own module
            command_of(self._module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self._place,
            env={**os.environ, **self._variables},
            pass_fds=() if lock is None else (lock,),
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which decides
        )
        config = self._config
        home, room = str(config.home.path.absolute()), config.curve_cache
        with contextlib.suppress(BrokenPipeError):
            _write(process, Setup(home, config.tracking_uri, room, lock, self._grace))
        return process


def _write(process: subprocess.Popen[bytes], message: msgspec.Struct) -> None:
    if process.stdin is not None:
        process.stdin.write(msgspec.json.encode(message) + b"\n")
        process.stdin.flush()
