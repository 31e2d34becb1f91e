"""Runs of plain MLflow, and of a teammate's Runlore, shown beside ours; with a real MLflow store in SQLite."""

import math
import os
import shutil
import time
from types import SimpleNamespace

import pytest

from runlore import events as ev
from runlore import frames
from runlore.curve import points, read_records
from runlore.home import Home
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, RerunRefused
from runlore_server.export.description import RUN_TAG
from runlore_server.filter.order import parse_order
from runlore_server.filter.parser import parse
from runlore_server.ingest import Exporter
from runlore_server.mirror.curves import Curves
from runlore_server.mirror.folders import Folders
from runlore_server.mirror.source import Source
from runlore_server.mirror.sync import Sync
from runlore_server.rerun.prepare import prepare
from runlore_server.store.exports import Exports
from runlore_server.store.mirrored import mlflow_run_of
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query

SPIKE = 77_777.0


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A new store of MLflow's; to make one takes seconds."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments(max_results=1)
    return path


@pytest.fixture
def mlflow(template, tmp_path):
    """A client of a store of its own, which is named ``uri``; ``log`` makes a run."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    path = tmp_path / "mlflow.db"
    shutil.copyfile(template, path)
    uri = f"sqlite:///{path}"
    client = MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("plain", (tmp_path / "artifacts").as_uri())

    def log(name="train", curves=None, status="FINISHED", *, params=None, tags=None, start=None):
        run = client.create_run(experiment, start_time=start, tags=tags, run_name=name).info.run_id
        batch = [Param(key, value) for key, value in (params or {}).items()]
        client.log_batch(run, params=batch)
        extend(run, curves or {"loss": [1.0, 0.5, 0.25]})
        if status is not None:
            client.set_terminated(run, status)
        return run

    def extend(run, curves, first=0):
        now = int(time.time() * 1000)
        found = [Metric(k, v, now + s, s) for k, values in curves.items() for s, v in enumerate(values, first)]
        for start in range(0, len(found), 1000):
            client.log_batch(run, metrics=found[start : start + 1000])

    return SimpleNamespace(client=client, uri=uri, experiment=experiment, log=log, extend=extend)


class Mirrored:
    """A home, and what its mirror does for it."""

    def __init__(self, home, uri):
        self.home = home
        self.config = Config.resolve(home.path, uri)
        self.store = RunStore(home)
        self.own = RunStore(home, mirrored=False)
        self.sync = Sync(Source(self.config), self.own, Folders(home))

    def look(self, *, whole=True):
        self.own.refresh()
        counts, _ = self.sync.look(whole=whole)
        self.changed = self.store.refresh()
        return counts

    def find(self, run_id):
        return self.store.find(run_id)

    def bring(self, run_id, metric="loss"):
        run = self.find(run_id)
        Curves(self.config).bring(run.session_id, run.run_id, metric)
        self.store.curves_came({run.run_id})
        self.changed = self.store.refresh()
        return self.curve(run_id, metric)

    def curve(self, run_id, metric="loss"):
        return points(read_records(self.find(run_id).metrics[metric]))

    def search(self, text, order=""):
        page = self.store.search(Query(where=parse(text), order=parse_order(order)))
        return [run.name for run in page.runs]


@pytest.fixture
def mirrored(home, mlflow):
    return Mirrored(home, mlflow.uri)


def test_a_run_is_told_in_our_words(mirrored, mlflow):
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import DatasetInput, InputTag

    tags = {
        "mlflow.user": "bob",
        "mlflow.source.type": "NOTEBOOK",
        "mlflow.source.name": "theirs.ipynb",
        "mlflow.source.git.commit": "c0ffee",
        "mlflow.note.content": "looks good",
        "mlflow.parentRunId": "abc",
        "team": "vision",
    }
    curves = {"loss": [2.0, math.nan], "top/é acc": [math.inf]}
    run_id = mlflow.log("their run", curves, "KILLED", params={"lr": "0.01"}, tags=tags, start=1_700_000_000_000)
    dataset = MetaDataset(
        HTTPDatasetSource("https://example.org/digits.csv"), name="digits", digest="d1"
    )._to_mlflow_entity()
    mlflow.client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("context", "train")])])
    assert mirrored.look()[:2] == (1, 1)
    assert mirrored.changed == {run_id}

    run = mirrored.find(run_id)
    assert (run.name, run.experiment, run.kind, run.status) == ("their run", "plain", "mlflow", "killed")
    assert (run.started, run.cell, run.environment) == (1_700_000_000.0, None, None)
    assert run.duration > 0
    assert run.params == {"lr": "0.01"}
    assert run.tags == {"team": "vision", "mlflow.parentRunId": "abc"}
    assert run.notes == ["looks good"]
    assert (run.git.commit, run.git.branch, run.git.dirty) == ("c0ffee", None, None)
    assert {name: point.value for name, point in run.reported.items()} == {"loss": "nan", "top/é acc": "inf"}
    assert run.reported["loss"].step == 1
    assert {lacking.what for lacking in run.not_captured} == {"code and environment", "artifacts"}
    session = mirrored.store.session(run)
    assert (session.info.user, session.info.notebook, session.info.python) == ("bob", "theirs.ipynb", "")
    (read,) = session.outside.reads
    assert (read.path, read.digest, read.version) == ("digits", None, {"mlflow": "d1", "context": "train"})
    assert not mirrored.home.sessions.exists(), "a mirrored run is no session of ours"


def test_what_is_known_is_searched_and_the_rest_when_it_was_fetched(mirrored, mlflow):
    mlflow.log("good", {"loss": [9.0, 0.05]}, params={"lr": "0.1"})
    bad = mlflow.log("bad", {"loss": [0.01, 5.0]}, "FAILED", tags={"team": "vision"})
    mlflow.log("still", {"loss": [3.0]}, None)
    mirrored.look()
    assert mirrored.search("metrics.loss < 0.1") == ["good"]
    assert mirrored.search("kind = mlflow", "metrics.loss ASC") == ["good", "still", "bad"]
    assert mirrored.search("params.lr = 0.1 and experiment = 'plain'") == ["good"]
    assert mirrored.search("tags.team = 'vision' and status = failed") == ["bad"]
    assert mirrored.search("metrics.loss.min < 0.1") == [], "MLflow does not tell the least"
    summary = mirrored.store.sums([mirrored.find(bad)])[bad]["loss"]
    assert (summary.last, summary.step, summary.count, summary.min) == (5.0, 1, None, None)

    assert [value for *_, value in mirrored.bring(bad)] == [0.01, 5.0]
    assert mirrored.changed == {bad}
    assert mirrored.search("metrics.loss.min < 0.1") == ["bad"]
    assert mirrored.store.sums([mirrored.find(bad)])[bad]["loss"].count == 2

    table = frames.runs(mirrored.home)
    assert dict(zip(table["name"], table["metrics.loss"], strict=True)) == {"good": 0.05, "bad": 5.0, "still": 3.0}


def test_a_run_that_runs_is_followed_to_its_end(mirrored, mlflow):
    run_id = mlflow.log("live", {"loss": [1.0]}, None, params={"lr": "1"})
    mirrored.look()
    session = mirrored.find(run_id).session_id
    assert mirrored.store.is_running(run_id)
    assert len(mirrored.bring(run_id)) == 1

    mlflow.extend(run_id, {"loss": [0.5], "acc": [0.9]}, first=1)
    mlflow.client.set_tag(run_id, "team", "vision")
    mirrored.look(whole=False)
    run = mirrored.find(run_id)
    assert mirrored.changed == {run_id}
    assert (run.session_id, run.status, run.tags) == (session, "running", {"team": "vision"})
    assert run.reported["loss"].value == 0.5
    assert mirrored.search("metrics.acc > 0.8 and metrics.loss = 0.5") == ["live"]
    assert [value for *_, value in mirrored.bring(run_id)] == [1.0, 0.5]

    mlflow.client.delete_tag(run_id, "team")
    mlflow.client.set_terminated(run_id, "FAILED")
    counts = mirrored.look(whole=False)
    assert (counts.runs, counts.changed) == (1, 1)
    run = mirrored.find(run_id)
    assert (run.status, run.tags) == ("failed", {})
    assert [value for *_, value in mirrored.curve(run_id)] == [1.0, 0.5], "what was fetched is kept"
    assert [run.run_id for run in mirrored.store.all()] == [run_id]
    assert mirrored.look(whole=False).changed == mirrored.look().changed == 0


def test_a_long_run_does_not_fill_the_disk(mirrored, mlflow):
    run_id = mlflow.log("chatty", {"loss": [1.0]}, None)
    mirrored.look()
    first = mirrored.find(run_id).session_id
    for round_ in range(4):
        mlflow.client.set_tag(run_id, "state", "x" * 4_900 + str(round_))
        mlflow.extend(run_id, {f"metric {name}": [float(round_)] for name in range(4_000)}, first=round_)
        mirrored.look(whole=False)
        journal = mirrored.home.events(mirrored.find(run_id).session_id)
        assert journal.stat().st_size < 2 << 20
    assert mirrored.find(run_id).session_id != first
    assert mirrored.find(run_id).reported["metric 7"].value == 3.0


def test_what_goes_or_changes_in_mlflow_does_so_here(mirrored, mlflow):
    kept, gone = mlflow.log("kept"), mlflow.log("gone")
    mirrored.look()
    curve = mirrored.bring(kept)
    inode = mirrored.find(kept).metrics["loss"].stat().st_ino

    mlflow.client.delete_run(gone)
    mlflow.client.set_tag(kept, "mlflow.note.content", "the best")
    mlflow.client.rename_experiment(mlflow.experiment, "renamed")
    counts = mirrored.look(whole=False)
    assert (counts.runs, counts.changed, counts.gone) == (1, 1, 1), "other experiments mean a look at everything"
    run = mirrored.find(kept)
    assert (run.experiment, run.notes) == ("renamed", ["the best"])
    assert mirrored.curve(kept) == curve
    assert run.metrics["loss"].stat().st_ino == inode, "the curve was not fetched again"

    mlflow.client.restore_run(gone)
    assert mirrored.look().came == 1
    mlflow.extend(kept, {"loss": [0.1]}, first=3)
    mirrored.look()
    assert mirrored.curve(kept) == [], "an old curve is no answer"
    assert len(mirrored.bring(kept)) == 4

    mlflow.client.delete_experiment(mlflow.experiment)
    assert mirrored.look(whole=False)[::3] == (0, 2)
    assert mirrored.store.all() == []
    mlflow.client.restore_experiment(mlflow.experiment)
    assert mirrored.look(whole=False).came == 2


def test_a_home_that_lost_its_mirror_or_crashed_gets_it_again(mirrored, mlflow):
    first, second = mlflow.log("first"), mlflow.log("second")
    mirrored.look()
    sessions = [mirrored.find(run_id).session_id for run_id in (first, second)]
    shutil.rmtree(mirrored.home.session(sessions[0]))
    # A crash between the new session of a run and the end of the old one; and in the middle of a new one.
    older = mirrored.home.mirror / f"mlflow-{second}-0123456789abcdef"
    shutil.copytree(mirrored.home.session(sessions[1]), older)
    (mirrored.home.mirror / ".staged-0").mkdir()
    (mirrored.home.mirror / ".staged-1").write_text("half a curve")
    again = Mirrored(mirrored.home, mlflow.uri)
    again.look()
    assert sorted(path.name for path in mirrored.home.mirror.iterdir()) == sorted(sessions)
    assert {run.run_id for run in again.store.all()} == {first, second}


def test_fetched_curves_do_not_fill_the_disk(mirrored, mlflow):
    old, new = mlflow.log("old"), mlflow.log("new")
    mirrored.look()
    for run_id, time_ in ((old, 1.0), (new, 2.0)):
        mirrored.bring(run_id)
        os.utime(mirrored.find(run_id).directory, (time_, time_))
    folders = Folders(mirrored.home)
    size = mirrored.find(new).metrics["loss"].stat().st_size
    assert folders.trim(2 * size) == 0
    assert folders.trim(size) == 1
    assert (len(mirrored.curve(old)), len(mirrored.curve(new))) == (0, 3)
    assert len(mirrored.bring(old)) == 3, "it comes again"


def test_what_comes_from_mlflow_leads_nowhere(mirrored, mlflow, tmp_path):
    forged = mlflow.log("forged", tags={"runlore.run_id": "../../x"})
    twins = [mlflow.log(f"twin {n}", tags={"runlore.run_id": "feedfacefeedface"}) for n in range(2)]
    odd = mlflow.log("odd", tags={"runlore.renamed": '{"loss": "../../../loss"}', "runlore.seed": "1e9"})
    mirrored.look()
    assert {run.run_id for run in mirrored.store.all()} == {forged, "feedfacefeedface", twins[0], odd}
    run = mirrored.find(odd)
    assert run.seed is None
    (path,) = run.metrics.values()
    assert path.parent == run.directory
    assert mirrored.home.mirror in run.directory.parents
    assert [run.name for run in mirrored.store.all()] == ["odd", "twin 1", "twin 0", "forged"]


def test_a_run_logged_within_one_of_ours_is_not_shown_twice(mirrored, mlflow, kernel):
    inside, nested, alone = mlflow.log("inside"), mlflow.log("nested"), mlflow.log("alone")
    mirrored.look()
    assert len(mirrored.store.all()) == 3
    session = kernel()
    run_id = session.start_run("ours")
    session.write(
        ev.TagsSet(time=time.time(), run_id=run_id, tags={"mlflow/run_id": inside, "mlflow-2/run_id": nested})
    )
    mirrored.look()
    assert {run.run_id for run in mirrored.store.all()} == {run_id, alone}


def test_a_run_of_ours_that_began_in_the_middle_of_a_look_is_no_teammates(mirrored, mlflow, kernel):
    mirrored.look()
    run_id = kernel().start_run("ours")
    mlflow.log("exported", tags={RUN_TAG: run_id}, status=None)
    counts, _ = mirrored.sync.look(whole=True)  # what it knows of the home is what it knew before
    assert counts.runs == 0
    assert mirrored.store.refresh() == {run_id}


def test_a_run_of_a_kernel_stays_when_another_session_with_it_comes_and_goes(mirrored, mlflow, kernel, tmp_path):
    run_id = kernel().start_run("ours")
    mirrored.store.refresh()
    mlflow.log("exported", tags={RUN_TAG: run_id}, status=None)
    a_stranger = RunStore(Home(tmp_path / "elsewhere"), mirrored=False)
    assert Sync(Source(mirrored.config), a_stranger, Folders(mirrored.home)).look(whole=True)[0].came == 1
    mirrored.store.refresh()
    assert mirrored.find(run_id).name == "ours"
    assert mirrored.look().gone == 1
    assert mirrored.find(run_id).name == "ours"

    copied = kernel()
    copied.start_run("copied", run_id=run_id)
    mirrored.store.refresh()
    assert mirrored.find(run_id).name == "copied"
    shutil.rmtree(mirrored.home.session(copied.session_id))
    assert mirrored.store.refresh() == {run_id}
    assert mirrored.find(run_id).name == "ours"


def test_a_mirrored_run_cannot_be_repeated(mirrored, mlflow, capsys):
    run_id = mlflow.log()
    mirrored.look()
    run = mirrored.find(run_id)
    with pytest.raises(RerunRefused, match="logged to MLflow, without its code: there is nothing to repeat"):
        prepare(mirrored.home, run.session_id, run.run_id)

    from runlore_server.cli import main

    assert main(["--home", str(mirrored.home.path), "export", run_id]) == 2
    assert "there is nothing to repeat" in capsys.readouterr().err
    assert main(["--home", str(mirrored.home.path), "rerun", run_id, "--seeds", "5", "--against", run_id]) == 2
    assert "nothing is proved by it" in capsys.readouterr().err
    assert main(["--home", str(mirrored.home.path), "show", run_id]) == 0
    assert "loss" in capsys.readouterr().out


@pytest.fixture
def teammate(tmp_path, mlflow, fake_kernel, eventually):
    """The home of somebody else, whose runs are in the same MLflow."""
    home = Home(tmp_path / "teammate")
    session = fake_kernel(home)
    values = [math.sin(step / 50) for step in range(20_000)]
    values[12_345] = SPIKE
    run_id = session.start_run("theirs", run_id="aaaabbbbccccdddd", seed=7)
    session.params(run_id, lr=0.01)
    session.log(run_id, "loss%", list(enumerate(values)))
    session.finish_run(run_id, "interrupted")
    store = RunStore(home)
    store.refresh()
    config = Config.resolve(home.path, mlflow.uri)
    exporter = Exporter(config, store, Exports(home, config.tracking_uri))
    exporter.start()
    eventually(lambda: not exporter.status().pending)
    assert exporter.status().error is None
    exporter.shutdown()
    return SimpleNamespace(home=home, run_id=run_id, values=values)


def test_a_teammates_run_is_as_it_was_there(mirrored, mlflow, teammate, eventually):
    assert mirrored.look().came == 1
    run = mirrored.find(teammate.run_id)
    assert mirrored.find(mlflow_run_of(run.session_id)).run_id == teammate.run_id, "MLflow's id is good too"
    assert (run.name, run.status, run.seed, run.params) == ("theirs", "interrupted", 7, {"lr": "0.01"})
    assert run.reported["loss%"].value == teammate.values[-1]
    curve = mirrored.bring(teammate.run_id, "loss%")
    assert [value for *_, value in curve] == teammate.values, "all of it, not what MLflow's tables hold"
    mirrored.store.sum_up()
    assert mirrored.store.sums([mirrored.find(run.run_id)])[run.run_id]["loss%"].max == SPIKE

    # Nobody brings it back to where it came from, and at home it is shown once.
    exporter = Exporter(mirrored.config, mirrored.store, Exports(mirrored.home, mlflow.uri))
    exporter.start()
    assert not exporter.status().pending
    exporter.shutdown()
    experiments = [one.experiment_id for one in mlflow.client.search_experiments()]
    assert len(mlflow.client.search_runs(experiments)) == 1
    at_home = Mirrored(teammate.home, mlflow.uri)
    assert at_home.look().runs == 0
    assert [run.kind for run in at_home.store.all()] == ["script"]


def test_without_their_archive_mlflows_points_are_shown(mirrored, mlflow, teammate, tmp_path):
    for path in (teammate.home.path / "mlflow").glob("artifacts/**/curves.parquet"):
        path.write_bytes(b"PAR1, or so it says")
    mirrored.look()
    values = [value for *_, value in mirrored.bring(teammate.run_id, "loss%")]
    assert 2_000 < len(values) <= 2_500
    assert SPIKE in values


def test_a_store_that_is_none_is_said(home, tmp_path):
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    broken = Mirrored(home, f"sqlite:///{tmp_path / 'broken.db'}")
    with pytest.raises((ConnectionError, ExportRefused), match="not a database"):
        broken.look()
