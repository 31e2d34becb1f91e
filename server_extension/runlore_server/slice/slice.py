"""The cells that a run needs, each with the reason why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runlore.record import CellRecord
from runlore_server.slice.analysis import effects
from runlore_server.slice.state import Effects

_LISTS = ("directory listing", "directory contents")


@dataclass(frozen=True)
class Slice:
    """Cells out of a longer history that come to the same end as all of it.

    ``cells`` are in executed order. ``reasons`` maps the ordinal of each to why it is there. ``left_out`` are
    the ordinals of the others. ``names`` are the variables that the cells read, ``imports`` the top-level
    modules that they import.
    """

    cells: list[CellRecord]
    reasons: dict[int, str]
    left_out: list[int]
    names: frozenset[str]
    imports: frozenset[str]


def backward_slice(history: Sequence[CellRecord], targets: set[int]) -> Slice:
    """What of a history its target cells need.

    A cell is left out only where nothing that it may have bound, changed, written or set in the process is of
    use to a cell that stays. What cannot be judged stays (see ``runlore_server.slice.libraries`` for what is
    known of libraries).

    Args:
        history: the executions, in their order.
        targets: ordinals of those to which it must come the same.
    """
    known = effects(history)
    seen_files = any(cell.facts.reads or cell.facts.writes for cell in history)
    files = _file_needs(history, known) if seen_files else {}
    reasons: dict[int, str] = dict.fromkeys(targets, "the run itself")
    for cell in history:
        why = _kept(cell, known[cell.ordinal], seen_files)
        if why is not None:
            reasons.setdefault(cell.ordinal, why)
    order = [cell.ordinal for cell in history]
    for ordinal in reversed(order):  # what a cell needs came before it
        if ordinal not in reasons:
            continue
        if known[ordinal].reads_all:
            for earlier in order[: order.index(ordinal)]:
                reasons.setdefault(earlier, f"cell {ordinal} may look at everything")
        for earlier, name in known[ordinal].needs.items():
            reasons.setdefault(earlier, f"cell {ordinal} reads {name}")
        for earlier, path in files.get(ordinal, {}).items():
            reasons.setdefault(earlier, f"cell {ordinal} reads the file {path}")
    kept = [cell for cell in history if cell.ordinal in reasons]
    return Slice(
        cells=kept,
        reasons={cell.ordinal: reasons[cell.ordinal] for cell in kept},
        left_out=[ordinal for ordinal in order if ordinal not in reasons],
        names=frozenset().union(*(known[cell.ordinal].uses for cell in kept)),
        imports=frozenset().union(*(known[cell.ordinal].imports for cell in kept)),
    )


def _kept(cell: CellRecord, effect: Effects, seen_files: bool) -> str | None:
    """Why a cell stays whatever follows it."""
    if effect.kept:
        return effect.kept[0]
    if cell.facts.modules:
        return f"loads the module {cell.facts.modules[0].module}"
    if effect.writes and not (seen_files and cell.facts.writes):
        return "may write files"
    if effect.calls_local and not seen_files:
        return "calls code of a module that may write files"
    return None


def _file_needs(history: Sequence[CellRecord], known: Mapping[int, Effects]) -> dict[int, dict[int, str]]:
    """For each cell the earlier ones that wrote what it read, with the file."""
    writers: dict[str, list[int]] = {}
    found: dict[int, dict[int, str]] = {}
    earlier: set[int] = set()
    for cell in history:
        needs: dict[int, str] = {}
        lists = known[cell.ordinal].probes or any(used.kind in _LISTS for used in cell.facts.uncontrolled)
        for path, ordinals in writers.items():
            if lists or any(read.path == path for read in cell.facts.reads):
                needs.update(dict.fromkeys(ordinals, path))
        needs.update((read.writer, read.path) for read in cell.facts.scripts if read.writer in earlier)
        found[cell.ordinal] = needs
        earlier.add(cell.ordinal)
        for write in cell.facts.writes:
            writers.setdefault(write.path, []).append(cell.ordinal)
    return found
