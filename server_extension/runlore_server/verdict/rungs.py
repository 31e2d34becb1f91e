"""The rungs of the why-ladder: each compares one thing that a result can depend on.

A sighting whose ``cell`` comes after the place where the runs part cannot be why they part. One that is ``weak``
may have no effect at all (another commit, say), and is told only after what certainly has one. What is
``always_new``, such as the clock, differs between any two executions. A place where variables differ is a
``cause`` where it tells why too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import MsgspecError

from runlore.capture import lock as locks
from runlore.errors import ObjectMissing
from runlore.events import FileRead, ModuleLoaded, UncontrolledUsed
from runlore.record import CellRecord, SessionRecord
from runlore_server.verdict.evidence import CellPair, Evidence
from runlore_server.verdict.surroundings import already_there, listings, variables_read
from runlore_server.verdict.variables import compare_variables
from runlore_server.verdict.verdict import RungName, RungStatus

_MOST_NAMED = 10
_LONGEST_SOURCE = 60
UNKNOWN_HASHES = (
    "The original's order of hashes is unknown (its kernel was started without PYTHONHASHSEED): sets may have had "
    "another order, those of text by their hashes, those of plain objects by their addresses."
)
_ASIDE = frozenset(("memory_bytes", "PYTHONHASHSEED"))
"""Facts of an environment without a say in results, and the seed of hashes, which the session itself tells."""

_INSTALLERS = frozenset(("pip", "setuptools", "wheel", "uv"))


class Sighting(NamedTuple):
    text: str
    cell: int | None = None
    weak: bool = False
    always_new: bool = False
    cause: bool = False


class Seen(NamedTuple):
    rung: RungName
    status: RungStatus
    sightings: list[Sighting]


def _seen(rung: RungName, sightings: list[Sighting], *, recorded: bool = True) -> Seen:
    if any(not sighting.weak for sighting in sightings):
        return Seen(rung, "differs", sightings)
    return Seen(rung, "same" if recorded else "not recorded", sightings)


# -- code ---------------------------------------------------------------------------------------------------


def code(evidence: Evidence) -> Seen:
    """Cells, the user's own modules, changed parameters, and the state of the repository."""
    found = [
        Sighting(f"Parameter {name!r} was set to {_short(repr(value))} for the rerun.")
        for name, value in evidence.plan.overrides.items()
    ]
    found += [
        Sighting(f"Cell {pair.ordinal} ran with another source in the rerun.", pair.ordinal)
        for pair in evidence.pairs
        if pair.rerun.source != pair.original.source
    ]
    return _seen("code", [*found, *_modules(evidence), *_git(evidence)])


def _modules(evidence: Evidence) -> Iterator[Sighting]:
    again: dict[str, list[ModuleLoaded]] = {}
    for loaded in _loads(evidence.rerun_session, {pair.rerun.ordinal for pair in evidence.pairs}):
        again.setdefault(loaded.module, []).append(loaded)
    taken: dict[str, int] = {}
    for loaded in _loads(evidence.session, {pair.ordinal for pair in evidence.pairs}):
        place = taken[loaded.module] = taken.get(loaded.module, -1) + 1
        others = again.get(loaded.module, [])
        if place < len(others) and others[place].digest != loaded.digest:
            text = (
                f"Module {loaded.module} ({loaded.path}) had another source in the rerun "
                f"({loaded.digest[:8]} -> {others[place].digest[:8]})."
            )
            yield Sighting(text, loaded.ordinal)


def _loads(session: SessionRecord, cells: set[int]) -> list[ModuleLoaded]:
    replayed = (cell for ordinal, cell in sorted(session.cells.items()) if ordinal in cells)
    return [*session.outside.modules, *(loaded for cell in replayed for loaded in cell.facts.modules)]


def _git(evidence: Evidence) -> Iterator[Sighting]:
    # The code that ran is recorded file by file; the repository also holds what nobody ran.
    one, other = evidence.run.git, evidence.rerun.git if evidence.rerun else None
    if one is None or other is None:
        return
    if one.commit != other.commit:
        text = f"The repository is at commit {_commit(other.commit)}; the original ran at {_commit(one.commit)}."
        yield Sighting(text, weak=True)
    if (one.dirty, one.patch) != (other.dirty, other.patch):
        yield Sighting("The repository's uncommitted changes are not the same.", weak=True)


