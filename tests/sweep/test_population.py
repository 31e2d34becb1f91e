"""Population-based training: generations that go on from checkpoints, and what is left of one that was killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.rerun.literals import Place
from runlore_server.rerun.parameters import Parameter
from runlore_server.store.curves import read_points
from runlore_server.store.runs import RunStore
from runlore_server.sweep.member import Member, member_of
from runlore_server.sweep.proposer import Proposer
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.space import Space, space
from runlore_server.sweep.study import Study
from runlore_server.sweep.sweep import Sweep, SweepFolder, folders
from tests.rerun.conftest import record, wait_until
from tests.sweep.conftest import Swept

SETTINGS = "import numpy as np, runlore, time\nlr = 0.01\nepochs = 3\npause = 0.0\nkeep = True"
TRAINING = """%%track fit
saved = runlore.checkpoint() / "state.npz"
if saved.exists():
    state = np.load(saved)
    weights, done = state["weights"], int(state["done"])
else:
    weights, done = np.full(3, 5.0), 0
for epoch in range(done, done + epochs):
    time.sleep(pause)
    weights = weights * (1 - lr)
    runlore.log(val_loss=float((weights ** 2).sum()), step=epoch)
if keep:
    np.savez(saved, weights=weights, done=done + epochs)
else:
    saved.unlink(missing_ok=True)
