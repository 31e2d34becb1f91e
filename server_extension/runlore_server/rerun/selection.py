"""Which cells of a session a rerun or an export of a run takes, and with which values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runlore.record import CellRecord, RunRecord
from runlore_server.rerun.folder import Scope

if TYPE_CHECKING:
    from runlore_server.rerun.parameters import Parameter
    from runlore_server.slice.slice import Slice

# What a rerun of all cells as they were has no need of is imported where it is needed: that takes its time.


@dataclass(frozen=True)
class Selection:
    """Cells to execute, in their order; ``left_out`` are the ordinals of those that the run does not need.

    ``overrides`` are the parameters that the cells set to other values than recorded.
    """

    cells: list[CellRecord]
    left_out: list[int]
    overrides: dict[str, Any]


class Selector:
    """Chooses the cells for reruns of one run; what they have in common is found out once.

    Args:
        run: the run.
        history: its own cells and all that were executed before them, in order.
    """

    def __init__(self, run: RunRecord, history: Sequence[CellRecord]) -> None:
        self._run = run
        self._history = history

    def select(self, scope: Scope, asked: Mapping[str, Any]) -> Selection:
        """The cells for one rerun.

        Args:
            scope: ``whole`` takes all of them, ``slice`` those that the run needs.
            asked: parameter to new value, as ``overrides.checked`` takes them.

        Raises:
            ParameterRefused: a parameter cannot be set so.
        """
        if scope == "whole" and not asked:
            return Selection(list(self._history), [], {})
        from runlore_server.rerun.overrides import checked, rewritten

        values = checked(self._stated, asked)
        cells = rewritten(self._needed.cells if scope == "slice" else self._history, self._stated, values)
        return Selection(cells, self._needed.left_out if scope == "slice" else [], values)

    @cached_property
    def _needed(self) -> Slice:
        return slice_of(self._run, self._history)

    @cached_property
    def _stated(self) -> list[Parameter]:
        return stated(self._run, self._needed)


def select(run: RunRecord, history: Sequence[CellRecord], scope: Scope, asked: Mapping[str, Any]) -> Selection:
    """``Selector.select`` for a single rerun."""
    return Selector(run, history).select(scope, asked)


def slice_of(run: RunRecord, history: Sequence[CellRecord]) -> Slice:
    """What of a history a run needs: its own cells are those from the one that opened it to the last."""
    from runlore_server.slice.slice import backward_slice

    first = run.cell if run.cell is not None else 0
    return backward_slice(history, {cell.ordinal for cell in history if cell.ordinal >= first})


def stated(run: RunRecord, needed: Slice) -> list[Parameter]:
    """The parameters of a run that a rerun can set: those that its cells state, and those given with ``-p``."""
    from runlore_server.rerun.overrides import options
    from runlore_server.rerun.parameters import parameters

    own = [option for cell in needed.cells if cell.ordinal == run.cell for option in options(cell)]
    return [*parameters(needed.cells, needed.names), *own]


def settable(run: RunRecord, history: Sequence[CellRecord]) -> list[Parameter]:
    """``stated``, of a run that was made by the last cells of a history; each name once."""
    found = {parameter.name: parameter for parameter in reversed(stated(run, slice_of(run, history)))}
    return list(reversed(found.values()))
