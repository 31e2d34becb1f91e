"""Which artifacts retention rules let go, and what is said of those."""

from __future__ import annotations

import json
import os
import tempfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore import events as ev
from runlore.home import Home
from runlore_server.cli import main
from runlore_server.config import Config
from runlore_server.retention.collection import collect
from runlore_server.retention.daily import DailyRetention
from runlore_server.retention.notes import RetentionNotes, retired
from runlore_server.retention.rule import made
from runlore_server.retention.survey import survey
from tests.journals import FakeKernel
from tests.server.collecting import DAY, age, gc, objects, start_gc, trained, tree


@pytest.fixture
def runlore(home, capsys):
    """A command on the home; gives exit code and what it printed, with ``--json`` as an object."""

    def command(*arguments):
        code = main(["--home", str(home.path), *arguments])
        out = capsys.readouterr().out
        return code, json.loads(out) if "--json" in arguments else out

    return command


def _lost(home):
    return {(one.run_id, one.path) for one in RetentionNotes(home).retired()}


def _models(runs):
    return {(run, "model.pt") for run in runs}


def test_models_of_all_but_the_best_runs_go_and_their_record_stays(home, kernel, runlore):
    runs = trained(kernel, 0.5, 0.1, 0.3, 0.2)
    age(home)
    code, told = runlore("retention", "digits", "--keep-best", "2", "--metric", "val_loss", "--json")
    assert code == 0
    assert told["rules"][0] == {
        **told["rules"][0],
        "experiment": "digits",
        "keep_best": 2,
        "metric": "val_loss",
        "best": "min",
    }
    before = tree(home)
    would = gc(home, "--dry-run")
    assert tree(home) == before
    assert would["removed"]["artifacts"]["count"] == 2
    done = gc(home)
    assert {(one["run_id"], one["path"]) for one in done["retired"]} == _models([runs[0], runs[2]]) == _lost(home)
    assert done["removed"] == would["removed"]
    assert len(objects(home)) == 4 + 2
    assert gc(home)["retired"] == []
    removed = retired(home, runs[0], "model.pt")
    assert str(removed) == f"removed by retention on {time.strftime('%Y-%m-%d')} (keep best 2 by min val_loss)"
    assert retired(home, runs[0], "notes.txt") is None
    assert retired(home, runs[1], "model.pt") is None
    _, shown = runlore("show", runs[0], "--json")
    artifacts = {artifact["path"]: artifact for artifact in shown["artifacts"]}
    assert artifacts["model.pt"]["size"] == removed.size
    assert artifacts["model.pt"]["digest"] == removed.digest
    assert artifacts["model.pt"]["removed"]["rule"] == removed.rule
    assert artifacts["notes.txt"]["removed"] is None
    assert f"model.pt   {removed.size} bytes, {removed}" in runlore("show", runs[0])[1]
    assert "removed by" not in runlore("show", runs[1])[1]


def test_rules_are_listed_replaced_and_removed(home, kernel, runlore):
    assert "No experiment has a rule" in runlore("retention")[1]
    assert not home.path.exists()
    trained(kernel, 0.5, experiment="texts")
    said = runlore("retention", "digits", "--keep-best", "3", "--metric", "accuracy")[1]
    assert "No run of experiment 'digits' is recorded so far (there are texts)." in said
    runlore("retention", "texts", "--keep-last", "2", "--keep-for", "30d", "--artifacts", "*.npy", "out/*")
    _, told = runlore("retention", "--json")
    assert {rule["experiment"]: (rule["best"], rule["keep_for"], rule["artifacts"]) for rule in told["rules"]} == {
        "digits": ("max", None, []),
        "texts": (None, 30 * DAY, ["*.npy", "out/*"]),
    }
    text = runlore("retention")[1]
    assert "digits: keep best 3 by max accuracy" in text
    assert "texts: keep last 2, 30 days; of other runs *.npy out/* are removed" in text
    assert "texts" not in runlore("retention", "digits")[1]
    runlore("retention", "digits", "--keep-best", "1", "--metric", "accuracy", "--min")
    assert RetentionNotes(home).rules()["digits"].best == "min"
    assert runlore("retention", "digits", "--remove")[0] == 0
    assert set(RetentionNotes(home).rules()) == {"texts"}
    code, told = runlore("retention", "digits", "--remove", "--json")
    assert (code, told["error"]["reason"]) == (2, "RuleNotFound")


@pytest.mark.parametrize(
    "arguments",
    [
        ["digits", "--keep-best", "3"],
        ["digits", "--metric", "loss"],
        ["digits", "--artifacts", "*.pt"],
        ["digits", "--keep-last", "1", "--max"],
        ["digits", "--keep-last", "1", "--artifacts", ""],
        ["digits", "--keep-last", "1", "--remove"],
        ["--keep-last", "1"],
        ["--remove"],
    ],
)
def test_what_is_no_rule_is_refused(home, runlore, arguments):
    code, told = runlore("retention", *arguments, "--json")
    assert (code, told["error"]["reason"]) == (2, "InvalidRequest")
    assert not home.path.exists()


