"""Asking uv: with the user's index, on behalf of one environment, its complaints in plain words."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from runlore.capture.lock import without_credentials
from runlore_server.errors import EnvironmentNotRebuildable, RerunRefused
from runlore_server.rerun.index import uv_environ

_MOST_NAMED = 10
_URL = re.compile(r"[a-z+]+://[^\s'\"`<>]+")
_UNMET = re.compile(r"Because (?P<why>.*?)\s+and you require\s+(?P<name>[\w.-]+)==(?P<version>[^\s,]+)", re.DOTALL)
_PINNED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


class UvFailed(Exception):
    """uv gave up; the text is its explanation, without credentials."""


class Uv:
    """uv, working in ``folder`` without the settings of whatever project the server stands in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

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
            UvFailed: it failed.
            RerunRefused: it is not installed.
        """
        done = subprocess.run(  # noqa: S603 - uv, with arguments that hold no options of others
            [self._program, "--quiet", "--no-progress", "--color", "never", *arguments],
            cwd=self._folder,
            env=self._environ,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
            raise UvFailed(_URL.sub(lambda url: without_credentials(url.group()), said))
        return done.stdout

    def pin(self, requirements: Sequence[str], python: str) -> str:
        """Exact requirements with the hashes and the index of each, as a requirements file.

        Raises:
            EnvironmentNotRebuildable: the index lacks some; all of them are named, with what it has nearest.
            RerunRefused: uv is not installed.
        """
        wanted, missing = list(requirements), dict[str, str]()
        while True:
            try:
                found = self._compile("\n".join(wanted), python, "--generate-hashes", "--emit-index-annotation")
            except UvFailed as error:
                unmet = _UNMET.search(str(error))
                pinned = f"{unmet['name']}=={unmet['version']}" if unmet else ""
                if unmet is None or pinned not in wanted:
                    missing[f"{len(wanted)} packages" if wanted else "uv"] = shortened(str(error))
                    break
                missing[pinned] = self._nearest(
                    unmet["name"], unmet["version"], " ".join(unmet["why"].split()), python
                )
                wanted.remove(pinned)
                if len(missing) == _MOST_NAMED:
                    break
            else:
                break
        if missing:
            raise EnvironmentNotRebuildable(missing)
        return "".join(
            f"{_URL.sub(lambda url: without_credentials(url.group()), line)}\n"
            for line in found.splitlines()
            if not line.startswith("#") and "# via" not in line
        )

    def _compile(self, requirements: str, python: str, *options: str) -> str:
        file = self._folder / "requirements.in"
        file.write_text(f"{requirements}\n", encoding="utf-8")
        return self.ask("pip", "compile", "--no-deps", "--python", python, *options, str(file))

    def _nearest(self, name: str, version: str, why: str, python: str) -> str:
        """What the index has of a package that it lacks in this version."""
        found = []
        for limit, options in ((f"<{version}", ()), (f">{version}", ("--resolution", "lowest"))):
            try:
                near = _PINNED.search(self._compile(f"{name}{limit}", python, *options))
            except UvFailed:
                continue
            if near is not None:
                found.append(near[2])
        if not found:
            return f"the configured index has it in no version ({why})"
        return f"the configured index does not have it ({why}); nearest is {' and '.join(found)}"


def shortened(text: str, most: int = 600) -> str:
    """An explanation in one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."
