"""The backends that the environment names.

``RUNLORE_BACKEND`` is the default: ``local``, or what one is made of (``dask:tcp://host:8786``), or a name among
``RUNLORE_BACKENDS`` (``cluster=dask:tcp://host:8786;hpc=slurm:partition=gpu,time=240``), by which requests choose.
They come from the environment alone: neither a request nor a file in the home may say what is called.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from runlore.home import Home
from runlore_server.errors import SettingRefused
from runlore_server.gpus.giving import Giving
from runlore_server.queue.backend import Backend
from runlore_server.queue.local import LocalBackend
from runlore_server.store.runs import RunStore

if TYPE_CHECKING:
    from distributed import Client

DEFAULT_VARIABLE = "RUNLORE_BACKEND"
NAMED_VARIABLE = "RUNLORE_BACKENDS"
_LOCAL = "local"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+:\d+|\S+\.json|local:[1-9]\d{0,2}|python:[\w.]+:\w+")
_ANSWER = "10s"
"""For a scheduler to take a new client."""


def configured(home: Home, store: RunStore, wake: Callable[[], None]) -> dict[str, Backend]:
    """Every backend there is, by its name, the default first.

    Raises:
        SettingRefused: the settings cannot be understood, or what they name is not installed.
    """
    found: dict[str, Backend] = {}
    for name, spec in specified(os.environ).items():
        found[name] = LocalBackend(home, store, wake) if name == _LOCAL else _open(name, spec)
    return found


def specified(environ: Mapping[str, str]) -> dict[str, str]:
    """What each backend is made of, by its name, the default first; ``local`` is always there.

    Raises:
        SettingRefused: the settings cannot be understood.
    """
    found = {_LOCAL: ""}
    for entry in filter(None, (text.strip() for text in environ.get(NAMED_VARIABLE, "").split(";"))):
        name, _, spec = (part.strip() for part in entry.partition("="))
        if not _NAME.fullmatch(name) or name in found:
            raise SettingRefused(
                f"{NAMED_VARIABLE} is a list such as cluster=dask:tcp://host:8786;hpc=slurm:partition=gpu, with "
                f"each name but once, and none 'local'; {entry!r:.60} does not fit"
            )
        found[name] = spec
    default = environ.get(DEFAULT_VARIABLE, "").strip() or _LOCAL
    if default not in found:
        name = default.partition(":")[0]
        if name not in {"dask", "slurm"}:
            raise SettingRefused(
                f"{DEFAULT_VARIABLE} is {default!r:.60}, which is neither what a backend is made of, such as "
                f"dask:tcp://host:8786 or slurm, nor one of {', '.join(found)}"
            )
        found[name], default = default, name
    for name, spec in found.items():
        if name != _LOCAL:
            _check(name, spec)
    return {default: found.pop(default), **found}


def giving(spec: str) -> Giving:
    """Which devices a backend made of this could give, as far as that can be told without it."""
    kind, _, options = spec.partition(":")
    if kind != "slurm":
        return "any"
    return "none" if "cluster=local" in options.replace(" ", "").split(",") else "whole"


def _check(name: str, spec: str) -> None:
    kind, _, rest = spec.partition(":")
    if kind == "slurm":
        _options(name, rest)
        return
    address, _, options = rest.partition(",")
    if kind != "dask" or not _ADDRESS.fullmatch(address):
        raise SettingRefused(
            f"the backend {name!r} is dask:ADDRESS (tcp://host:8786), dask:local:WORKERS, "
            f"dask:python:MODULE:FUNCTION or slurm:OPTION=VALUE,..., not {spec!r:.60}"
        )
    if others := set(_options(name, options)) - {"slots"}:
        raise SettingRefused(f"the backend {name!r} takes the option slots=N alone, not {', '.join(others)}")


def _options(name: str, text: str) -> dict[str, Any]:
    """``a=1,b=c``; whole numbers become numbers."""
    found: dict[str, Any] = {}
    for entry in filter(None, text.split(",")):
        key, _, value = entry.partition("=")
        if not re.fullmatch(r"[a-z_]+", key) or not value:
            raise SettingRefused(f"an option of the backend {name!r} is NAME=VALUE, not {entry!r:.60}")
        found[key] = int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value
    slots = found.get("slots", 1)
    if not isinstance(slots, int) or slots < 1:
        raise SettingRefused(f"slots of the backend {name!r} are attempts at once, 1 or more, not {slots!r:.60}")
    return found


def _open(name: str, spec: str) -> Backend:
    kind, _, rest = spec.partition(":")
    try:
        if kind == "dask":
            return _dask(name, rest)
        from runlore_server.backends.slurm import SlurmBackend

        return SlurmBackend(name, _options(name, rest))
    except ImportError as error:
        raise SettingRefused(
            f"the backend {name!r} needs {error.name}, which is not installed; run: pip install 'runlore[{kind}]'"
        ) from error


def _dask(name: str, rest: str) -> Backend:
    from runlore_server.backends.dask import DaskBackend

    address, _, options = rest.partition(",")
    kind, _, what = address.partition(":")
    slots = _options(name, options).get("slots")
    if kind == "local":
        return DaskBackend(name, lambda: _local_client(int(what)), slots=slots, own=True)
    if kind == "python":
        return DaskBackend(name, lambda: _given_client(*what.split(":")), slots=slots)
    where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    return DaskBackend(name, lambda: _client(**where), slots=slots)


def _client(**where: Any) -> Client:
    from distributed import Client

    return Client(**where, timeout=_ANSWER, set_as_default=False)


def _local_client(workers: int) -> Client:
    """With a cluster of its own. No memory is limited: kernels, which need it, are no processes of Dask's."""
    return _client(n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None)


def _given_client(module: str, function: str) -> Client:
    """What the user's function gives: a client, or a cluster (``dask_jobqueue.SLURMCluster``, ``KubeCluster``)."""
    from distributed import Client

    given = getattr(importlib.import_module(module), function)()
    return given if isinstance(given, Client) else _client(address=given)
