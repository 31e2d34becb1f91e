"""The kernelspecs of this machine, and whether each could replay a session."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import msgspec

from runlore_server.rerun.probe import Probe, beside, probe

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

LOCAL = "local-provisioner"
"""The provisioner that starts kernels as processes of this machine."""

_INTERPRETER = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
_PYTHONS_OWN = re.compile(r"PYTHON[A-Z]+|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH")


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a kernel without starting it.

    ``problem`` says why it cannot replay, and what to do; ``None`` where nothing speaks against it. ``note`` says
    what could not be looked at. ``interpreter`` is the Python that it starts, where that can be told, and
    ``packages`` are the versions of what it needs there.
    """

    interpreter: str | None = None
    packages: dict[str, str | None] = {}
    problem: str | None = None
    note: str | None = None


def names() -> list[str]:
    """The names of all kernelspecs that Jupyter finds here."""
    from jupyter_client.kernelspec import KernelSpecManager

    return sorted(KernelSpecManager().find_kernel_specs())


def find(name: str) -> KernelSpec | None:
    """A kernelspec; ``None`` when there is none of this name, or it cannot be read."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        try:
            return manager.get_kernel_spec(name)
        except NoSuchKernel:
            # Also said of one whose provisioner is missing.
            folder = manager.find_kernel_specs().get(name)
            return KernelSpec.from_resource_dir(folder) if folder is not None else None
    except Exception:  # noqa: BLE001 - whatever stands in the file
        return None


def unreadable(name: str) -> str:
    """What to do about a kernelspec that cannot be read."""
    return f"its kernel.json cannot be read; mend it, or run: jupyter kernelspec remove {name}"


def look(spec: KernelSpec, argv: Sequence[str] | None = None, *, ask: bool = True) -> Sight:
    """Look at a kernel as it would be started.

    Args:
        spec: its kernelspec.
        argv: its command, where another than the spec's is meant.
        ask: whether its interpreter may be started, to be asked what no file beside it tells.
    """
    if spec.language.lower() != "python":
        return Sight(problem=f"it runs {spec.language}; runs are recorded in Python")
    provisioner = provisioner_of(spec.metadata)
    if provisioner != LOCAL:
        return _provisioned(spec, provisioner)
    words = list(spec.argv if argv is None else argv)
    if not words:
        return Sight(problem="its kernelspec names no program")
    return seen(words, spec.env, ask=ask)


def seen(argv: Sequence[str], environ: Mapping[str, str] | None = None, *, ask: bool = True) -> Sight:
    """Look at a command that starts a Python kernel; ``environ`` is what its kernelspec sets. ``ask`` as above."""
    program = found(argv[0])
    if program is None:
        return Sight(
            problem=f"it starts {argv[0]}, which is not there; install that again, or choose another kernel"
        )
    if not _INTERPRETER.fullmatch(Path(argv[0]).name) or not any(word.startswith("ipykernel") for word in argv):
        return Sight(note=f"what {shlex.join(argv[:4])} ... starts cannot be looked at ahead")
    answer = probe(program, _that_matter(environ or {})) if ask else beside(program)
    if answer is None:
        return Sight(note=f"what {program} has cannot be told without starting it")
    return Sight(interpreter=program, packages=answer.packages, problem=_problem(program, answer))


def found(program: str) -> str | None:
    """The absolute path of what a kernelspec starts; ``None`` when it is not there."""
    if program in {"python", "python3"}:
        return sys.executable  # as Jupyter has it
    return shutil.which(program)


def provisioner_of(metadata: Mapping[str, Any]) -> str:
    """The name of the provisioner that a kernelspec's metadata asks for."""
    told = metadata.get("kernel_provisioner")
    name = told.get("provisioner_name") if isinstance(told, dict) else None
    return name if isinstance(name, str) else LOCAL


def is_interpreter(program: str) -> bool:
    """Whether a command starts a Python directly."""
    return _INTERPRETER.fullmatch(Path(program).name) is not None


def _provisioned(spec: KernelSpec, name: str) -> Sight:
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    factory = KernelProvisionerFactory.instance()
    if not factory.is_provisioner_available(spec):
        known = ", ".join(sorted(factory.get_provisioner_entries()))
        return Sight(
            problem=f"the package of its kernel provisioner, {name}, is not installed beside Runlore's server "
            f"(installed are: {known})"
        )
    return Sight(note=f"what its kernel provisioner, {name}, starts cannot be looked at ahead")


def _problem(program: str, answer: Probe) -> str | None:
    if answer.error is not None:
        return f"its interpreter {program} cannot be used: {answer.error}"
    if not answer.missing:
        return None
    missing = " and ".join(answer.missing)
    return f"its interpreter {program} has no {missing}; run: {_install(program, answer.missing)}"


def _install(program: str, names: Sequence[str]) -> str:
    return shlex.join([program, "-m", "pip", "install", *names])


def _that_matter(environ: Mapping[str, str]) -> dict[str, str]:
    """Those variables of a kernelspec by which Python finds packages, as its kernel gets them."""
    return {
        name: Template(value).safe_substitute(os.environ)
        for name, value in environ.items()
        if _PYTHONS_OWN.fullmatch(name)
    }
