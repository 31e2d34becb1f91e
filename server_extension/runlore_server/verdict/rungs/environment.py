"""The environment: interpreter, packages, processor, thread counts, flags, variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import MsgspecError

from runlore.capture import lock as locks
from runlore.errors import ObjectMissing
from runlore.untrusted import from_json
from runlore_server.verdict.environs import variables_copied, variables_read
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.hashes import UNKNOWN_HASHES, hash_seeds
from runlore_server.verdict.rungs.sighting import Seen, Sighting, named, seen, short

_ASIDE = frozenset(
    (
        *("memory_bytes", "device_memory", "devices_used"),
        *("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES", "PYTHONHASHSEED"),
    )
)
"""Facts of an environment without a say in results, and the seed of hashes, which the session itself tells.

Which of a machine's GPUs it was is none either; of what kind they were is told by what they are called.
"""

_INSTALLERS = frozenset(("pip", "setuptools", "wheel", "uv"))


def environment(evidence: Evidence) -> Seen:
    """Interpreter, platform and packages."""
    one, other, lost = _environments(evidence)
    if one is None or other is None:
        return Seen("environment", "not recorded", [Sighting(text, weak=True) for text in lost])
    found = []
    packages = list(_changes(_part(one, "packages"), _part(other, "packages"), "not installed"))
    telling = [change for change in packages if change.split(" ", 1)[0] not in _INSTALLERS]
    if packages:
        changed = telling or packages
        found.append(Sighting(f"Packages differ: {named(changed)}.", weak=not telling))
    for key, title in (("python", "Python"), ("implementation", "Interpreter"), ("platform", "Platform")):
        if one.get(key) != other.get(key):
            found.append(Sighting(f"{title} differs: {one.get(key)} -> {other.get(key)}."))
    return seen("environment", [*found, *_installed_files(evidence, one, other)])


def _installed_files(evidence: Evidence, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Sighting]:
    """Packages of one version that hold other files: edited by hand, or installed from elsewhere."""
    if "lock" not in one or "lock" not in other:
        return
    try:
        before, after = (locks.decode(evidence.objects.get(str(facts["lock"]))) for facts in (one, other))
    except (ObjectMissing, MsgspecError):
        return
    for text, certain in locks.differences(before, after):
        yield Sighting(text, weak=not certain)


def threads(evidence: Evidence) -> Seen:
    """What sets the order of floating-point sums and of hashes: processor, thread counts, flags, variables."""
    read = (*variables_read(evidence), *variables_copied(evidence))
    found = [Sighting(one.text, one.cell, weak=not one.telling) for one in read]
    one, other, _ = _environments(evidence)
    if one is None or other is None:
        return seen("threads and hardware", found, recorded=False)
    found += [
        Sighting(f"{title} differ: {', '.join(changes)}.")
        for key, title in (("variables", "Environment variables"), ("hardware", "Hardware"))
        if (changes := list(_changes(_part(one, key), _part(other, key), "not set")))
    ]
    libraries, again = _part(one, "libraries"), _part(other, "libraries")
    found += [
        Sighting(f"Settings of {library} differ: {', '.join(changes)}.")
        for library in sorted(libraries.keys() & again.keys())
        if (changes := list(_changes(_part(libraries, library), _part(again, library), "unknown")))
    ]
    seeds = hash_seeds(evidence)
    if seeds[0] is None:
        found.append(Sighting(UNKNOWN_HASHES, weak=True))
    elif seeds[0] != seeds[1]:
        text = f"The seed of Python's hashes differs: PYTHONHASHSEED {seeds[0]} -> {seeds[1] or 'not set'}."
        found.append(Sighting(text))
    return seen("threads and hardware", found)


def _environments(evidence: Evidence) -> tuple[dict[str, Any] | None, dict[str, Any] | None, list[str]]:
    run, rerun = evidence.run, evidence.rerun
    if rerun is None or run.environment is None or rerun.environment is None:
        return None, None, []
    try:
        one, other = (_as_dict(evidence.objects.get(digest)) for digest in (run.environment, rerun.environment))
    except ObjectMissing as error:
        return None, None, [f"The environments cannot be compared: {error}."]
    return one, other, []


def _changes(one: Mapping[str, Any], other: Mapping[str, Any], absent: str) -> Iterator[str]:
    for name in sorted(one.keys() | other.keys()):
        if name not in _ASIDE and one.get(name) != other.get(name):
            yield f"{name} {short(one.get(name, absent))} -> {short(other.get(name, absent))}"


def _as_dict(content: bytes) -> dict[str, Any]:
    try:
        found = from_json(content)
    except MsgspecError:
        return {}
    return found if isinstance(found, dict) else {}


def _part(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = facts.get(key)
    return part if isinstance(part, dict) else {}