def test_a_damaged_or_later_file_of_rules_stops_gc_before_anything_goes(home, kernel, runlore):
    trained(kernel, 0.5, 0.1)
    runlore("retention", "digits", "--keep-last", "1")
    age(home)
    before = objects(home)
    file = home.path / "retention.sqlite"
    content = file.read_bytes()
    file.write_bytes(content[:60] + (99).to_bytes(4, "big") + content[64:])  # the version, in SQLite's header
    assert "upgrade Runlore" in gc(home, code=2)["error"]["message"]
    file.write_bytes(b"no database" * 100)
    for arguments in ((), ("--dry-run",)):
        assert "retention.sqlite is damaged" in gc(home, *arguments, code=2)["error"]["message"]
    assert "is damaged" in runlore("retention", "digits", "--keep-last", "2", "--json")[1]["error"]["message"]
    assert file.read_bytes().startswith(b"no database")
    assert objects(home) == before


def test_an_object_goes_only_with_the_last_run_that_keeps_it(home, kernel, runlore):
    session = kernel()
    for name in "abc":
        run = session.start_run(run_id=name * 16, time=1e9 + ord(name))
        session.artifact(run, "model.pt", b"own" + name.encode())
        session.artifact(run, "base.pt", b"the same for all")
        session.finish_run(run)
    session.end()
    runlore("retention", "digits", "--keep-last", "1")
    age(home)
    assert len(gc(home)["retired"]) == 4
    assert len(objects(home)) == 2
    runlore("retention", "digits", "--keep-for", "1d")
    assert gc(home)["removed"]["artifacts"]["count"] == 2
    assert objects(home) == set()


def test_what_merely_tells_of_the_file_keeps_no_object_and_all_else_does(home, kernel, runlore):
    """The usual way: a cell writes the model, logs it again and again, and a later one reads it."""
    session = kernel()
    ordinal = session.cell("torch.save(...)", outcome=None)
    now = time.time()
    run = session.start_run(time=1e9)
    first = session.artifact(run, "model.pt", b"after one epoch")
    last = session.artifact(run, "model.pt", b"after two epochs")
    shown = session.artifact(run, "shown.pt", b"its digest is in what a cell showed")
    coded = session.artifact(run, "code.bin", b"it was executed")
    for digest in (first, last, shown, coded):
        seen = {"time": now, "ordinal": ordinal, "path": "/m.pt", "digest": digest, "size": 1, "seen_by": "audit"}
        session.write(ev.FileWritten(**seen))
        session.write(ev.FileRead(**seen))
    session.write(ev.ScriptRead(time=now, ordinal=ordinal, path="/c.py", digest=coded, size=1, seen_by="fanotify"))
    many = json.dumps([["a", 1, first], ["b", 1, last]]).encode()
    listing = session.objects.put(many)
    session.write(
        ev.FileWritten(time=now, ordinal=ordinal, path="/many/", digest=listing, size=2, seen_by="audit")
    )
    outputs = session.objects.put(json.dumps([{"text": f"saved {shown}"}]).encode())
    session.write(ev.CellFinished(time=now, ordinal=ordinal, outcome="ok", duration=1.0, outputs=outputs))
    session.finish_run(run)
    session.end()
    folder = home.rerun("0123456789abcdef")
    folder.mkdir(parents=True)
    (folder / "data.json").write_text(json.dumps([{"recorded": last}]))
    runlore("retention", "digits", "--keep-for", "1d")
    age(home)
    os.utime(folder / "data.json")
    told = gc(home)
    assert len(told["retired"]) == 3
    assert told["removed"]["artifacts"]["count"] == 2
    assert objects(home) == {shown, coded, listing, outputs}


def test_pinned_runs_originals_of_reruns_and_open_ones_stay_whole(home, kernel, runlore):
    session = kernel()
    runs = {}
    for number, name in enumerate(["pinned", "original", "planned", "plain", "running"]):
        runs[name] = session.start_run(name, time=1e9 + number)
        session.artifact(runs[name], "model.pt", name.encode())
        if name == "pinned":
            session.write(ev.TagsSet(time=1e9, run_id=runs[name], tags={"keep": ""}))
        if name != "running":
            session.finish_run(runs[name])
    again = kernel()
    again.run(rerun_of=runs["original"], time=1e9)
    again.end()
    folder = home.rerun("0123456789abcdef")
    folder.mkdir(parents=True)
    plan = {
        "run_id": folder.name,
        "session_id": "s",
        "rerun_of": runs["planned"],
        "original": session.session_id,
        "target_cell": 0,
        "target_index": 0,
        "notebook": None,
        "kernel_name": None,
        "cells": [],
    }
    (folder / "plan.json").write_text(json.dumps(plan))
    runlore("retention", "digits", "--keep-for", "1d")
    age(home)
    gc(home)
    assert _lost(home) == {(runs["plain"], "model.pt")}  # though the session goes on
    assert len(objects(home)) == 4


