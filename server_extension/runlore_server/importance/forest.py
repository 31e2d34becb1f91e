"""A forest that predicts what runs come to, and what it loses without a parameter; in a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from runlore_server.importance.table import Column, Table
from runlore_server.importance.weights import Weighed, Weight

Numbers = NDArray[np.float64]

_SEED = 0
"""The same runs give the same answer."""

_FOLDS = 5
_REPEATS = 5
_TREES = 64
_MOST_TEXTS = 30
"""Texts of a parameter that are told apart; the rarer ones count as one."""

_NICENESS = 5


def weighed(table: Table) -> Weighed:
    """How much hangs on each parameter, of the order of the runs by what they came to.

    A random forest is grown on four fifths of the runs and asked about the other fifth, for each fifth.
    ``explained`` is the part of the ranks' variance that it predicts there: 1 is all, 0 and less is nothing.
    ``importance`` is by how much its squared error grows when a parameter is shuffled among those runs (Breiman,
    Machine Learning 45, 2001), in twice that variance: so it is the part of the variance that hangs on the
    parameter (Gregorutti, Michel and Saint-Pierre, Statistics and Computing 27, 2017). ``spread`` is its standard
    error over the fifths. ``direction`` is Spearman's rank correlation, of numbers alone, and ``chance`` its p
    value.

    Ranks, because a single run that diverged would outweigh all others. There have to be five runs at the least,
    two of which come to different values.
    """
    known = np.array([column.values for column in table.columns], dtype=float).T
    ranks = rankdata(table.outcomes)
    variance = float(ranks.var())
    predicted = np.empty_like(ranks)
    lost = np.empty((_FOLDS, len(table.columns)))
    folds = KFold(_FOLDS, shuffle=True, random_state=_SEED).split(known)
    for fold, (grown, asked) in enumerate(folds):
        model = _forest(table.columns).fit(known[grown], ranks[grown])
        predicted[asked] = model.predict(known[asked])
        lost[fold] = permutation_importance(
            model,
            known[asked],
            ranks[asked],
            scoring="neg_mean_squared_error",
            n_repeats=_REPEATS,
            random_state=_SEED,
        ).importances_mean / (2 * variance)
    importance = lost.mean(axis=0)
    spread = lost.std(axis=0, ddof=1) / np.sqrt(_FOLDS)
    weights = [
        Weight(max(float(importance[at]), 0.0), float(spread[at]), *_direction(column, table.outcomes))
        for at, column in enumerate(table.columns)
    ]
    return Weighed(1 - float(((predicted - ranks) ** 2).mean()) / variance, weights)


def _forest(columns: list[Column]) -> Pipeline:
    texts = [at for at, column in enumerate(columns) if not column.numeric]
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_TEXTS, sparse_output=False)
    return make_pipeline(
        make_column_transformer((encoder, texts), remainder="passthrough"),
        RandomForestRegressor(_TREES, random_state=_SEED),
    )


def _direction(column: Column, outcomes: list[float]) -> tuple[float | None, float | None]:
    """Of the runs that have the parameter, three at the least."""
    pairs = [(value, outcome) for value, outcome in zip(column.values, outcomes, strict=True) if value is not None]
    if not column.numeric or len(pairs) < 3 or len({value for value, _ in pairs}) < 2:
        return None, None
    found = spearmanr(*zip(*pairs, strict=True))
    direction, chance = float(found.statistic), float(found.pvalue)
    return (None, None) if np.isnan(direction) else (direction, chance)


def main() -> int:
    """Weigh the table on the standard input, and print what came of it; both are JSON."""
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)  # kernels and the server go first
    table = msgspec.json.decode(sys.stdin.buffer.read(), type=Table)
    sys.stdout.buffer.write(msgspec.json.encode(weighed(table)))
    return 0
