"""Optuna's record of a sweep: its trials, in the database that optuna-dashboard opens."""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from runlore.home import Home
from runlore_server.database import alone, make_private
from runlore_server.sweep.member import Member, member_of
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.space import Point, Space
from runlore_server.sweep.sweep import DATABASE, Sweep

_PATIENCE = 60
"""Seconds to wait for others who write the same file."""

_RUNS, _WHY, _RETURNED, _PRUNED = "runs", "why", "returned", "pruned_at"
"""Names of what is kept with a trial."""

_REDUCTION = 3
_RUNGS = 2
"""By default a trial is first looked at after the ``_REDUCTION ** _RUNGS``-th part of a training."""

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


class Study:
    """The trials of one sweep; used by one thread, while other processes may read the same database.

    Nobody else writes them, so what was read of them holds until something is written here.

    Args:
        home: where the database is.
        sweep: whose study it is; made if it is not there.
        space: of its parameters.
        steps: of the metric in the original's whole training; ``None`` where nobody knows.

    Raises:
        OSError: the database cannot be used.
    """

    def __init__(self, home: Home, sweep: Sweep, space: Space, steps: int | None) -> None:
        self._space = space
        self._read: list[FrozenTrial] | None = None
        path = home.path / DATABASE
        with _as_os_error(path):
            with alone(path):
                _prepare(path)
                self._storage = _storage(path)
                self._study = optuna.create_study(
                    storage=self._storage,
                    study_name=sweep.sweep_id,
                    direction=sweep.request.direction,
                    load_if_exists=True,
                    sampler=optuna.samplers.RandomSampler(),
                    pruner=_pruner(sweep.request, steps),
                )
            if not self._study.user_attrs:
                self._study.set_metric_names([sweep.request.metric])
                self._study.set_user_attr("run", sweep.request.run_id)
                self._study.set_user_attr("reading", sweep.request.reading)
        self._path = path

    def close(self) -> None:
        """Close the database."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def trials(self) -> list[FrozenTrial]:
        """All trials, by their numbers."""
        if self._read is None:
            with _as_os_error(self._path):
                self._read = self._study.get_trials(deepcopy=False)
        return self._read

    def begin(self, point: Point | None, member: Member | None = None) -> FrozenTrial:
        """Write down a trial that runs from now on, of this point or of one that was given back."""
        distributions = {one.name: one.distribution() for one in self._space.dimensions}
        with self._writing():
            if point is None:
                number = self._study.ask(distributions).number
            else:
                number = len(self.trials())
                self._study.add_trial(
                    optuna.create_trial(
                        state=TrialState.RUNNING,
                        params=self._space.stored(point),
                        distributions=distributions,
                        user_attrs=member.attributes() if member is not None else None,
                    )
                )
        return self.trials()[number]

    def give_back(self, trial: FrozenTrial) -> None:
        """End a trial that was cut short and have its point tried again by the next one to begin."""
        with self._writing():
            member = member_of(trial)
            self._study.enqueue_trial(trial.params, member.attributes() if member is not None else None)
            self._keep(trial, _RETURNED, True)
            self._study.tell(trial.number, state=TrialState.FAIL)

    def put_runs(self, trial: FrozenTrial, runs: list[str]) -> None:
        """Keep which reruns try the point."""
        with self._writing():
            self._keep(trial, _RUNS, runs)

    def report(self, trial: FrozenTrial, step: int, value: float) -> bool:
        """Tell a value that was reached while it trained; whether it is so bad that the trial should end."""
        with self._writing():
            self._storage.set_trial_intermediate_value(trial._trial_id, step, value)
            if isinstance(self._study.pruner, optuna.pruners.NopPruner):
                return False  # to read the trial for it would take as long again
            return self._study.pruner.prune(self._study, self._storage.get_trial(trial._trial_id))

    def put_pruned(self, trial: FrozenTrial, step: int) -> None:
        """Keep that a trial is to end at this step; before its rerun is stopped."""
        with self._writing():
            self._keep(trial, _PRUNED, step)

    def complete(self, trial: FrozenTrial, value: float) -> None:
        """End a trial with its value."""
        with self._writing():
            self._study.tell(trial.number, value)

    def prune(self, trial: FrozenTrial, why: str) -> None:
        """End a trial that was stopped for its values so far, or came to none."""
        with self._writing():
            self._keep(trial, _WHY, why)
            self._study.tell(trial.number, state=TrialState.PRUNED)

    def fail(self, trial: FrozenTrial, why: str) -> None:
        """End a trial of which nothing is learnt."""
        with self._writing():
            self._keep(trial, _WHY, why)
            self._study.tell(trial.number, state=TrialState.FAIL)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with _as_os_error(self._path):
            try:
                yield
            finally:
                self._read = None

    def _keep(self, trial: FrozenTrial, name: str, value: Any) -> None:
        self._storage.set_trial_user_attr(trial._trial_id, name, value)


def runs_of(trial: FrozenTrial) -> list[str]:
    """The reruns that try the trial's point."""
    return [str(run) for run in trial.user_attrs.get(_RUNS, [])]


def why(trial: FrozenTrial) -> str | None:
    """Why a trial came to no value."""
    found = trial.user_attrs.get(_WHY)
    return str(found) if found is not None else None


def was_returned(trial: FrozenTrial) -> bool:
    """Whether a trial was cut short with its sweep, so that another one tries its point."""
    return bool(trial.user_attrs.get(_RETURNED))


def pruned_at(trial: FrozenTrial) -> int | None:
    """The step at which a trial was told to end; ``None`` for others."""
    return trial.user_attrs.get(_PRUNED)


def _prepare(path: Path) -> None:
    make_private(path)
    with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # readers and the driver do not wait for each other


def _storage(path: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{path.as_posix()}", {"connect_args": {"timeout": _PATIENCE}})


def _pruner(request: SweepRequest, steps: int | None) -> optuna.pruners.BasePruner:
    most = request.most_steps or steps
    least = request.least_steps or max((most or 1) // _REDUCTION**_RUNGS, 1)
    if request.pruner == "median":
        return optuna.pruners.MedianPruner(n_warmup_steps=least)
    if request.pruner == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=least, reduction_factor=_REDUCTION)
    if request.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=least, max_resource=most or "auto", reduction_factor=_REDUCTION
        )
    return optuna.pruners.NopPruner()


@contextlib.contextmanager
def _as_os_error(path: Path) -> Iterator[None]:
    """Trouble of the database as trouble of the file that it is."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        raise OSError(f"{path} cannot be used: {error.__cause__ or error}") from error


def read_study(home: Home, sweep_id: str) -> optuna.Study:
    """Optuna's study of a sweep, to be looked at.

    Raises:
        OSError: the database cannot be used, or has no trial of the sweep.
    """
    path = home.path / DATABASE
    if not path.is_file():
        raise OSError(f"{path} is missing, so nothing is known of the trials")
    with _as_os_error(path):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{path.as_posix()}", {"connect_args": {"timeout": _PATIENCE}}
        )
        try:
            return optuna.load_study(study_name=sweep_id, storage=storage)
        except KeyError:
            raise OSError(f"{path} has no trial of sweep {sweep_id}") from None
