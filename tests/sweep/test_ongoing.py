"""One trial of a sweep, step by step."""

from __future__ import annotations

from optuna.trial import TrialState

from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from runlore_server.sweep.coming import ComingTrials
from runlore_server.sweep.ongoing import OngoingTrials
from runlore_server.sweep.plan import plan
from runlore_server.sweep.study import Study
from runlore_server.sweep.summary import summary
from runlore_server.sweep.sweep import create
from tests.queue.backend import World
from tests.rerun.conftest import wait_until
from tests.sweep.conftest import Swept


def test_as_many_trials_run_at_a_time_as_their_backend_carries_out(swept: Swept) -> None:
    store = RunStore(swept.recorded.home)
    store.refresh()
    backends = {"one": World(slots=1).backend(), "three": World(slots=3).backend()}
    queue = JobQueue(swept.recorded.home, store, lambda _: None, backends=lambda *_: backends)
    queue.start()
    try:
        status = wait_until(lambda: queue.status() if queue.status().backends[0].name == "one" else None)
        for asked, count in (({}, 1), ({"backend": "three"}, 3), ({"backend": "three", "jobs": 2}, 2)):
            planned = plan(store, swept.request(parameters={"lr": [0.01, 0.1, 1.0]}, **asked))
            assert (planned.together(status), planned.at_once(0, status)) == (count, count)
    finally:
        queue.shutdown()


def test_a_trial_that_comes_and_goes_between_two_looks_has_its_value(swept: Swept) -> None:
    home = swept.recorded.home
    store, seen = RunStore(home), RunStore(home)
    store.refresh()
    seen.refresh()
    planned = plan(store, swept.request(parameters={"lr": [0.01, 1.0]}))
    folder = create(home, planned.request)
    queue = JobQueue(home, seen, lambda _: None)
    queue.start()
    study = Study(home, folder.sweep(), planned.space, planned.steps)
    try:
        trials = OngoingTrials(home, store, queue, study, planned, ComingTrials(queue, folder.sweep_id, planned))
        ongoing = trials.begin({"lr": 0.01})
        trials.advance(ongoing)
        (run_id,) = ongoing.runs
        wait_until(lambda: queue.get(run_id).over)
        ongoing.pruned = 3  # which came too late to stop it
        study.put_pruned(ongoing.trial, 3)
        trials.advance(ongoing)
        (trial,) = study.trials()
        assert trial.state == TrialState.COMPLETE
        assert trials.all() == []
        _, (told,) = summary(study.trials(), planned)
        assert (told.state, told.pruned_at) == ("complete", None)
    finally:
        study.close()
        queue.shutdown()
