"""Whether what a rerun starts from is there, as it is at the moment: kernel, environment, data."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from runlore.capture.environment import installed
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json
from runlore_server.errors import KernelUnasked, ParameterRefused, RerunRefused
from runlore_server.rerun import data, environment, kernelspecs
from runlore_server.rerun.folder import Env, Scope
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.prepare import Original, examine, replayed_cells, reread
from runlore_server.rerun.selection import select

What = Literal["kernel", "environment", "data", "gpus"]
State = Literal["ok", "differs", "unknown", "refused"]
"""``refused``: the rerun would not start. ``differs``: it starts, and the verdict will say so."""

_MOST_DETAILS = 20
_UNSEEN = "Its packages cannot be looked at ahead; the verdict will compare them."
_OWN = frozenset({"runlore"})
"""A replay brings its own."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: a sentence, and what it is made of, a line each, of which the first are told."""

    what: What
    state: State
    sentence: str
    details: list[str] = []


def readiness(
    home: Home, run: RunRecord, *, kernel: str | None = None, env: Env = "recorded", scope: Scope = "whole"
) -> list[Check]:
    """Look at what a rerun of a run would start from; nothing is started or written. Reads all of its data.

    Args:
        home: where the run is recorded.
        run: the original.
        kernel: a kernelspec to be used instead of the recorded one.
        env: "locked" for a rerun in the environment built from the run's lock.
        scope: which of the cells that lead to the run would be executed.

    Raises:
        RerunRefused: the run has no cells that could be repeated.
        JournalFormatError: a later Runlore wrote its journal.
    """
    session = reread(home, run.session_id)
    history = replayed_cells(run, session)
    original: Original | None = None
    try:
        original = examine(home, run.session_id, run.run_id, kernel=kernel, env=env, trusting=False)
        told = Check(what="kernel", state="ok", sentence=f"{original.kernel.display_name} is there.")
    except KernelUnasked as error:
        told = Check(what="kernel", state="unknown", sentence=_sentence(error))
    except RerunRefused as error:
        told = Check(what="kernel", state="refused", sentence=_sentence(error))
    found = [told]
    if env == "locked":
        found.append(_locked(home, run))
    elif original is not None:
        found.append(_packages(home, run, original.kernel))
    elif told.state == "unknown":
        found.append(_unknown(_UNSEEN))
    try:
        cells = select(run, history, scope, {}).cells
    except (ParameterRefused, RecursionError):
        cells = list(history)
    found.append(_data(data.check(home, cells, session)))
    return found


def _locked(home: Home, run: RunRecord) -> Check:
    try:
        built = environment.of_run(home, run).complete
    except RerunRefused as error:
        return Check(what="environment", state="refused", sentence=_sentence(error))
    if built is None:
        sentence = "It is built from the run's lock first, which takes as long as its packages need to arrive."
    else:
        sentence = f"It is built from the run's lock already: Python {built.python}, {built.packages} packages."
    return Check(what="environment", state="ok", sentence=sentence, details=built.notes if built else [])


def _packages(home: Home, run: RunRecord, kernel: Kernel) -> Check:
    """The packages that a kernel would import, beside those that the run was recorded with."""
    try:
        recorded: Any = from_json(ObjectStore(home.objects).get(run.environment or ""))["packages"]
    except (ObjectMissing, msgspec.DecodeError, TypeError, KeyError):
        recorded = None
    if not isinstance(recorded, dict):
        return _unknown("What packages the run was recorded with is not known.")
    now = None if kernel.gateway is not None or not kernel.argv else _installed(kernel.argv[0])
    if now is None:
        return _unknown(_UNSEEN)
    changed = [
        f"{name} {recorded.get(name, 'not installed')} -> {now.get(name, 'not installed')}"
        for name in sorted((recorded.keys() | now.keys()) - _OWN)
        if recorded.get(name) != now.get(name)
    ]
    if not changed:
        sentence = f"All {len(recorded)} packages are as they were."
        return Check(what="environment", state="ok", sentence=sentence)
    sentence = f"{len(changed)} of {len(recorded)} packages differ from when it was recorded."
    return Check(what="environment", state="differs", sentence=sentence, details=_first(changed))


def _installed(program: str) -> Mapping[str, str] | None:
    """Package to version, of the environment of an interpreter; ``None`` where it cannot be told from outside."""
    python = kernelspecs.found(program)
    if python is None or not kernelspecs.is_interpreter(program):
        return None
    if os.path.normpath(python) == os.path.normpath(kernelspecs.found("python") or ""):
        sites = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    else:
        sites = [str(site) for site in Path(python).parents[1].glob("lib/python*/site-packages")]
    found = {name: version for name, version, _ in installed(dict.fromkeys(sites))}
    return found or None


def _data(checks: list[data.DataCheck]) -> Check:
    if not checks:
        return Check(what="data", state="ok", sentence="Its cells read no file.")
    by = {status: [check for check in checks if check.status == status] for status in ("missing", "changed")}
    unsure = [check for check in checks if check.status == "unverified"]
    worst = [*by["missing"], *by["changed"], *unsure]
    details = _first([check.sentence() for check in worst])
    counted = f"{len(checks)} files" if len(checks) != 1 else "file"
    if by["missing"]:
        sentence = f"Of the {counted} that its cells read, {len(by['missing'])} missing."
        return Check(what="data", state="refused", sentence=sentence, details=details)
    if by["changed"]:
        sentence = f"Of the {counted} that its cells read, {len(by['changed'])} changed since."
        return Check(what="data", state="differs", sentence=sentence, details=details)
    if unsure:
        sentence = f"Of the {counted} that its cells read, {len(unsure)} cannot be verified."
        return Check(what="data", state="unknown", sentence=sentence, details=details)
    same = "The file that its cells read is" if len(checks) == 1 else f"All {counted} that its cells read are"
    return Check(what="data", state="ok", sentence=f"{same} unchanged.")


def _unknown(sentence: str) -> Check:
    return Check(what="environment", state="unknown", sentence=sentence)


def _sentence(error: RerunRefused) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_DETAILS
    return [*lines[:_MOST_DETAILS], *([f"and {more} more"] if more > 0 else [])]