"""
ASKED = ["-p", "lr=log:0.001..0.5", "--metric", "val_loss", "--sampler", "population", "--sampler-seed", "5"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """A recorded run that leaves a checkpoint."""
    return Swept(record(tmp_path_factory.mktemp("population"), ["%load_ext runlore", SETTINGS, TRAINING]))


def runs(swept: Swept) -> dict[str, RunRecord]:
    store = RunStore(swept.recorded.home)
    store.refresh()
    return {run.run_id: run for run in (store.find(one.run_id) for one in [*store.reruns_of(swept.run_id)])}


def check_lineage(swept: Swept, sweep: dict[str, Any], members: int) -> dict[str, RunRecord]:
    """Each trial began where the one that it is said to go on from had ended; the runs of the trials."""
    known = runs(swept)
    made = {trial["runs"][0]: trial for trial in sweep["trials"]}
    places = [(trial["generation"], trial["member"]) for trial in sweep["trials"]]
    assert sorted(places) == [(at // members, at % members) for at in range(len(places))]
    for run_id, trial in made.items():
        run, source = known[run_id], trial["resumed_from"]
        assert run.checkpoint is not None
        assert run.checkpoint.source == source == run.tags.get("runlore.resumed_from")
        assert run.tags["runlore.sweep"] == sweep["sweep_id"]
        steps = read_points(run.metrics["val_loss"])["step"].tolist()
        if trial["generation"] == 0:
            assert (source, steps[0]) == (None, 0)
        else:
            assert made[source]["generation"] == trial["generation"] - 1
            assert run.checkpoint.files == known[source].checkpoint_files
            assert steps[0] == read_points(known[source].metrics["val_loss"])["step"][-1] + 1
    return {run_id: known[run_id] for run_id in made}


@pytest.mark.thorough
def test_a_population_goes_on_from_its_best_and_each_member_can_be_verified(kept: Swept) -> None:
    sweep = kept.sweep(*ASKED, "--population", "4", "--trials", "12", "--jobs", "2")
    assert (sweep["state"], sweep["counts"]) == ("finished", {"complete": 12})
    made = check_lineage(kept, sweep, members=4)
    for generation in (0, 1):
        before = [trial for trial in sweep["trials"] if trial["generation"] == generation]
        after = {trial["member"]: trial for trial in sweep["trials"] if trial["generation"] == generation + 1}
        ranked = sorted(before, key=lambda trial: trial["value"])
        for trial in ranked[:-1]:
            successor = after[trial["member"]]
            assert (successor["resumed_from"], successor["parameters"]) == (trial["runs"][0], trial["parameters"])
        taken_over = after[ranked[-1]["member"]]
        assert taken_over["resumed_from"] == ranked[0]["runs"][0]
        assert taken_over["parameters"] != ranked[0]["parameters"]
    frozen = kept.study(sweep["sweep_id"]).trials[-1]
    assert frozen.user_attrs["generation"] == 2
    last = made[sweep["trials"][-1]["runs"][0]]
    verified = kept.recorded.command("verify", last.run_id, "--json")
    assert verified.code == 0, verified.stdout + verified.stderr
    for run_id in made:
        folder = kept.recorded.home.curves(made[run_id].session_id, run_id) / "checkpoint"
        assert not folder.exists(), "the objects have what it held"
    # What began with a checkpoint can leave the home with its files, or not at all.
    for target in (last.run_id, sweep["sweep_id"]):
        refused = kept.recorded.command("export", target, "--as", "script", "-o", "-", "--json")
        assert refused.code == 2, refused.stdout
        assert "'runlore bundle" in refused.stdout
    # Without the checkpoint nothing is rerun from another start.
    (digest,) = last.checkpoint.files.values() if last.checkpoint is not None else ()
    ObjectStore(kept.recorded.home.objects).path(digest).rename(kept.recorded.home.path / "aside")
    try:
        refused = kept.recorded.command("verify", last.run_id, "--json")
        assert refused.code == 2
        assert "checkpoint of run" in refused.stdout
    finally:
        (kept.recorded.home.path / "aside").rename(ObjectStore(kept.recorded.home.objects).path(digest))


@pytest.mark.thorough
def test_a_population_that_was_killed_goes_on_with_no_member_lost_or_doubled(kept: Swept) -> None:
    home = kept.recorded.home
    known = {folder.sweep_id for folder in folders(home)}
    asked = [*ASKED, "--population", "2", "--trials", "6", "--jobs", "1", "-p", "pause=0.2"]
    process = kept.recorded.start("sweep", kept.run_id, *asked)

    def in_second_generation() -> SweepFolder | None:
        new = [folder for folder in folders(home) if folder.sweep_id not in known]
        trials = new[0].progress().trials if new else []
        return new[0] if any(trial.generation == 1 and trial.state == "running" for trial in trials) else None

    folder = wait_until(in_second_generation)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    done = kept.recorded.command("sweeps", folder.sweep_id, "--resume", "--json")
    assert done.code == 0, done.stderr
    assert (done.json["state"], done.json["counts"]) == ("finished", {"complete": 6})
    check_lineage(kept, done.json, members=2)


def test_a_notebook_without_checkpoints_is_told_how_to_keep_them(swept: Swept, kept: Swept) -> None:
    arguments = ["-p", "lr=0.001..0.5", "--metric", "val_loss", "--sampler", "population"]
    refused = swept.sweep(*arguments, code=2)["error"]
    assert refused["reason"] == "OptionsRefused"
    assert "runlore.checkpoint()" in refused["message"]
    assert "one seed" in kept.sweep(*arguments, "--seeds", "2", code=2)["error"]["message"]
    assert "prunes by itself" in kept.sweep(*arguments, "--pruner", "median", code=2)["error"]["message"]
    assert "sampler 'population'" in kept.sweep(*ASKED[:4], "--population", "4", code=2)["error"]["message"]
    ended = kept.sweep(*ASKED, "-p", "keep=False", "--population", "2", "--jobs", "1", code=1)
    assert ended["state"] == "failed"
    assert "left nothing in the folder of its checkpoint" in ended["error"]
    assert len(ended["trials"]) == 1


KNOWN = [
    Parameter(name, value, Place(0, 1, 0, 1, 1)) for name, value in (("lr", 0.05), ("width", 4), ("act", "a"))
]


def trained(home: Home, made: Space, asked: dict[str, Any], generations: int, worth: Any) -> list[list[Any]]:
    """The trials of each generation of 8, by member; every value is known at once."""
    request = SweepRequest(
        run_id="r", parameters={}, metric="loss", sampler="population", population=8, sampler_seed=1, **asked
    )
    study = Study(home, Sweep(sweep_id="a" * 12, request=request, created=0.0), made, None)
    for _ in range(generations * 8):
        found = Proposer(made, request).next(study.trials())
        assert found is not None
        trial = study.begin(*found)
        study.put_runs(trial, [f"run-{trial.number}"])
        value = worth(trial.number, found[0])
        study.complete(trial, value) if value is not None else study.fail(trial, "it broke")
    found = [trial for trial in study.trials() if member_of(trial) is not None]
    study.close()
    return [found[at : at + 8] for at in range(0, len(found), 8)]


def test_the_worst_quarter_takes_over_and_explores_within_the_space(tmp_path: Path) -> None:
    made = space(KNOWN, {"lr": "log:0.001..0.5", "width": "1..8", "act": "a,b"}, ["width * lr < 2"])
    first, second = trained(Home(tmp_path), made, {"direction": "maximize"}, 2, lambda number, _: float(number))
    for trial in second:
        member = member_of(trial)
        assert member is not None
        if member.number >= 2:
            assert member == Member(member.number, 1, f"run-{member.number}")
            assert trial.params == first[member.number].params
        else:
            assert member.source in ("run-6", "run-7")
            taken = first[int(member.source[-1])].params
            assert trial.params != taken
            assert made.holds(trial.params)


def test_members_that_failed_take_over_and_a_generation_without_any_ends_it(tmp_path: Path) -> None:
    made = space(KNOWN, {"lr": "log:0.001..0.5"})
    _, second = trained(Home(tmp_path), made, {}, 2, lambda number, _: 1.0 if number in (3, 11) else None)
    assert {member.source for trial in second if (member := member_of(trial)) is not None} == {"run-3"}
    with pytest.raises(Exception, match="nothing to go on from"):
        trained(Home(tmp_path / "none"), made, {}, 2, lambda *_: None)


def test_a_step_of_exploration_moves_by_a_fifth_or_to_the_next_value() -> None:
    made = space(KNOWN, {"lr": "log:0.001..0.5", "width": "1..8", "act": "a,b"})
    lr, width, act = made.dimensions
    assert np.isclose(lr.nearby(0.1, 1.2), 0.12)
    assert lr.nearby(0.5, 1.2) == 0.5
    assert [width.nearby(value, 0.8) for value in (8, 2, 1)] == [6, 1, 1]
    assert [width.nearby(value, 1.2) for value in (2, 8)] == [3, 8]
    assert act.nearby("a", 1.2) == "a"
    powers = space(KNOWN, {"width": "log2:2..16"}).dimensions[0]
    assert [powers.nearby(value, 1.2) for value in (2, 16)] == [4, 16]