def _commit(name: str | None) -> str:
    return name[:10] if name else "none"


# -- environment, threads and hardware ----------------------------------------------------------------------


def environment(evidence: Evidence) -> Seen:
    """Interpreter, platform and packages."""
    one, other, lost = _environments(evidence)
    if one is None or other is None:
        return Seen("environment", "not recorded", [Sighting(text, weak=True) for text in lost])
    found = []
    packages = list(_changes(_part(one, "packages"), _part(other, "packages"), "not installed"))
    telling = [change for change in packages if change.split(" ", 1)[0] not in _INSTALLERS]
    if packages:
        named = telling or packages
        found.append(Sighting(f"Packages differ: {_named(named)}.", weak=not telling))
    for key, title in (("python", "Python"), ("implementation", "Interpreter"), ("platform", "Platform")):
        if one.get(key) != other.get(key):
            found.append(Sighting(f"{title} differs: {one.get(key)} -> {other.get(key)}."))
    return _seen("environment", [*found, *_installed_files(evidence, one, other)])


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
    found = [Sighting(one.text, one.cell) for one in variables_read(evidence)]
    one, other, _ = _environments(evidence)
    if one is None or other is None:
        return _seen("threads and hardware", found, recorded=False)
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
    seeds = _hash_seeds(evidence)
    if seeds[0] is None:
        found.append(Sighting(UNKNOWN_HASHES, weak=True))
    elif seeds[0] != seeds[1]:
        text = f"The seed of Python's hashes differs: PYTHONHASHSEED {seeds[0]} -> {seeds[1] or 'not set'}."
        found.append(Sighting(text))
    return _seen("threads and hardware", found)


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
            yield f"{name} {_short(one.get(name, absent))} -> {_short(other.get(name, absent))}"


