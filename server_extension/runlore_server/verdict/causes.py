"""Known differences between a run and its rerun, most telling first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord, SessionRecord

_MOST_NAMED = 10
_LONGEST_SOURCE = 60

NO_CAUSE = (
    "No recorded difference explains it: the code may depend on the clock, os.urandom, the order of hashes or of "
    "threads, files or the network."
)


def known_causes(
    home: Home,
    original: tuple[RunRecord, SessionRecord],
    rerun: tuple[RunRecord | None, SessionRecord],
    *,
    unexplained: str | None = None,
) -> list[str]:
    """The differences, a sentence each: code, environment, random states; then what the record lacks.

    The rerun has no run when it did not get as far as opening one. Without any difference ``unexplained`` stands
    in its place: what was not recorded is no difference.
    """
    run, session = original
    rerun_run, rerun_session = rerun
    replays = {cell.replays: cell for cell in rerun_session.cells.values() if cell.replays is not None}
    found = [*_cells(session.cells, replays)]
    if rerun_run is not None:
        found += [*_git(run, rerun_run), *_environment(home, run, rerun_run)]
    found += [*_random_states(session.cells, replays)]
    found += [
        f"In the rerun, {note.what}: {note.why}."
        for note in [*rerun_session.not_captured, *(rerun_run.not_captured if rerun_run else [])]
        if note.what.startswith("random state")
    ]
    if not found and unexplained is not None:
        found.append(unexplained)
    found += [*_before_runlore(session.cells, replays)]
    found += [
        f"Not captured of the original, {note.what}: {note.why}."
        for note in [*session.not_captured, *run.not_captured]
    ]
    return list(dict.fromkeys(found))


def _cells(cells: Mapping[int, CellRecord], replays: Mapping[int, CellRecord]) -> Iterator[str]:
    for ordinal, cell in sorted(cells.items()):
        again = replays.get(ordinal)
        if again is None:
            continue
        if again.source != cell.source:
            yield f"Cell {ordinal} ran with another source in the rerun."
        if cell.outcome == "interrupted":
            yield (
                f"Cell {ordinal} was interrupted by the user; the rerun can stop it only at about the same moment."
            )
        elif again.outcome != cell.outcome and "unknown" not in (cell.outcome, again.outcome):
            yield f"Cell {ordinal} ended as {_ending(cell)}, in the rerun as {_ending(again)}."


def _ending(cell: CellRecord) -> str:
    if cell.error is not None:
        return f"{cell.error.name}: {_short(cell.error.message)}" if cell.error.message else cell.error.name
    return cell.outcome or "not ended"


def _git(run: RunRecord, rerun: RunRecord) -> Iterator[str]:
    one, other = run.git, rerun.git
    if one is None or other is None:
        return
    if one.commit != other.commit:
        yield f"The repository is at commit {_commit(other.commit)}; the original ran at {_commit(one.commit)}."
    if (one.dirty, one.patch) != (other.dirty, other.patch):
        yield "The repository's uncommitted changes are not the same."


def _commit(name: str | None) -> str:
    return name[:10] if name else "none"


def _environment(home: Home, run: RunRecord, rerun: RunRecord) -> Iterator[str]:
    if run.environment is None or rerun.environment is None or run.environment == rerun.environment:
        return
    objects = ObjectStore(home.objects)
    try:
        one, other = (_as_dict(objects.get(digest)) for digest in (run.environment, rerun.environment))
    except ObjectMissing as error:
        yield f"The environments cannot be compared: {error}."
        return
    packages = list(_changes(_part(one, "packages"), _part(other, "packages"), "not installed"))
    if packages:
        more = f" and {len(packages) - _MOST_NAMED} more" if len(packages) > _MOST_NAMED else ""
        yield f"Packages differ: {', '.join(packages[:_MOST_NAMED])}{more}."
    for key, title in (
        ("python", "Python"),
        ("implementation", "Interpreter"),
        ("platform", "Platform"),
    ):
        if one.get(key) != other.get(key):
            yield f"{title} differs: {one.get(key)} -> {other.get(key)}."
    for key, title in (("hardware", "Hardware"), ("variables", "Environment variables")):
        if changes := list(_changes(_part(one, key), _part(other, key), "not set")):
            yield f"{title} differ: {', '.join(changes)}."
    libraries, again = _part(one, "libraries"), _part(other, "libraries")
    for library in sorted(libraries.keys() & again.keys()):
        if changes := list(_changes(_part(libraries, library), _part(again, library), "unknown")):
            yield f"Settings of {library} differ: {', '.join(changes)}."


def _changes(one: Mapping[str, Any], other: Mapping[str, Any], absent: str) -> Iterator[str]:
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
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


def _random_states(cells: Mapping[int, CellRecord], replays: Mapping[int, CellRecord]) -> Iterator[str]:
    """For each library, the first cell that began from another random state than its original."""
    told: set[str] = set()
    for ordinal, cell in sorted(cells.items()):
        again = replays.get(ordinal)
        # Of a cell that loaded Runlore, the state is known from that moment on, and restored at that moment.
        if again is None or ordinal < 0:
            continue
        for library in sorted(cell.rng.keys() & again.rng.keys() - told):
            if cell.rng[library] != again.rng[library]:
                told.add(library)
                yield f"The random state of {library} was another one when cell {ordinal} started."


def _before_runlore(cells: Mapping[int, CellRecord], replays: Mapping[int, CellRecord]) -> Iterator[str]:
    unknown = [ordinal for ordinal, cell in cells.items() if cell.outcome == "unknown" and ordinal in replays]
    if unknown:
        which = "1 cell" if len(unknown) == 1 else f"{len(unknown)} cells"
        yield f"{which} ran before Runlore was loaded: how they ended and their random states were not recorded."


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_SOURCE else text[: _LONGEST_SOURCE - 3] + "..."
