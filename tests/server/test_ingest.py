"""The export to a real MLflow store in SQLite as time goes by: runs that go on, are deleted, and kills."""

import math
import time

import numpy as np
import pytest

from runlore import events as ev
from runlore_server.mirror.folders import Folders
from runlore_server.mirror.source import Source
from runlore_server.mirror.sync import Sync
from runlore_server.store.runs import RunStore
from tests.server.exporting import (
    ExportingProcess,
    Following,
    all_runs,
    client,
    export,
    history,
    in_mlflow,
)


@pytest.mark.thorough
def test_a_run_deleted_in_mlflow_stays_deleted_and_a_lost_store_is_filled_again(
    home, kernel, eventually, tmp_path
):
    session = kernel()
    deleted, kept = session.run("deleted"), session.run("kept", {"loss": [(0, 1.0)]})
    config = export(home, eventually)
    client(config).delete_run(in_mlflow(config, deleted)[0].info.run_id)
    session.write(ev.TagsSet(time=1.0, run_id=deleted, tags={"late": "yes"}))
    export(home, eventually)
    assert in_mlflow(config, deleted) == []

    other = f"sqlite:///{tmp_path / 'other.db'}"
    filled = export(home, eventually, other)
    (run,) = in_mlflow(filled, kept)
    assert history(filled, run.info.run_id, "loss") == [(0, 1.0)]
    assert len(in_mlflow(filled, deleted)) == 1


def test_a_running_run_is_there_at_once_and_ends_when_it_ends(home, kernel, eventually):
    session = kernel()
    run = session.start_run()
    session.params(run, lr=0.1)
    session.log(run, "loss", [(0, 3.0), (1, 2.0)])
    live = Following(home)
    try:
        eventually(live.is_done)
        (found,) = in_mlflow(live.config, run)
        assert (found.info.status, found.data.metrics) == ("RUNNING", {"loss": 2.0})
        assert found.data.tags["runlore.status"] == "running"
        session.params(run, lr=0.2)
        session.log(run, "loss", [(2, 1.0)])
        session.finish_run(run)
        eventually(live.is_done)
        (found,) = in_mlflow(live.config, run)
        assert (found.info.status, found.data.metrics) == ("FINISHED", {"loss": 1.0})
        assert history(live.config, found.info.run_id, "loss") == [(0, 3.0), (1, 2.0), (2, 1.0)]
        assert (found.data.params["lr"], found.data.tags["runlore.param.lr"]) == ("0.1", "0.2")
    finally:
        live.exporter.shutdown()


@pytest.mark.thorough
def test_the_second_exporter_on_a_home_waits_until_the_first_is_gone(home, kernel, eventually):
    session = kernel()
    session.run("before")
    first = Following(home)
    eventually(first.is_done)
    second = Following(home)
    try:
        eventually(second.is_done)  # it sees that MLflow has everything
        session.run("between")
        second.is_done()
        eventually(lambda: not second.exporter.status().owner)
        assert second.exporter.status().pending == 1
        first.exporter.shutdown()
        eventually(second.is_done)
        assert second.exporter.status().owner
        assert {run.info.run_name for run in all_runs(second.config)} == {"before", "between"}
    finally:
        first.exporter.shutdown()
        second.exporter.shutdown()


def test_a_kill_at_any_moment_makes_no_duplicate_and_loses_nothing(home, kernel, eventually):
    session = kernel()
    values = np.random.default_rng(0).normal(size=6_000).tolist()
    runs = [
        session.run(f"run-{number}", {name: enumerate(values) for name in ("loss", "acc")}) for number in range(6)
    ]
    session.end()
    with ExportingProcess(home) as exporting:
        for delay, kill in ((2.5, exporting.kill), (3.0, exporting.kill_both), (1.0, exporting.kill_worker)):
            time.sleep(delay)
            kill()
            exporting.start_again()
        exporting.wait()
    config = export(home, eventually)
    assert sorted(run.data.tags["runlore.run_id"] for run in all_runs(config)) == sorted(runs)
    for run in all_runs(config):
        assert run.info.status == "FINISHED"
        for metric in ("loss", "acc"):
            points = history(config, run.info.run_id, metric)
            assert len(points) == len(set(points)) == 2500
            assert {min(values), max(values)} <= {value for _, value in points}
            assert points[-1] == (5_999, values[-1])
    assert [path.name for path in (home.path / "mlflow").glob(".staged-*")] == []


def test_a_store_that_would_keep_a_point_twice_gets_it_once(home, kernel, eventually, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    store = (tmp_path / "mlruns").as_uri()
    session = kernel()
    run = session.start_run()
    session.log(run, "loss", [(0, 1.0), (1, math.nan), (2, math.inf)])
    session.log(run, "acc", [(0, 0.5)])
    export(home, eventually, store)
    session.write(ev.TagsSet(time=1.0, run_id=run, tags={"seen": "again"}))
    export(home, eventually, store)  # by another process, which does not know what the first one sent
    session.log(run, "acc", [(1, 0.6)])
    session.finish_run(run)
    export(home, eventually, store)
    for path in (home.path / "mlflow").glob("exports.sqlite*"):
        path.unlink()
    config = export(home, eventually, store)
    (found,) = in_mlflow(config, run)
    for metric, count in (("loss", 3), ("acc", 2)):
        points = client(config).get_metric_history(found.info.run_id, metric)
        assert len({(point.timestamp, point.step, str(point.value)) for point in points}) == len(points) == count


def test_runs_that_mlflow_told_of_are_not_brought_back(home, kernel, eventually):
    ours = kernel().run("ours")
    config = export(home, eventually)
    mlflow = client(config)
    experiment = in_mlflow(config, ours)[0].info.experiment_id
    theirs = mlflow.create_run(experiment, run_name="theirs").info.run_id
    mlflow.log_metric(theirs, "loss", 1.0)
    mlflow.set_terminated(theirs)
    kernels_alone = RunStore(home, mirrored=False)
    kernels_alone.refresh()
    Sync(Source(config), kernels_alone, Folders(home)).look(whole=True)
    following = Following(home)
    try:
        assert len(following.store.ids()) == 2
        following.exporter.wake(following.store.ids())
        eventually(following.is_done)
    finally:
        following.exporter.shutdown()
    assert {run.info.run_name for run in all_runs(config)} == {"ours", "theirs"}
    assert len(all_runs(config)) == 2
    assert not any(tag.startswith("runlore.") for tag in mlflow.get_run(theirs).data.tags)
