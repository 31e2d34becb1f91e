"""Sweeps on the command line, from what is refused to what is left of one that was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState
from optuna_dashboard import wsgi

from runlore.home import Home
from runlore_server.cli import main
from runlore_server.companion.process import command_of
from runlore_server.provenance.provenance import Provenance
from runlore_server.queue.announcing import announced
from runlore_server.queue.ledger import Ledger
from runlore_server.store.curves import read_points
from runlore_server.store.runs import RunStore
from runlore_server.sweep.driving import wants_driver
from runlore_server.sweep.sweep import FOLDER, SweepFolder, find, folders
from tests.rerun.conftest import wait_until
from tests.sweep.conftest import Swept


def runs(swept: Swept) -> RunStore:
    store = RunStore(swept.recorded.home)
    store.refresh()
    return store


@pytest.mark.parametrize(
    ("arguments", "reason", "said"),
    [
        (["-p", "lr=log:0..1", "--metric", "val_loss"], "SpaceRefused", "above 0"),
        (["-p", "rate=0..1", "--metric", "val_loss"], "ParameterRefused", "no parameter 'rate'"),
        (["-p", "lr=0.1", "--metric", "val_loss"], "ParameterRefused", "no point to choose"),
        (["-p", "lr=0..1", "--metric", "val_los"], "OptionsRefused", "did you mean val_loss"),
        (["-p", "lr=0..1", "lr=1..2", "--metric", "val_loss"], "OptionsRefused", "given twice"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--sampler", "grid"], "SpaceRefused", "needs steps"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--where", "lr > 2"], "SpaceRefused", "none meets"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--steps", "1..9"], "OptionsRefused", "choose a pruner"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--detach"], "OptionsRefused", "no Jupyter server"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--backend", "moon"], "OptionsRefused", "no backend is called"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--gpus", "900"], "OptionsRefused", "GPU"),
        (["-p", "lr=0..1", "--metric", "val_loss", "--seeds", "9999"], "InvalidRequest", "seeds"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_starts(
    swept: Swept, arguments: list[str], reason: str, said: str
) -> None:
    before = len(folders(swept.recorded.home))
    error = swept.sweep(*arguments, code=2)["error"]
    assert error["reason"] == reason
    assert said in error["message"]
    assert len(folders(swept.recorded.home)) == before


def test_a_grid_is_run_to_its_end_and_its_trials_are_runs_like_others(swept: Swept) -> None:
    asked = ["-p", "lr=0.01,1", "layers=2", "--metric", "val_loss", "--sampler", "grid", "--name", "two"]
    passed_on = ["--kernel", "python3", "--whole", "--priority", "3", "--retries", "1", "--timeout", "2m"]
    sweep = swept.sweep(*asked, "--value", "tail", *passed_on)
    assert (sweep["state"], sweep["counts"]) == ("finished", {"complete": 2})
    best = sweep["best"]
    assert best["parameters"] == {"lr": 0.01}
    store = runs(swept)
    for trial in sweep["trials"]:
        run = store.find(trial["runs"][0])
        assert (run.rerun_of, run.params["lr"], run.params["layers"]) == (
            swept.run_id,
            trial["parameters"]["lr"],
            2,
        )
        points = read_points(run.metrics["val_loss"])["value"]
        assert trial["value"] == points[-1]
        frozen = swept.study(sweep["sweep_id"]).trials[trial["number"]]
        assert (frozen.value, frozen.params) == (trial["value"], trial["parameters"])
        assert list(frozen.intermediate_values.values()) == points.tolist()
    named = ["--sweep", sweep["sweep_id"], "--state", "succeeded", "--limit", "1", "--json"]
    (job,) = swept.recorded.command("jobs", *named).json["jobs"]
    assert (job["run_id"], job["priority"]) == (sweep["trials"][1]["runs"][0], 3)
    shown = swept.recorded.command("sweeps", sweep["sweep_id"][:6])
    assert best["runs"][0] in shown.stdout
    for refused in (["--within", "1m"], ["--detach"], ["--extend", "1000000"]):
        assert main(["sweeps", sweep["sweep_id"], *refused, "--home", str(swept.recorded.home.path)]) == 2
    driver = [*command_of("runlore_server.sweep.process"), str(swept.recorded.home.path), sweep["sweep_id"]]
    assert subprocess.Popen(driver, stdin=subprocess.PIPE).wait(60) == 0, "a server's driver has nothing to do"
    listed = swept.recorded.command("sweeps", "--json").json["sweeps"]
    assert {"two"} <= {one["request"]["name"] for one in listed}


def test_nobody_drives_a_sweep_whose_file_is_damaged(tmp_path: Path) -> None:
    folder = SweepFolder(Home(tmp_path), "0" * 12)
    folder.path.mkdir(parents=True)
    folder.sweep_file.write_text("{")
    assert not wants_driver(folder)


@pytest.mark.thorough
def test_optuna_dashboard_opens_it(swept: Swept) -> None:
    sweep = swept.sweep("-p", "lr=0.01,1", "layers=2", "--metric", "val_loss", "--sampler", "grid")
    app = wsgi(swept.study(sweep["sweep_id"])._storage)
    answer: dict[str, str] = {}
    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/studies", "SERVER_NAME": "x"}
    environ |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": None, "QUERY_STRING": ""}
    body = b"".join(app(environ, lambda status, _headers, _info=None: answer.update(status=status)))
    assert answer["status"].startswith("200")
    assert sweep["sweep_id"] in body.decode()


def test_a_bad_trial_is_pruned_while_it_trains_and_keeps_its_points(swept: Swept) -> None:
    arguments = ["-p", "lr=0.01,0.00001,1", "epochs=60", "pause=0.2", "--metric", "val_loss"]
    sweep = swept.sweep(*arguments, "--sampler", "grid", "--pruner", "halving", "--steps", "3..60", "--jobs", "1")
    assert [trial["state"] for trial in sweep["trials"]] == ["complete", "pruned", "pruned"]
    store = runs(swept)
    for trial in sweep["trials"][1:]:
        run = store.find(trial["runs"][0])
        points = read_points(run.metrics["val_loss"])
        assert 3 <= len(points) < 60
        assert run.status != "finished"
        assert trial["why"] == f"pruned at step {trial['pruned_at']}"
        assert run.tags["runlore.pruned_at"] == str(trial["pruned_at"])
    jobs = {job["run_id"]: job for job in swept.recorded.command("jobs", "--json").json["jobs"]}
    told = [jobs[trial["runs"][0]]["pruned_at"] for trial in sweep["trials"]]
    assert told == [trial["pruned_at"] for trial in sweep["trials"]]
    assert told[0] is None
    assert told[1] >= 3
    for command in ("runs", "jobs"):
        lines = {line.split()[0][:8]: line for line in swept.recorded.command(command).stdout.splitlines() if line}
        shown = [lines[trial["runs"][0][:8]] for trial in sweep["trials"]]
        assert ["pruned" in line for line in shown] == [False, True, True]
        assert "CHANGED: epochs, lr, pause" in shown[0]
    assert (
        f"pruned by its sweep at step {told[1]}"
        in swept.recorded.command("show", sweep["trials"][1]["runs"][0]).stdout
    )
    graph = Provenance(swept.recorded.home, store).lineage(store.find(swept.run_id))
    assert {node.run_id: node.pruned_at for node in graph.nodes}.items() >= {
        (trial["runs"][0], step) for trial, step in zip(sweep["trials"], told, strict=True)
    }


def test_no_trial_begins_after_the_time_that_was_given(swept: Swept) -> None:
    arguments = ["-p", "lr=log:1e-4..1", "pause=1", "--metric", "val_loss", "--within", "3s", "--jobs", "1"]
    home, process = swept.recorded.home, swept.recorded.start("sweep", swept.run_id, *arguments, "--json")
    with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
        wait_until(lambda: announced(ledger, time.time()).requests)
        wait_until(lambda: any((trial.step or 0) >= 3 for trial in folders(home)[0].progress().trials))
        wait_until(lambda: ledger.in_state("running") and not announced(ledger, time.time()).requests)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    sweep = json.loads(stdout)
    assert [sweep["state"], *(trial["state"] for trial in sweep["trials"])] == ["finished", "complete"]


@pytest.mark.thorough
def test_a_point_with_several_seeds_counts_with_their_center(swept: Swept) -> None:
    asked = ["-p", "lr=0.01,1", "--metric", "val_loss", "--trials", "1", "--seeds", "3", "--sampler", "grid"]
    (trial,) = swept.sweep(*asked)["trials"]
    store = runs(swept)
    ends = [read_points(store.find(run).metrics["val_loss"])["value"][-1] for run in trial["runs"]]
    assert len(set(ends)) == 3, "each seed gave other random numbers"
    assert trial["value"] == statistics.fmean(ends)
    (trial,) = swept.sweep(*asked, "--center", "median", "--maximize", "--value", "best")["trials"]
    store.refresh()
    best = [read_points(store.find(run).metrics["val_loss"])["value"].max() for run in trial["runs"]]
    assert trial["value"] == statistics.median(best)


@pytest.mark.thorough
def test_what_comes_to_nothing_is_told_apart(swept: Swept) -> None:
    """NaN is the worst value, a training that breaks teaches nothing, a metric that is missing ends it all."""
    nan = swept.sweep("-p", "mode=fine,nan", "epochs=2", "--metric", "val_loss", "--sampler", "grid")
    assert [trial["state"] for trial in nan["trials"]] == ["complete", "pruned"]
    assert nan["trials"][1]["why"] == "its val_loss is nan"
    broken = swept.sweep("-p", "mode=fine,raise", "epochs=2", "--metric", "val_loss", "--sampler", "grid")
    assert [trial["state"] for trial in broken["trials"]] == ["complete", "failed"]
    all_broken = swept.sweep("-p", "mode=raise", "epochs=2,3", "--metric", "val_loss", "--sampler", "grid", code=1)
    assert [trial["state"] for trial in all_broken["trials"]] == ["failed", "failed"]
    mute = swept.sweep(
        "-p", "mode=mute", "lr=0.1,0.2,0.3", "epochs=2", "--metric", "val_loss", "--sampler", "grid", code=1
    )
    assert mute["state"] == "failed"
    assert len(mute["trials"]) <= 2
    assert "metrics that it logged: other" in mute["error"]


def test_a_sweep_that_was_killed_goes_on_with_no_trial_lost_or_doubled(swept: Swept) -> None:
    home = swept.recorded.home
    known = {folder.sweep_id for folder in folders(home)}
    arguments = ["-p", "lr=0.01,0.1,1", "pause=0.3", "--metric", "val_loss", "--sampler", "grid", "--jobs", "1"]
    process = swept.recorded.start("sweep", swept.run_id, *arguments)

    def begun() -> SweepFolder | None:
        new = [folder for folder in folders(home) if folder.sweep_id not in known]
        return new[0] if new and any(trial.state == "complete" for trial in new[0].progress().trials) else None

    folder = wait_until(begun)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    done = swept.recorded.command("sweeps", folder.sweep_id, "--resume", "--json")
    assert done.code == 0, done.stderr
    sweep = done.json
    assert (sweep["state"], sweep["counts"]) == ("finished", {"complete": 3})
    assert [trial["parameters"]["lr"] for trial in sweep["trials"]] == [0.01, 0.1, 1.0]
    with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
        jobs = {row.run_id for row in ledger.all(sweep=folder.sweep_id)}
    assert jobs == {run for trial in sweep["trials"] for run in trial["runs"]}
    assert len(jobs) == 3


@pytest.mark.thorough
def test_a_sweep_that_has_ended_is_extended(swept: Swept) -> None:
    sweep = swept.sweep("-p", "lr=log:0.001..1", "epochs=2", "--metric", "val_loss", "--trials", "1")
    assert sweep["counts"] == {"complete": 1}
    extended = swept.recorded.command("sweeps", sweep["sweep_id"], "--extend", "1", "--json").json
    assert (extended["state"], extended["counts"]) == ("finished", {"complete": 2})
    assert extended["trials"][0] == sweep["trials"][0]


@pytest.mark.thorough
def test_ctrl_c_stops_a_sweep_and_gives_its_trials_back(swept: Swept) -> None:
    home = swept.recorded.home
    known = {folder.sweep_id for folder in folders(home)}
    process = swept.recorded.start(
        "sweep", swept.run_id, "-p", "lr=log:0.001..1", "pause=5", "--metric", "val_loss"
    )

    def running() -> str | None:
        new = [folder for folder in folders(home) if folder.sweep_id not in known]
        return new[0].sweep_id if new and new[0].progress().trials else None

    sweep_id = wait_until(running)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    progress = find(home, sweep_id).progress()
    assert progress.state == "stopped"
    assert not progress.trials, "what was cut short does not count"
    frozen = swept.study(sweep_id).trials
    given_back = [trial for trial in frozen if trial.state == TrialState.FAIL]
    assert [trial.state for trial in frozen[len(given_back) :]] == [TrialState.WAITING] * len(given_back)
    assert (home.path / FOLDER / sweep_id / "sweep.json").is_file()
