"""Who of a population tries a trial's point, and which checkpoint that one goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

_MEMBER, _GENERATION, _SOURCE = "member", "generation", "resumed_from"
"""Names of what is kept with a trial in Optuna's database."""


@dataclass(frozen=True)
class Member:
    """One member in one generation, both from 0; ``source`` is the run whose checkpoint it goes on from."""

    number: int
    generation: int
    source: str | None = None

    def attributes(self) -> dict[str, Any]:
        """What Optuna keeps of it, with its trial."""
        return {_MEMBER: self.number, _GENERATION: self.generation, _SOURCE: self.source}


def member_of(trial: FrozenTrial) -> Member | None:
    """Which member tries the trial's point; ``None`` in a sweep without a population."""
    kept: Mapping[str, Any] = trial.user_attrs
    if _MEMBER not in kept:
        return None
    return Member(int(kept[_MEMBER]), int(kept[_GENERATION]), kept.get(_SOURCE))
