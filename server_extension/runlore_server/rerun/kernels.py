"""Which kernel replays a session: the one that recorded it, or one chosen instead."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from runlore.events import SessionStarted
from runlore_server.errors import KernelMissing, KernelRefused, KernelUnasked
from runlore_server.rerun import kernelspecs
from runlore_server.rerun.gateway import PREFIX, Gateway

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel to start.

    ``name`` is its kernelspec's, ``None`` for one made up for a session outside Jupyter. ``chosen`` says that it
    was asked for instead of the recorded one; its own ``environ`` then wins over the recorded variables.
    ``gateway`` is the URL of the Jupyter gateway that starts it, by what it says is its ``argv``.
    """

    name: str | None
    display_name: str
    argv: list[str]
    environ: dict[str, str] = {}
    interrupt_mode: str = "signal"
    metadata: dict[str, Any] = {}
    chosen: bool = False
    gateway: str | None = None

    def without(self, variables: Collection[str]) -> Kernel:
        """The same kernel, leaving these variables to the record unless it was chosen for its own."""
        return self if self.chosen else self.without_any(variables)

    def without_any(self, variables: Collection[str]) -> Kernel:
        """The same kernel, setting none of these variables."""
        environ = {name: value for name, value in self.environ.items() if name not in variables}
        return msgspec.structs.replace(self, environ=environ)


def choose(session: SessionStarted, asked: str | None = None, *, trusting: bool = True) -> Kernel:
    """The kernel for replaying ``session``.

    Args:
        session: how the recorded session began.
        asked: a kernelspec's name to use whatever was recorded; ``gateway:NAME`` for one of a Jupyter gateway.
        trusting: whether a Python that only the record names may be started to see what it has. Who merely looks
            at a run trusts no record: it may be a stranger's, and name any program.

    A recorded kernel whose spec now leads to another interpreter is started with the recorded one, as long as
    that exists.

    Raises:
        KernelMissing: no kernelspec has the name.
        KernelRefused: it runs another language, or what it starts is gone or has no ipykernel or no Runlore.
        KernelUnasked: a Python that only the record names would have to be started, and may not.
        GatewayRefused, GatewayAway: it is a gateway's, which cannot be asked.
    """
    name = asked or session.kernel_name
    if name is None:
        return _outside_jupyter(session, trusting=trusting)
    if name.startswith(PREFIX):
        return _at_gateway(name.removeprefix(PREFIX), chosen=asked is not None)
    spec = _find(name, recorded=asked is None)
    argv = list(spec.argv)
    recorded = asked is None and _leads_elsewhere(argv, session.executable)
    if recorded:
        argv[0] = session.executable
    sight = kernelspecs.look(spec, argv, ask=trusting or not recorded)
    if sight.problem:
        others = "" if asked is None else "; or choose another kernel, 'runlore kernels' lists them"
        raise KernelRefused(f"the kernel {name!r} cannot replay the run: {sight.problem}{others}")
    if recorded and not trusting:
        _require_known(sight)
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


def _at_gateway(name: str, *, chosen: bool) -> Kernel:
    gateway = Gateway()
    specs = gateway.specs()
    spec = specs.get(name)
    if spec is None:
        names = [f"{PREFIX}{known}" for known in sorted(specs)]
        raise KernelMissing(
            f"the Jupyter gateway {gateway.url} has no kernel {name!r}. It has: {', '.join(names) or 'none'}.",
            names,
        )
    if str(spec.get("language", "python")).lower() != "python":
        raise KernelRefused(
            f"the kernel {name!r} of {gateway.url} runs {spec['language']}; the run was recorded in Python"
        )
    return Kernel(
        name=f"{PREFIX}{name}",
        display_name=f"{spec.get('display_name', name)} ({urlsplit(gateway.url).netloc})",
        argv=[str(word) for word in spec.get("argv", [])],
        chosen=chosen,
        gateway=gateway.url,
    )


def _find(name: str, *, recorded: bool) -> KernelSpec:
    found = kernelspecs.find(name)
    if found is not None:
        return found
    installed = kernelspecs.names()
    if name in installed:
        raise KernelRefused(f"the kernel {name!r} cannot replay the run: {kernelspecs.unreadable(name)}")
    which = f"the kernel {name!r}" + (", which recorded the run," if recorded else "")
    others = f"Installed are: {', '.join(installed)}." if installed else "No kernel is installed."
    raise KernelMissing(
        f"{which} is not installed here. {others} Choose one of them, or install {name!r}.", installed
    )


def _leads_elsewhere(argv: list[str], recorded: str) -> bool:
    """Whether the spec would start another Python than the recorded one, which still exists."""
    if not argv or not kernelspecs.is_interpreter(argv[0]) or not Path(recorded).is_file():
        return False
    found = kernelspecs.found(argv[0])
    return found is None or not _same_interpreter(Path(found), Path(recorded))


def _same_interpreter(one: Path, other: Path) -> bool:
    # Environments link to one binary: only together with its folder does it say which environment it is.
    return one.parent.resolve() == other.parent.resolve() and one.resolve() == other.resolve()


def _require_known(sight: kernelspecs.Sight) -> None:
    if sight.note is not None:
        raise KernelUnasked(f"{sight.note}; a rerun finds out whether it can replay the run")


def _outside_jupyter(session: SessionStarted, *, trusting: bool) -> Kernel:
    python = session.executable
    if not python or not Path(python).is_file():
        raise KernelRefused(
            f"the run was recorded outside Jupyter by {python or 'an unknown Python'}, which is gone; "
            "choose a kernel for the rerun"
        )
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    sight = kernelspecs.seen(argv, ask=trusting)
    if sight.problem:
        raise KernelRefused(
            "the run was recorded outside Jupyter, and cannot be replayed by the same Python: "
            f"{sight.problem}, or choose a kernel for the rerun"
        )
    if not trusting:
        _require_known(sight)
    return Kernel(name=None, display_name=f"Python {session.python}", argv=argv)
