"""The export to MLflow on PostgreSQL and S3 while processes die and networks fail: all is there, and once."""

import contextlib
import os
import random
import time

import pytest
from mlflow.entities import ViewType

from runlore.home import Home
from runlore_server.config import Config
from tests.server import hard_home
from tests.server.bucket import Bucket
from tests.server.contents import contents, postgres_rows, sqlite_rows
from tests.server.exporting import ExportingProcess, Following, all_runs, client, export, in_mlflow
from tests.server.mlflow_server import MlflowServer
from tests.server.postgres import Postgres
from tests.server.relay import Relay

SEEDS = range(int(os.environ.get("RUNLORE_TEST_KILLS", "1")))
CREATE = b"POST /api/2.0/mlflow/runs/create"


class Deployment:
    """MLflow as a team runs it. ``uri`` leads to it through ``relay``."""

    def __init__(self, directory):
        self._started = contextlib.ExitStack()
        with self._started:
            self.postgres = self._closed_later(Postgres())
            self.bucket = self._closed_later(Bucket(directory))
            self.postgres.create("mlflow")
            self.server = MlflowServer(directory, self.postgres.uri("mlflow"), self.bucket.uri, self.bucket.env)
            self._started.callback(self.server.kill)
            self.relay = self._closed_later(Relay(self.server.port))
            self.uri = f"http://127.0.0.1:{self.relay.port}"
            self.server.start()
            self.server.wait()
            self._started = self._started.pop_all()

    def empty(self):
        """Begin with an empty database."""
        self.server.kill()
        self.postgres.drop("mlflow")
        self.postgres.create("mlflow")
        self.server.start()
        self.server.wait()

    def rows(self):
        connection = self.postgres.connect("mlflow")
        try:
            return postgres_rows(connection)
        finally:
            connection.close()

    def close(self):
        self._started.close()

    def _closed_later(self, thing):
        self._started.callback(thing.close)
        return thing


class Faults:
    """Whatever can fail between a home and MLflow's store."""

    def __init__(self, deployment, exporting, chance):
        self._deployment = deployment
        self._exporting = exporting
        self._chance = chance
        self.all = [
            self.server_dies,
            self.database_dies,
            self.bucket_is_away,
            self.answers_are_lost,
            exporting.kill,
            exporting.kill_worker,
            exporting.kill_both,
        ]

    def server_dies(self):
        self._deployment.server.kill()
        self._deployment.server.start()
        self._deployment.server.wait()

    def database_dies(self):
        self._deployment.postgres.kill()
        self._deployment.postgres.start_again()

    def bucket_is_away(self):
        self._deployment.bucket.relay.cut()
        time.sleep(self._chance.uniform(0.1, 2))
        self._deployment.bucket.relay.join()

    def answers_are_lost(self):
        self._deployment.relay.swallow = b"POST"
        time.sleep(self._chance.uniform(0.1, 1))
        self._deployment.relay.swallow = None

    def inflict_all(self):
        """One after the other, each in the middle of the work; the names of those for which there was time."""
        self._chance.shuffle(self.all)
        inflicted = []
        for fault in self.all:
            self._wait_for_work()
            time.sleep(self._chance.uniform(0, 1))
            if not self._exporting.is_done():
                inflicted.append(fault.__name__)
                fault()
                self._exporting.start_again()
        return inflicted

    def _wait_for_work(self):
        passed = self._deployment.relay.passed
        while self._deployment.relay.passed == passed and not self._exporting.is_done():
            time.sleep(0.02)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("deployment"))
    yield deployment
    deployment.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, eventually):
    """A home with runs of every kind, and what MLflow has of it after an export in peace, to SQLite."""
    directory = tmp_path_factory.mktemp("undisturbed")
    home = Home(directory / "home")
    runs = hard_home.write(home)
    config = export(home, eventually, f"sqlite:///{directory / 'mlflow.db'}")
    return home, runs, contents(config, sqlite_rows(directory / "mlflow.db"), directory / "files")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.thorough
def test_whatever_dies_everything_arrives_once(seed, undisturbed, deployment, tmp_path):
    home, runs, expected = undisturbed
    if seed:
        deployment.empty()
        for path in (home.path / "mlflow").glob("exports.sqlite*"):
            path.unlink()
    chance = random.Random(seed)
    with ExportingProcess(home, deployment.uri) as exporting:
        faults = Faults(deployment, exporting, chance)
        inflicted = faults.inflict_all()
        exporting.wait()
    assert len(inflicted) == len(faults.all), f"the export was done after {inflicted}"

    found = contents(Config.resolve(home.path, deployment.uri), deployment.rows(), tmp_path)
    assert found.keys() == set(runs.values())
    for name, run in runs.items():
        assert found[run] == expected[run], name
    assert not [point for run in found.values() for point, count in run.points.items() if count > 1]
    assert len(found[runs["wide"]].latest) == hard_home.WIDE
    assert [path.name for path in (home.path / "mlflow").glob(".staged-*")] == []