def _as_dict(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _part(facts: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = facts.get(key)
    return part if isinstance(part, dict) else {}


# -- data ---------------------------------------------------------------------------------------------------


def data(evidence: Evidence) -> Seen:
    """Files that the cells read and had not made themselves."""
    found: list[Sighting] = []
    made: set[str] = set()
    recorded = False
    for pair in evidence.pairs:
        again = _first_reads(pair.rerun)
        for path, read in _first_reads(pair.original).items():
            if path in made:
                continue
            recorded = True
            other = again.get(path)
            if other is not None and None not in (read.digest, other.digest) and read.digest != other.digest:
                text = f"Data differ: {path} ({_content(read)} -> {_content(other)})."
                found.append(Sighting(text, pair.ordinal))
            elif read.digest is None:
                why = f": {read.why}" if read.why else ""
                found.append(Sighting(f"{path} was read unverified{why}.", pair.ordinal, weak=True))
        made.update(written.path for written in pair.original.facts.writes)
    return _seen("data", found, recorded=recorded)


def _first_reads(cell: CellRecord) -> dict[str, FileRead]:
    found: dict[str, FileRead] = {}
    for read in cell.facts.reads:
        found.setdefault(read.path, read)
    return found


def _content(read: FileRead) -> str:
    size = f", {read.size} bytes" if read.size is not None else ""
    return f"{(read.digest or 'unknown')[:8]}{size}"


# -- random states ------------------------------------------------------------------------------------------


def random_states(evidence: Evidence) -> Seen:
    """For each library and generator, the first cell that began from another state than its original."""
    found: list[Sighting] = []
    recorded, told = False, set[str]()
    for pair in evidence.pairs:
        # Of a cell that loaded Runlore, the state is known from that moment on, and restored at that moment.
        if pair.ordinal < 0:
            continue
        for title, one, other in (
            ("The random state of", pair.original.rng, pair.rerun.rng),
            ("The state of generator", pair.original.generators, pair.rerun.generators),
        ):
            recorded = recorded or bool(one)
            for name in sorted((one.keys() & other.keys()) - told):
                if one[name] != other[name]:
                    told.add(name)
                    which = (
                        f"{title} {name} was another one"
                        if one is pair.original.rng
                        else f"{title} {name} had another state"
                    )
                    found.append(Sighting(f"{which} when cell {pair.ordinal} started.", pair.ordinal))
    found += [
        Sighting(f"In the rerun, {note.what}: {note.why}.")
        for note in evidence.not_captured_again()
        if note.what.startswith("random state")
    ]
    return _seen("random state", found, recorded=recorded)


# -- variables and what nothing controls --------------------------------------------------------------------


def variables(evidence: Evidence) -> Seen:
    """The first cell that ended in another way or left other variables, and which."""
    recorded, found, reordered = False, list[Sighting](), set[str]()
    for pair in (pair for pair in evidence.pairs if pair.ordinal in evidence.needed):
        compared = compare_variables(evidence.objects, pair)
        recorded = recorded or compared.known
        if new := [name for name in compared.reordered if name not in reordered]:
            reordered.update(new)
            text = (
                f"After cell {pair.ordinal}, the same values in another order: {_named(new)} "
                f"(the order of {'addresses' if _hashes_alike(evidence) else 'hashes or of addresses'})."
            )
            found.append(Sighting(text, pair.ordinal, cause=True))
        if compared.different:
            text = f"After cell {pair.ordinal}, the first to differ: {_named(compared.different)}."
            return _seen("variables", [*found, Sighting(text, pair.ordinal)])
        if (ending := _other_ending(pair)) is not None:
            return _seen("variables", [*found, ending])
    return _seen("variables", found, recorded=recorded)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _hashes_alike(evidence: Evidence) -> bool:
    one, other = _hash_seeds(evidence)
    return one is not None and one == other


def _hash_seeds(evidence: Evidence) -> tuple[str | None, str | None]:
    one, other = evidence.session.info, evidence.rerun_session.info
    return one.hash_seed if one else None, other.hash_seed if other else None


def _other_ending(pair: CellPair) -> Sighting | None:
    one, other = pair
    if "interrupted" in (one.outcome, other.outcome) or one.outcome == other.outcome or other.outcome is None:
        return None
    if "unknown" in (one.outcome, other.outcome):
        return None
    text = f"Cell {pair.ordinal} ended as {_ending(one)}, in the rerun as {_ending(other)}."
    return Sighting(text, pair.ordinal)


def _ending(cell: CellRecord) -> str:
    if cell.error is not None:
        return f"{cell.error.name}: {_short(cell.error.message)}" if cell.error.message else cell.error.name
    return cell.outcome or "not ended"


def uncontrolled(evidence: Evidence) -> Seen:
    """Interrupts, what the original left behind, and what the cells used that no replay gives back."""
    found = [
        Sighting(one.text, one.cell, weak=not one.telling)
        for one in (*already_there(evidence), *listings(evidence))
    ]
    for pair in evidence.pairs:
        stopped = pair.original.interrupted or pair.original.outcome == "interrupted"
        if stopped and not pair.put_back:
            text = (
                f"Cell {pair.ordinal} was interrupted by the user; "
                "the rerun can stop it only at about the same moment."
            )
            found.append(Sighting(text, pair.ordinal))
        uses: dict[str, list[UncontrolledUsed]] = {}
        for used in [*pair.original.facts.uncontrolled, *pair.rerun.facts.uncontrolled]:
            if used.kind not in _COMPARED:
                uses.setdefault(used.kind, []).append(used)
        for kind, events in uses.items():
            details = dict.fromkeys(_short(event.detail) for event in events)
            named = ", ".join(list(details)[:3])
            text = f"Cell {pair.ordinal} used {_KINDS.get(kind, kind)} ({named})."
            found.append(Sighting(text, pair.ordinal, always_new=kind in _ALWAYS_NEW))
    return _seen("uncontrolled", found)


_ALWAYS_NEW = frozenset(("clock", "uuid", "urandom", "process id"))
_COMPARED = frozenset(("environment variable", "directory contents"))
"""Of these the record tells whether they were the same."""

_KINDS = {
    "clock": "the clock",
    "uuid": "a fresh uuid",
    "urandom": "the system's random numbers (urandom)",
    "network": "the network, whose answers are not recorded",
    "subprocess": "a subprocess",
    "directory listing": "the order of a directory listing, which the file system chooses",
    "address order": "the order of objects by their address, id()",
    "process id": "the id of its process",
    "file time": "the times of a file",
}


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_SOURCE else text[: _LONGEST_SOURCE - 3] + "..."
