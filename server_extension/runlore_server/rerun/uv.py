"""Asking uv: with the user's index, on behalf of one environment, its complaints in plain words."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from runlore.capture.lock import without_credentials
from runlore_server.errors import RerunRefused
from runlore_server.rerun import pins
from runlore_server.rerun.index import uv_environ
from runlore_server.rerun.pins import Pin, Pins

_INTERVAL = 0.2
_MOST_NAMED = 10
_URL = re.compile(r"[a-z+]+://[^\s'\"`<>]+")
_UNMET = re.compile(r"Because (?P<why>.*?)\s+and you require\s+(?P<name>[\w.-]+)==(?P<version>[^\s,]+)", re.DOTALL)
_AWAY = re.compile(r"Failed to fetch|Request failed|Network connectivity is disabled|error sending request")
_PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


class UvFailed(Exception):
    """uv gave up; the text is its explanation, without credentials."""


class IndexAway(UvFailed):
    """An index did not answer, or uv was told not to ask and its cache does not know."""


Beat = Callable[[], None]
"""Called some times a second while one waits for something; what it raises ends both."""


class Uv:
    """uv, working in ``folder`` without the settings of whatever project the server stands in."""

    def __init__(self, folder: Path, beat: Beat = lambda: None) -> None:
        self._folder = folder
        self._beat = beat
        self._child: subprocess.Popen[str] | None = None
        self._stopped = False

    @cached_property
    def _program(self) -> str:
        try:
            from uv import find_uv_bin

            return str(find_uv_bin())
        except (ImportError, FileNotFoundError):
            raise RerunRefused(
                "a locked environment is rebuilt with uv, which is missing; run: pip install 'runlore[lab]'"
            ) from None

    @cached_property
    def _environ(self) -> dict[str, str]:
        # Neither the server's own environment nor its search path may answer for the one being built.
        unwanted = {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT"}
        return {name: value for name, value in uv_environ(os.environ).items() if name not in unwanted}

    def ask(self, *arguments: str) -> str:
        """What uv prints.

        Raises:
            IndexAway: it could not ask an index.
            UvFailed: it failed otherwise, or was stopped.
            RerunRefused: it is not installed.
        """
        return self._run("--quiet", *arguments)

    def find_python(self, version: str, *options: str) -> str:
        """The path of an interpreter of this version outside of virtual environments.

        Raises:
            UvFailed: there is none.
            RerunRefused: uv is not installed.
        """
        # Asked to be quiet, uv keeps the path to itself.
        return self._run("python", "find", "--system", *options, version).strip()

    def _run(self, *arguments: str) -> str:
        if self._stopped:
            raise UvFailed("it was stopped")
        with subprocess.Popen(  # noqa: S603 - uv, with arguments that hold no options of others
            [self._program, "--no-progress", "--color", "never", *arguments],
            cwd=self._folder,
            env=self._environ,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            self._child = child
            try:
                printed, complaint = self._answer(child)
            except BaseException:
                child.kill()
                raise
            finally:
                self._child = None
        if child.returncode != 0:
            said = complaint.strip() or printed.strip() or f"exit status {child.returncode}"
            said = _URL.sub(lambda url: without_credentials(url.group()), said)
            raise IndexAway(said) if _AWAY.search(said) else UvFailed(said)
        return printed

    def _answer(self, child: subprocess.Popen[str]) -> tuple[str, str]:
        while True:
            self._beat()
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.communicate(timeout=_INTERVAL)

    def stop(self) -> None:
        """End what is going on, from another thread; what is asked later fails."""
        self._stopped = True
        if (child := self._child) is not None:
            child.kill()

    def pin(self, requirements: Sequence[str], *python: str) -> Pins:
        """Exact requirements with the hashes and the index of each, as the index has them now.

        An index that does not answer is made up for by what uv remembers of it, if that is all of it.

        Args:
            requirements: each as ``name==version``.
            python: options that name the interpreter.

        Raises:
            IndexAway: an index does not answer.
            RerunRefused: uv is not installed.
        """
        try:
            return self._pin(requirements, python)
        except IndexAway as error:
            try:
                remembered = self._compiled(requirements, (*python, "--offline"))
            except UvFailed:
                raise error from None
            return Pins(told=time.time(), packages=remembered)

    def _pin(self, requirements: Sequence[str], python: Sequence[str]) -> Pins:
        wanted, missing = list(requirements), dict[str, str]()
        found: list[Pin] = []
        while wanted and len(missing) < _MOST_NAMED:
            try:
                found = self._compiled(wanted, python)
                break
            except IndexAway:
                raise
            except UvFailed as error:
                unmet = _UNMET.search(str(error))
                pinned = f"{unmet['name']}=={unmet['version']}" if unmet else ""
                if unmet is None or pinned not in wanted:
                    missing[f"{len(wanted)} packages"] = shortened(str(error))
                    break
                missing[pinned] = self._nearest(
                    unmet["name"], unmet["version"], " ".join(unmet["why"].split()), python
                )
                wanted.remove(pinned)
        return Pins(told=time.time(), packages=found, lacking=missing)

    def _compiled(self, requirements: Sequence[str], python: Sequence[str]) -> list[Pin]:
        told = self._compile(
            "\n".join(requirements), python, "--generate-hashes", "--emit-index-annotation", "--no-annotate"
        )
        return pins.parse(told)

    def _compile(self, requirements: str, python: Sequence[str], *options: str) -> str:
        file = self._folder / "requirements.in"
        file.write_text(f"{requirements}\n", encoding="utf-8")
        return self.ask("pip", "compile", "--no-deps", *python, *options, str(file))

    def _nearest(self, name: str, version: str, why: str, python: Sequence[str]) -> str:
        """What the index has of a package that it lacks in this version."""
        found = []
        for limit, options in ((f"<{version}", ()), (f">{version}", ("--resolution", "lowest"))):
            try:
                near = _PINNED.search(self._compile(f"{name}{limit}", python, *options))
            except UvFailed:
                continue
            if near is not None:
                found.append(near[2])
        nearest = f"nearest is {' and '.join(found)}" if found else "it has no other version either"
        what = "has it for other platforms or Pythons only" if "no wheels" in why else "does not have it"
        return f"the configured index {what} ({why}); {nearest}"


def shortened(text: str, most: int = 600) -> str:
    """An explanation in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."
