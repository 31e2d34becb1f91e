"""Which measure says how much hangs on a parameter of a sweep."""

from __future__ import annotations

from typing import NamedTuple

from optuna.importance import BaseImportanceEvaluator, FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

MOST_BY_FOREST = 200
"""Trials. The forest's time grows with their square: 2 s of a processor for 200, 50 s for 1,000; the other measure
takes a tenth of a second for 1,000 trials of twelve parameters."""

_SEED = 0
"""Of the forest: the same trials give the same bars."""


class Evaluator(NamedTuple):
    """A measure and its name."""

    name: str
    measure: BaseImportanceEvaluator


def evaluator(trials: int) -> Evaluator:
    """The measure for so many trials that came to a value.

    Up to ``MOST_BY_FOREST`` it is fANOVA (Hutter et al., ICML 2014): the part of the value's variance that hangs
    on a parameter. Above, it is PED-ANOVA (Watanabe et al., IJCAI 2023): how far the values of a parameter in the
    best tenth of the trials are from those in all. Optuna scales either to a sum of 1.
    """
    if trials > MOST_BY_FOREST:
        return Evaluator("PED-ANOVA", PedAnovaImportanceEvaluator())
    return Evaluator("fANOVA", FanovaImportanceEvaluator(seed=_SEED))
