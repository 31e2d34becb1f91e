"""The kernels that a rerun can be asked to happen in, and why others cannot: ``runlore kernels``."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runlore_server.errors import GatewayAway, GatewayRefused, NoGateway
from runlore_server.rerun import kernelspecs
from runlore_server.rerun.gateway import PREFIX, Gateway

_PATIENCE = 3.0
"""Seconds for a gateway to answer somebody who only wants to know what there is."""

_AT_ONCE = 4
"""Interpreters that are asked at the same time."""

_FRESH = 10.0
"""Seconds for which a server need not look again."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One kernel.

    ``name`` is what a request calls it. ``gateway`` is the URL of the Jupyter gateway that has it, ``None`` for
    one of this machine. ``usable`` says that nothing is known against it; else ``problem`` says why not, and what
    to do. The other fields are those of ``kernelspecs.Sight``.
    """

    name: str
    display_name: str
    language: str | None
    usable: bool
    gateway: str | None = None
    interpreter: str | None = None
    packages: dict[str, str | None] = {}
    problem: str | None = None
    note: str | None = None


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, those of this machine first; ``gateway`` is the URL of the one that is set up, if any, and
    ``gateway_error`` says why its kernels are not known."""

    kernels: list[Offer]
    gateway: str | None = None
    gateway_error: str | None = None


_lock = threading.Lock()
_kept: tuple[float, Offers] | None = None


def offers() -> Offers:
    """What there is, as it was at most some seconds ago. Blocks while it is looked up: some seconds at the most,
    but for interpreters that do not answer."""
    global _kept  # noqa: PLW0603 - what is installed is the machine's
    with _lock:  # whoever comes meanwhile waits for the same answer
        if _kept is None or time.monotonic() - _kept[0] > _FRESH:
            found = look()
            _kept = (time.monotonic(), found)
        return _kept[1]


def look() -> Offers:
    """Look now."""
    with ThreadPoolExecutor(_AT_ONCE, "runlore kernels") as threads:
        remote = threads.submit(_at_gateway)
        local = list(threads.map(_installed, kernelspecs.names()))
    there = remote.result()
    return msgspec.structs.replace(there, kernels=[*local, *there.kernels])


def kernels() -> tuple[dict[str, Any], str, int]:
    """The command ``runlore kernels``: its JSON object, its text, its exit code."""
    found = look()
    width = max((len(offer.name) for offer in found.kernels), default=0)
    lines = [f"{offer.name:{width}}  {offer.display_name}  {_told(offer)}" for offer in found.kernels]
    if not found.kernels:
        lines.append("No kernel is installed. 'python -m ipykernel install --user' installs one.")
    if found.gateway_error:
        lines.append(f"Kernels of the gateway are not known: {found.gateway_error}")
    return msgspec.to_builtins(found), "\n".join(lines), 0


def _told(offer: Offer) -> str:
    if offer.problem:
        return f"cannot be used: {offer.problem}"
    has = ", ".join(f"{name} {version}".rstrip() for name, version in offer.packages.items())
    return f"{offer.interpreter or ''} ({offer.note or has})".strip() if offer.note or has else ""


def _installed(name: str) -> Offer:
    spec = kernelspecs.find(name)
    if spec is None:
        problem = kernelspecs.unreadable(name)
        return Offer(name=name, display_name=name, language=None, usable=False, problem=problem)
    sight = kernelspecs.look(spec)
    return Offer(
        name=name,
        display_name=spec.display_name,
        language=spec.language,
        usable=sight.problem is None,
        **msgspec.structs.asdict(sight),
    )


def _at_gateway() -> Offers:
    try:
        gateway = Gateway()
    except NoGateway:
        return Offers(kernels=[])
    except GatewayRefused as error:
        return Offers(kernels=[], gateway_error=str(error))
    try:
        specs = gateway.specs(_PATIENCE)
    except (GatewayRefused, GatewayAway) as error:
        return Offers(kernels=[], gateway=gateway.url, gateway_error=str(error))
    found = [_offered(name, spec, gateway.url) for name, spec in sorted(specs.items())]
    return Offers(kernels=found, gateway=gateway.url)


def _offered(name: str, spec: dict[str, Any], url: str) -> Offer:
    language = str(spec.get("language", "python"))
    foreign = language.lower() != "python"
    return Offer(
        name=f"{PREFIX}{name}",
        display_name=f"{spec.get('display_name', name)} ({urlsplit(url).netloc})",
        language=language,
        usable=not foreign,
        gateway=url,
        problem=f"it runs {language}; runs are recorded in Python" if foreign else None,
        note=None if foreign else "what it has is only known once it runs",
    )