def test_what_arrived_undisturbed_is_what_was_recorded(undisturbed):
    _, runs, found = undisturbed
    assert found.keys() == set(runs.values())
    statuses = {name: found[run].status for name, run in runs.items()}
    assert statuses == {
        **dict.fromkeys(runs, "FINISHED"),
        "described": "KILLED",
        "emptied": "FAILED",
        "killed": "KILLED",
    }
    long = found[runs["long"]]
    counts = {metric: sum(point[0] == metric for point in long.points) for metric in long.latest}
    assert counts["loss"] > 2_400
    assert max(counts.values()) <= 2_500
    assert found[runs["rerun"]].tags["mlflow.parentRunId"] == runs["long"]
    assert len(found[runs["wide"]].points) == 4 * hard_home.WIDE
    assert len(found[runs["described"]].params) == 153
    assert len(found[runs["files"]].files) == 12 + 2 + 1  # and cells.json
    assert "lost.bin" in found[runs["files"]].tags["runlore.missing_artifacts"]


@pytest.mark.thorough
def test_a_creation_whose_answer_is_lost_is_found_again(deployment, home, kernel, eventually):
    run = kernel().run("lost answer", {"loss": [(0, 1.0)]}, experiment="lost")
    deployment.relay.swallow = CREATE
    before = deployment.relay.caught
    following = Following(home, deployment.uri)
    try:
        eventually(lambda: deployment.relay.caught > before)
        deployment.relay.swallow = None
        eventually(following.is_done)
    finally:
        deployment.relay.swallow = None
        following.exporter.shutdown()
    mlflow = client(following.config)
    experiment = mlflow.get_experiment_by_name("lost").experiment_id
    (found,) = mlflow.search_runs([experiment], run_view_type=ViewType.ALL)
    assert (found.data.tags["runlore.run_id"], found.data.metrics) == (run, {"loss": 1.0})


@pytest.mark.thorough
def test_a_creation_that_arrives_late_leaves_no_second_run(deployment, home, kernel, eventually):
    session = kernel()
    run = session.start_run("late", experiment="late")
    session.log(run, "loss", [(0, 1.0)])
    deployment.relay.hold = CREATE
    before = deployment.relay.caught
    following = Following(home, deployment.uri)
    try:
        eventually(lambda: deployment.relay.caught > before)
        deployment.relay.hold = None
        eventually(following.is_done)
        (first,) = in_mlflow(following.config, run, "late")
        deployment.relay.release()
        eventually(lambda: len(in_mlflow(following.config, run, "late")) == 2)
        session.finish_run(run)
        eventually(following.is_done)
    finally:
        deployment.relay.release()
        following.exporter.shutdown()
    (found,) = in_mlflow(following.config, run, "late")
    assert (found.info.run_id, found.info.status) == (first.info.run_id, "FINISHED")
    assert found.data.metrics == {"loss": 1.0}


@pytest.mark.thorough
def test_two_homes_share_experiments(deployment, tmp_path, fake_kernel, eventually):
    homes = [Home(tmp_path / name) for name in ("ada", "bob")]
    runs = set()
    for home in homes:
        session = fake_kernel(home)
        runs |= {session.run(f"run-{n}", {"loss": [(0, 1.0)]}, experiment=f"shared-{n % 2}") for n in range(4)}
    with ExportingProcess(homes[0], deployment.uri) as first, ExportingProcess(homes[1], deployment.uri) as second:
        first.wait()
        second.wait()
    config = Config.resolve(homes[0].path, deployment.uri)
    ours = [run for run in all_runs(config) if run.data.tags["runlore.run_id"] in runs]
    assert {run.data.tags["runlore.run_id"] for run in ours} == runs
    assert len(ours) == len(runs)
    assert len({run.info.experiment_id for run in ours}) == 2


@pytest.mark.thorough
def test_two_processes_on_one_home_export_each_run_once(deployment, home, fake_kernel):
    session = fake_kernel(home)
    runs = [session.run(f"run-{n}", {"loss": [(0, 1.0)]}, experiment="two processes") for n in range(4)]
    with ExportingProcess(home, deployment.uri) as first, ExportingProcess(home, deployment.uri) as second:
        first.wait()
        second.wait()
    config = Config.resolve(home.path, deployment.uri)
    assert [len(in_mlflow(config, run, "two processes")) for run in runs] == [1] * 4
