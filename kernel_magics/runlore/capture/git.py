"""The state of the repository that the user works in: commit, branch, and what was not committed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from runlore.capture import audit, errands

PATCH_LIMIT = 10 * 2**20
"""Bytes; a larger patch is not stored."""

_TIMEOUT = 10.0
_TRIES = 3
# Settings of the repository may name programs to run; looking at a repository must not run them.
_INERT = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")


class GitState(NamedTuple):
    """``patch`` is ``git diff HEAD`` when there is something in it; ``problem`` says why one is missing."""

    root: str
    commit: str | None
    branch: str | None
    dirty: bool
    patch: bytes | None
    problem: str | None


def read_state(directory: Path) -> GitState | None:
    """The state of the repository around ``directory``; ``None`` when it is in none or there is no git.

    Files that git does not track are named in ``dirty`` only: their content is not in the patch.

    Raises:
        subprocess.TimeoutExpired: git did not answer within 10 seconds.
    """
    root = ask(directory, "rev-parse", "--show-toplevel")
    if root is None:
        return None
    top = Path(root.decode().rstrip("\n"))
    commit = _text(ask(top, "rev-parse", "--verify", "-q", "HEAD"))
    branch = _text(ask(top, "symbolic-ref", "--short", "-q", "HEAD"))
    status = ask(top, "status", "--porcelain", "--untracked-files=normal") or b""
    patch, problem = None, None
    if commit is not None and status:
        patch = ask(top, "diff", "--no-ext-diff", "--no-textconv", "--binary", "HEAD") or None
        if patch is not None and len(patch) > PATCH_LIMIT:
            problem = f"the uncommitted changes are {len(patch) >> 20} MiB, more than is stored"
            patch = None
    if problem is None and b"\n??" in b"\n" + status:
        problem = "files that git does not track are not in the patch"
    return GitState(str(top), commit, branch, bool(status), patch, problem)


def ask(directory: Path, *arguments: str) -> bytes | None:
    """Standard output of a git command, ``None`` when it failed or git is not installed.

    A git that was killed says nothing about the repository, and is asked again: in the moment between its start
    and its own session a kernel that shuts down terminates it with its other children.

    Raises:
        subprocess.TimeoutExpired: it did not answer within 10 seconds.
    """
    for _ in range(_TRIES):
        answer = _answer(directory, arguments)
        if answer is None or answer[0] >= 0:
            break
    return answer[1] if answer is not None and answer[0] == 0 else None


def _answer(directory: Path, arguments: Sequence[str]) -> tuple[int, bytes] | None:
    """Exit status and standard output of a git command; ``None`` where there is no git."""
    try:
        with audit.muted():  # it is not the user's code that starts a program here
            process = subprocess.Popen(  # noqa: S603 - a fixed program with fixed arguments
                ["git", *_INERT, *arguments],  # noqa: S607 - whichever git the user uses
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A kernel that shuts down terminates its process group, and Ctrl-C in a terminal interrupts it.
                start_new_session=True,
            )
    except OSError:
        return None
    errands.sent(process.pid)
    with process:
        try:
            output, _ = process.communicate(timeout=_TIMEOUT)
        except BaseException:
            process.kill()
            raise
    return process.returncode, output


def _text(output: bytes | None) -> str | None:
    return output.decode(errors="replace").strip() or None if output else None
