"""A contestant as the suites see it: where it works, with which interpreter, and its processes."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from benchmarks.peers.catalog import PEERS
from benchmarks.peers.peer import Peer

if TYPE_CHECKING:
    from typing_extensions import Self

_ROOT = Path(__file__).parents[2]
_PATIENCE = 900.0
"""Seconds after which a process that does not answer is ended."""


class Contestant:
    """One peer with a directory for its files.

    Attributes:
        name: its key in the catalog.
        peer: its class.
        python: the interpreter that has what it needs.
        directory: where its processes work; what they leave there is all that it stores.
        version: of what is measured, once a process was open.
    """

    def __init__(self, name: str, python: Path, directory: Path) -> None:
        self.name = name
        self.peer: type[Peer] = PEERS[name]
        self.directory = directory
        self.version = ""
        self.python = python
        self._told = directory.with_suffix(".log")
        directory.mkdir(parents=True)

    def environment(self) -> dict[str, str]:
        """What its processes know of this one's environment: little, and a home of their own."""
        kept = ("PATH", "LANG", "TMPDIR", "SYSTEMROOT")
        environment = {name: value for name, value in os.environ.items() if name in kept}
        home = self.directory.with_suffix(".home")
        home.mkdir(exist_ok=True)
        return environment | {"HOME": str(home), "PYTHONPATH": str(_ROOT), "CI": "1"}

    def process(self) -> Process:
        """A new process that nothing has been imported into yet."""
        return Process(self.name, self.python, self.directory, self.environment(), self._told)

    def opened(self) -> Process:
        """A new process that has imported what it needs."""
        process = self.process()
        self.version = process.ask("open")["version"]
        return process

    @property
    def stored(self) -> int:
        """Bytes of all files that it has left."""
        return sum(file.stat().st_size for file in self.directory.rglob("*") if file.is_file())


class Process:
    """A worker that answers one command at a time; as a context manager it is ended on leaving."""

    def __init__(self, name: str, python: Path, directory: Path, environment: dict[str, str], told: Path) -> None:
        self._name, self._told = name, told
        with told.open("ab") as errors:
            self._process = subprocess.Popen(
                [python, "-m", "benchmarks.peers.worker", name],
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, *command: Any) -> dict[str, Any]:
        """Have one of ``Worker``'s commands done.

        Raises:
            RuntimeError: the process ended instead of answering; the text holds what it said.
        """
        self._tell(command)
        answer = self._answer()
        if not answer:
            self.close()
            said = self._told.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._name} failed at {command[0]}:\n{said}")
        return dict(json.loads(answer))

    def die(self, run: str, count: int) -> None:
        """Have it log so many points and be killed.

        Raises:
            RuntimeError: it ended in another way.
        """
        self._tell(("die", run, count))
        self._answer()
        self.close()
        if self._process.returncode != -9:
            raise RuntimeError(f"{self._name} ended by itself:\n{self._told.read_text(errors='replace')[-2000:]}")

    def close(self) -> None:
        """Let it end; a process that does not is killed."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()  # type: ignore[union-attr]

    def _tell(self, command: tuple[Any, ...]) -> None:
        with suppress(BrokenPipeError):  # the missing answer tells
            self._process.stdin.write(json.dumps(command) + "\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]

    def _answer(self) -> str:
        watch = threading.Timer(_PATIENCE, self._process.kill)
        watch.daemon = True
        watch.start()
        try:
            return self._process.stdout.readline()  # type: ignore[union-attr]
        finally:
            watch.cancel()
