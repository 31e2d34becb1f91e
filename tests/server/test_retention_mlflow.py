"""Retention and MLflow: what MLflow holds stays whole, what is gone is named in an export."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from mlflow import MlflowClient

from runlore.home import Home
from runlore_server.retention.notes import RetentionNotes
from runlore_server.retention.rule import made
from tests.journals import FakeKernel
from tests.server.collecting import age, gc, objects, trained


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A home, the address of its MLflow, runs of which one lost its model before they came there, and others."""
    directory = tmp_path_factory.mktemp("mlflow")
    home, uri = Home(directory / "home"), f"sqlite:///{directory}/team.db"
    stripped = trained(lambda: FakeKernel(home), 0.5, 0.1, experiment="stripped")
    RetentionNotes(home).put(made("stripped", keep_last=1))
    age(home)
    gc(home)
    whole = trained(lambda: FakeKernel(home), 0.5, 0.4, 0.3, 0.2, 0.6)
    done = subprocess.run(
        [sys.executable, "-m", "runlore_server.cli", "ingest", "--home", str(home.path)],
        env={**os.environ, "RUNLORE_TRACKING_URI": uri},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home, uri, stripped, whole


def _in_mlflow(client, experiment):
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return {run.data.tags["runlore.run_id"]: run for run in found}


def test_an_export_names_what_retention_removed(exported):
    _, uri, runs, _ = exported
    there = _in_mlflow(MlflowClient(uri), "stripped")
    missing = there[runs[0]].data.tags["runlore.missing_artifacts"]
    assert missing == f"model.pt: removed by retention on {time.strftime('%Y-%m-%d')} (keep last 1)"
    assert "runlore.missing_artifacts" not in there[runs[1]].data.tags


def test_runs_that_mlflow_holds_stay_whole_and_mlflow_keeps_its_copies(exported, monkeypatch, tmp_path):
    home, uri, _, runs = exported
    client = MlflowClient(uri)
    there = _in_mlflow(client, "digits")
    client.create_registered_model("digits")
    info = there[runs[1]].info
    client.create_model_version("digits", source=f"{info.artifact_uri}/model.pt", run_id=info.run_id)
    client.set_tag(there[runs[4]].info.run_id, "keep", "")  # the way to pin a run that has ended
    RetentionNotes(home).put(made("digits", keep_best=1, metric="val_loss"))
    age(home)
    # As long as MLflow cannot be asked, nothing goes that it may hold.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNLORE_TRACKING_URI", "http://127.0.0.1:9")
    told = gc(home)
    assert told["retired"] == []
    assert "cannot be asked for registered" in told["notes"][0]
    monkeypatch.setenv("RUNLORE_TRACKING_URI", uri)
    before = len(objects(home))
    assert {one["run_id"] for one in gc(home)["retired"]} == {runs[0], runs[2]}
    assert len(objects(home)) == before - 2
    assert "model.pt" in {file.path for file in client.list_artifacts(there[runs[0]].info.run_id)}
    assert list(tmp_path.iterdir()) == []  # MLflow left nothing where the command was run
