"""Where a session comes from: the process, its kernel, its user, and what it replays."""

from __future__ import annotations

import os
import platform
import secrets
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from runlore import events as ev

if TYPE_CHECKING:
    from runlore.replay import ReplayPlan


def new_session_id() -> str:
    """A session id: UTC time, so that folders sort by age, and enough chance to be unique."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + secrets.token_hex(4)


def session_started(
    session_id: str, *, notebook: str | None, cwd: str | None, plan: ReplayPlan | None
) -> ev.SessionStarted:
    """The first event of this process's journal; a replay (``plan`` given) keeps its original's kernel name."""
    from runlore.process import current_process

    return ev.SessionStarted(
        time=time.time(),
        format=ev.FORMAT,
        session_id=session_id,
        process=current_process(),
        runlore=installed_version(),
        python=platform.python_version(),
        executable=sys.executable,
        cwd=cwd or _working_directory(),
        kernel_name=plan.kernel_name if plan else _kernel_name(),
        notebook=notebook,
        user=_user(),
        rerun_of=plan.rerun_of if plan else None,
        rerun=plan.run_id if plan else None,
        hash_seed=hash_seed(),
    )


def hash_seed() -> str | None:
    """The ``PYTHONHASHSEED`` that this process was started with; ``None`` where it chose its own.

    What code of the user's has set since counts for processes that it starts, not for this one.
    """
    if not sys.flags.hash_randomization:
        return "0"
    try:
        started_with = Path("/proc/self/environ").read_bytes().split(b"\0")
        found = next((entry[15:].decode() for entry in started_with if entry.startswith(b"PYTHONHASHSEED=")), None)
    except (OSError, ValueError):
        found = os.environ.get("PYTHONHASHSEED")
    usable = found is not None and found.isdecimal() and not sys.flags.ignore_environment
    return found if usable else None


@cache
def installed_version() -> str:
    """Runlore's; ``unknown`` where it is not installed. Looking takes 10 ms among many packages."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("runlore")
    except PackageNotFoundError:
        return "unknown"


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def _user() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None


def _kernel_name() -> str | None:
    """The kernelspec's name as the connection file has it; ``None`` outside a Jupyter kernel."""
    ipykernel = sys.modules.get("ipykernel.kernelapp")
    if ipykernel is None or not ipykernel.IPKernelApp.initialized():
        return None
    import json

    connection = ipykernel.IPKernelApp.instance().abs_connection_file
    try:
        name = json.loads(Path(connection).read_text()).get("kernel_name")
    except (OSError, ValueError):
        return None
    return str(name) if name else None