def test_what_was_lost_before_is_not_said_to_be_removed_by_a_rule(home, kernel, runlore):
    runs = trained(kernel, 0.5, 0.1, 0.2)
    lost = {run.run_id: run for run in survey(home).runs}[runs[0]].artifacts["model.pt"].digest
    (home.objects / lost).unlink()
    runlore("retention", "digits", "--keep-last", "1")
    age(home)
    gc(home)
    assert _lost(home) == _models(runs[1:2])


def test_a_rule_that_went_changes_nothing_about_what_is_gone(home, kernel, runlore):
    runs = trained(kernel, 0.5, 0.1)
    runlore("retention", "digits", "--keep-last", "1")
    age(home)
    gc(home)
    runlore("retention", "digits", "--remove")
    assert gc(home)["retired"] == []
    assert _lost(home) == _models(runs[:1])


def test_a_killed_collector_has_noted_what_it_removes(home, kernel, runlore):
    runs = trained(kernel, *[number / 100 for number in range(40)])
    runlore("retention", "digits", "--keep-best", "1", "--metric", "val_loss")
    age(home)
    process = start_gc(home)
    while process.poll() is None and len(objects(home)) == 80:
        pass
    process.kill()
    process.communicate()
    store = {run.run_id: run for run in survey(home).runs}
    for run in runs:
        lost = home.objects / store[run].artifacts["model.pt"].digest
        assert lost.exists() or retired(home, run, "model.pt") or lost.with_name(f".doomed-{lost.name}").exists()
    gc(home)
    assert _lost(home) == _models(runs[1:])
    assert len(objects(home)) == 41


_CONTENTS = st.lists(st.integers(0, 5), max_size=4)
"""What a run logs one after the other, as numbers of contents; each also under a name that no rule is about."""

_RUNS = st.lists(st.tuples(_CONTENTS, st.integers(0, 1), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(_RUNS, st.integers(1, 3))
def test_whatever_shares_contents_each_run_that_was_not_told_to_lose_them_has_all(runs, keep):
    with tempfile.TemporaryDirectory() as directory:
        home = Home(f"{directory}/home")
        session, wanted, retirable = FakeKernel(home), set(), {}
        for number, (contents, which, pinned) in enumerate(runs):
            run = session.start_run(run_id=f"run-{number}", time=1e9 + number, experiment="ab"[which])
            if pinned:
                session.write(ev.TagsSet(time=1e9, run_id=run, tags={"keep": "yes"}))
            for content in contents:
                # Two names and several versions of one of them; the last counts.
                digest = session.artifact(run, f"{content % 2}.pt", f"weights {content}".encode())
                retirable.setdefault((run, f"{content % 2}.pt"), set()).add(digest)
                if content == 5:
                    wanted.add(session.artifact(run, "other.txt", f"weights {content}".encode()))
            session.finish_run(run)
        session.end()
        age(home)
        RetentionNotes(home).put(made("a", keep_last=keep))
        told = collect(Config.resolve(home.path, "sqlite://"))
        lost = {(one.run_id, one.path) for one in told.retired}
        for key, digests in retirable.items():
            if key not in lost:
                wanted |= digests
        assert (objects(home) if home.objects.exists() else set()) == wanted
        of_a = [
            f"run-{number}" for number, (contents, which, pinned) in enumerate(runs) if which == 0 and contents
        ]
        assert {run for run, _ in lost} <= set(of_a[:-keep])
        assert not {run for run, _ in lost} & {f"run-{number}" for number, run in enumerate(runs) if run[2]}


# -- the server ---------------------------------------------------------------------------------------------


@pytest.fixture
def planted(home, tmp_path, monkeypatch):
    """Modules in the home and where the server is, named as ours: nobody may execute them."""
    mark = tmp_path / "executed"
    for directory in (home.path, tmp_path):
        directory.mkdir(exist_ok=True)
        for module in ("msgspec", "runlore_server"):
            (directory / f"{module}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    yield
    assert not mark.exists()


@pytest.mark.usefixtures("planted")
def test_a_server_applies_the_rules_once_a_day_and_removes_nothing_else(home, kernel, runlore, eventually, caplog):
    trained(kernel, 0.5, 0.1)
    kernel().objects.put(b"nobody needs this, but nobody asked to remove it")
    age(home)
    before = objects(home)
    daily = DailyRetention(Config.resolve(home.path), wait=0.01, interval=0.05)
    daily.start()
    try:
        time.sleep(0.3)
        assert objects(home) == before  # there is no rule
        runlore("retention", "digits", "--keep-last", "1")
        eventually(lambda: RetentionNotes(home).applied() > 0)
        assert len(_lost(home)) == 1
        assert len(objects(home)) == len(before) - 1
        again = trained(kernel, 0.5, 0.1)
        age(home)
        time.sleep(0.3)
        assert not _lost(home) & _models(again)  # not today
        RetentionNotes(home).note_applied(time.time() - 2 * DAY)
        eventually(lambda: len(_lost(home)) > 1)
    finally:
        daily.shutdown()
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []
