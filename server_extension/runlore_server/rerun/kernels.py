"""Which kernel replays a session: the one that recorded it, or one chosen instead."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from runlore.events import SessionStarted
from runlore_server.errors import KernelMissing, RerunRefused

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

_INTERPRETER = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
_PROBE_TIMEOUT = 60.0


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel to start.

    ``name`` is its kernelspec's, ``None`` for one made up for a session outside Jupyter. ``chosen`` says that it
    was asked for instead of the recorded one; its own ``environ`` then wins over the recorded variables.
    """

    name: str | None
    display_name: str
    argv: list[str]
    environ: dict[str, str] = {}
    interrupt_mode: str = "signal"
    metadata: dict[str, Any] = {}
    chosen: bool = False

    def without(self, variables: Collection[str]) -> Kernel:
        """The same kernel, leaving these variables to the record unless it was chosen for its own."""
        if self.chosen:
            return self
        environ = {name: value for name, value in self.environ.items() if name not in variables}
        return msgspec.structs.replace(self, environ=environ)


def choose(session: SessionStarted, asked: str | None = None) -> Kernel:
    """The kernel for replaying ``session``.

    Args:
        session: how the recorded session began.
        asked: a kernelspec's name to use whatever was recorded.

    A recorded kernel whose spec now leads to another interpreter is started with the recorded one, as long as
    that exists.

    Raises:
        KernelMissing: no kernelspec has the name.
        RerunRefused: it runs another language, or the session ran outside Jupyter in an interpreter that is gone
            or has no ipykernel.
    """
    name = asked or session.kernel_name
    if name is None:
        return _outside_jupyter(session)
    spec = _find(name, recorded=asked is None)
    if spec.language.lower() != "python":
        raise RerunRefused(f"the kernel {name!r} runs {spec.language}; the run was recorded in Python")
    argv = list(spec.argv)
    if asked is None and _leads_elsewhere(argv, session.executable):
        argv[0] = session.executable
    return Kernel(
        name=name,
        display_name=spec.display_name,
        argv=argv,
        environ=dict(spec.env),
        interrupt_mode=spec.interrupt_mode,
        metadata=dict(spec.metadata),
        chosen=asked is not None,
    )


def in_environment(session: SessionStarted, python: Path) -> Kernel:
    """The kernel for replaying ``session`` with the interpreter of another environment."""
    return Kernel(
        name=session.kernel_name,
        display_name=f"Python {session.python} (locked)",
        argv=[str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        # Programs that cells start come from there too.
        environ={"PATH": f"{python.parent}{os.pathsep}${{PATH}}", "VIRTUAL_ENV": str(python.parents[1])},
    )


def _find(name: str, *, recorded: bool) -> KernelSpec:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    specs = KernelSpecManager()
    try:
        return specs.get_kernel_spec(name)
    except NoSuchKernel:
        installed = sorted(specs.find_kernel_specs())
        which = f"the kernel {name!r}" + (", which recorded the run," if recorded else "")
        others = f"Installed are: {', '.join(installed)}." if installed else "No kernel is installed."
        raise KernelMissing(
            f"{which} is not installed here. {others} Choose one of them, or install {name!r}.",
            installed,
        ) from None


def _leads_elsewhere(argv: list[str], recorded: str) -> bool:
    """Whether the spec would start another Python than the recorded one, which still exists."""
    if not argv or not _INTERPRETER.fullmatch(Path(argv[0]).name) or not Path(recorded).is_file():
        return False
    # Jupyter starts a bare "python" with the interpreter that it runs in itself.
    found = argv[0] if Path(argv[0]).is_absolute() else _bare(argv[0])
    return found is None or not _same_interpreter(Path(found), Path(recorded))


def _bare(name: str) -> str | None:
    return sys.executable if name in {"python", "python3"} else shutil.which(name)


def _same_interpreter(one: Path, other: Path) -> bool:
    # Environments link to one binary: only together with its folder does it say which environment it is.
    return one.parent.resolve() == other.parent.resolve() and one.resolve() == other.resolve()


def _outside_jupyter(session: SessionStarted) -> Kernel:
    python = session.executable
    if not python or not Path(python).is_file():
        raise RerunRefused(
            f"the run was recorded outside Jupyter by {python or 'an unknown Python'}, which is gone; "
            "choose a kernel for the rerun"
        )
    probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ipykernel') is None)"
    try:
        # -I: neither the working directory nor the caller's settings may answer for that environment.
        done = subprocess.run(  # noqa: S603 - the interpreter that recorded the run
            [python, "-I", "-c", probe], check=False, timeout=_PROBE_TIMEOUT, stdin=subprocess.DEVNULL
        )
        has_kernel = done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        has_kernel = False
    if not has_kernel:
        raise RerunRefused(
            f"the run was recorded outside Jupyter by {python}, which has no ipykernel to replay it with; "
            f"run: {python} -m pip install ipykernel, or choose a kernel for the rerun"
        )
    return Kernel(
        name=None,
        display_name=f"Python {session.python}",
        argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    )
