"""What MLflow shows of a run that was exported, in SQLite."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from runlore import events as ev
from runlore.home import Home
from runlore_server.export.names import mlflow_name
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict
from tests.server.exporting import client, export, history, in_mlflow, write_verdict

SPIKE = 77_777.0
STEPS = 20_000


@pytest.fixture(scope="module")
def story(tmp_path_factory, fake_kernel, eventually):
    """One home with a run of every kind, exported once; the ids of its runs by name."""
    home = Home(tmp_path_factory.mktemp("story") / "home")
    runs = record(home, fake_kernel)
    elsewhere = tmp_path_factory.mktemp("current")
    before = os.environ.copy()
    previous = Path.cwd()
    os.chdir(elsewhere)
    try:
        config = export(home, eventually)
    finally:
        os.chdir(previous)
    assert os.environ == before, "kernels inherit the server's environment"
    assert list(elsewhere.iterdir()) == [], "nothing is written to the current directory"
    return home, config, runs


def record(home: Home, fake_kernel) -> dict[str, str]:
    session = fake_kernel(home)
    runs = {"whole": record_whole(session)}
    runs["failed"] = session.start_run("failed")
    error = ev.ErrorInfo(name="ValueError", message="no", traceback="...")
    session.finish_run(runs["failed"], "failed", error=error)
    runs["interrupted"] = session.start_run("interrupted")
    session.finish_run(runs["interrupted"], "interrupted")
    runs["capital"] = session.run("capital", experiment="Default")
    session.end()
    dead = fake_kernel(home, dead=True)
    runs["killed"] = dead.start_run("killed")
    dead.log(runs["killed"], "loss", [(0, 1.0), (1, 0.5)])
    rerun = fake_kernel(home, rerun_of=runs["whole"])
    runs["prefix"] = rerun.run("prefix", prefix=True)
    runs["rerun"] = rerun.run("whole", rerun_of=runs["whole"])
    rerun.end()
    write_verdict(home, runs["rerun"], Verdict(verdict="DIVERGED", reason="loss differs", compared=3))
    return runs


def record_whole(session) -> str:
    """A run that has everything a run can have."""
    session.cell("import torch")
    cell = session.cell("train()", outcome=None)
    run = session.start_run("whole", cell=cell, kind="cell", seed=7)
    values = np.sin(np.linspace(0, 50, STEPS))
    values[12_345] = SPIKE
    session.log(run, "loss", enumerate(values.tolist()))
    session.log(run, "odd", [(0, 1.0), (1, math.nan), (2, math.inf), (3, -math.inf), (3, -math.inf)])
    session.log(run, "a?b/../é", [(0, 3.0)])
    session.params(run, lr=0.1, layers=[1, 2], name="x" * 10_000, **{"what?": True})
    session.write(ev.TagsSet(time=1.0, run_id=run, tags={"team": "vision", "plan:b": "yes"}))
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="first"))
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="second"))
    session.environment(run)
    patch = session.objects.put(b"--- a\n+++ b\n")
    session.write(
        ev.GitCaptured(time=1.0, run_id=run, root="repo", commit="c0ffee", branch="main", dirty=True, patch=patch)
    )
    session.artifact(run, "models/best.pt", b"weights")
    damaged = session.artifact(run, "damaged.bin", b"as it was")
    (session.home.objects / damaged).write_bytes(b"as it is")
    for path in ("/etc/absolute", "../up", "runlore/curves.parquet", "models/best.pt/inside"):
        session.artifact(run, path, path.encode())
    session.finish_run(run, cell=cell)
    session.finish_cell(cell)
    session.cell("later()")
    return run


def test_a_run_shows_under_mlflows_own_conventions(story):
    _, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    tags = run.data.tags
    assert (run.info.run_name, run.info.status) == ("whole", "FINISHED")
    assert run.info.end_time - run.info.start_time == pytest.approx(1500, abs=2)
    assert tags["mlflow.user"] == "ada"
    assert (tags["mlflow.source.type"], tags["mlflow.source.name"]) == ("NOTEBOOK", "train.ipynb")
    assert tags["mlflow.source.git.commit"] == "c0ffee"
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.dirty"] == "true"
    assert tags["mlflow.note.content"] == "first\n\nsecond"
    assert (tags["team"], tags["plan:b"]) == ("vision", "yes")
    assert (tags["runlore.status"], tags["runlore.seed"]) == ("finished", "7")
    assert (tags["runlore.python"], tags["runlore.platform"]) == ("3.11.7", "Linux-6.1")


def test_params_fit_into_mlflow_and_what_was_changed_is_said(story):
    _, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    params, tags = run.data.params, run.data.tags
    assert (params["lr"], params["layers"]) == ("0.1", "[1, 2]")
    assert params[mlflow_name("what?")] == "True"
    assert len(params["name"]) == 6000
    assert json.loads(tags["runlore.truncated_params"]) == ["name"]
    renamed = json.loads(tags["runlore.renamed"])
    assert renamed == {mlflow_name(name): name for name in ("what?", "a?b/../é")}


def test_a_long_curve_is_decimated_with_its_spike_and_its_last_value(story):
    _, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    points = history(config, run.info.run_id, "loss")
    assert len(points) <= 2500
    assert (12_345, SPIKE) in points
    assert points[-1][0] == STEPS - 1
    assert run.data.metrics["loss"] == points[-1][1]


def test_numbers_that_are_none_and_odd_names_arrive(story):
    _, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    odd = dict(history(config, run.info.run_id, "odd"))
    assert odd[0] == 1.0
    assert math.isnan(odd[1])
    assert odd[2] > 1e308
    assert odd[3] < -1e308
    assert history(config, run.info.run_id, mlflow_name("a?b/../é")) == [(0, 3.0)]


def test_artifacts_come_with_the_whole_record(story, tmp_path):
    import pyarrow.parquet as pq

    _, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    folder = Path(client(config).download_artifacts(run.info.run_id, "", str(tmp_path)))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    own = {"curves.parquet", "environment.json", "changes.patch", "cells.json"}
    assert files == {"models/best.pt"} | {f"runlore/{name}" for name in own}
    assert (folder / "models/best.pt").read_bytes() == b"weights"
    assert (folder / "runlore/changes.patch").read_bytes() == b"--- a\n+++ b\n"
    assert json.loads((folder / "runlore/environment.json").read_text())["packages"]["torch"] == "2.13.0"
    cells = json.loads((folder / "runlore/cells.json").read_text())
    assert [(cell["source"], cell["of_run"]) for cell in cells] == [("import torch", False), ("train()", True)]
    curves = pq.read_table(folder / "runlore/curves.parquet").to_pandas()
    loss = curves[curves.metric == "loss"]
    assert len(loss) == STEPS
    assert loss.value.iloc[12_345] == SPIKE
    assert loss.step.tolist() == list(range(STEPS))
    assert len(curves[curves.metric == "odd"]) == 5


def test_artifacts_that_cannot_be_trusted_stay_away_and_are_named(story):
    home, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    missing = run.data.tags["runlore.missing_artifacts"]
    for path in ("damaged.bin", "/etc/absolute", "../up", "runlore/curves.parquet", "models/best.pt/inside"):
        assert path in missing
    for path in home.objects.iterdir():
        assert path.read_bytes() != b"", "objects are linked, never written"


def test_every_way_to_end_has_its_status(story):
    _, config, runs = story
    found = {name: in_mlflow(config, runs[name])[0] for name in ("failed", "interrupted", "killed")}
    assert {name: run.info.status for name, run in found.items()} == {
        "failed": "FAILED",
        "interrupted": "KILLED",
        "killed": "KILLED",
    }
    assert found["killed"].data.tags["runlore.status"] == "killed"
    assert found["failed"].data.tags["runlore.error"] == "ValueError: no"
    assert history(config, found["killed"].info.run_id, "loss") == [(0, 1.0), (1, 0.5)]


def test_a_rerun_is_a_child_of_its_original_with_its_verdict(story):
    _, config, runs = story
    (original,) = in_mlflow(config, runs["whole"])
    (rerun,) = in_mlflow(config, runs["rerun"])
    assert rerun.data.tags["mlflow.parentRunId"] == original.info.run_id
    assert rerun.data.tags["runlore.rerun_of"] == runs["whole"]
    assert rerun.data.tags["runlore.verdict"] == "DIVERGED"
    assert rerun.data.tags["runlore.verdict.reason"] == "loss differs"
    assert in_mlflow(config, runs["prefix"]) == []


def test_mlflows_default_experiment_with_its_artifacts_in_some_directory_is_avoided(story):
    home, config, runs = story
    (run,) = in_mlflow(config, runs["capital"], experiment="default")
    assert run.info.artifact_uri.startswith((home.path / "mlflow" / "artifacts").as_uri())


def test_the_same_runs_show_as_a_table_of_mlflow(story):
    import mlflow

    _, config, runs = story
    mlflow.set_tracking_uri(config.tracking_uri)
    table = mlflow.search_runs(experiment_names=["digits"])
    assert set(table["tags.runlore.run_id"]) == {
        runs[name] for name in ("whole", "failed", "interrupted", "killed", "rerun")
    }


def test_an_id_of_mlflow_finds_the_run(story):
    home, config, runs = story
    (run,) = in_mlflow(config, runs["whole"])
    store = RunStore(home)
    store.refresh()
    assert store.find(run.info.run_id).run_id == runs["whole"]


def test_exporting_again_even_without_its_own_notes_makes_no_second_run(story, eventually):
    home, config, runs = story
    points = history(config, in_mlflow(config, runs["whole"])[0].info.run_id, "loss")
    for path in (home.path / "mlflow").glob("exports.sqlite*"):
        path.unlink()
    write_verdict(home, runs["rerun"], Verdict(verdict="BIT-EXACT", reason="the same bits", compared=3))
    export(home, eventually)
    for name in ("whole", "failed", "interrupted", "killed", "rerun"):
        assert len(in_mlflow(config, runs[name])) == 1
    (run,) = in_mlflow(config, runs["whole"])
    assert history(config, run.info.run_id, "loss") == points
    assert in_mlflow(config, runs["rerun"])[0].data.tags["runlore.verdict"] == "BIT-EXACT"
