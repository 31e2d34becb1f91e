"""What ``runlore gc`` removes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import sqlite3
import time

import msgspec
import pytest

from runlore import events as ev
from runlore.objects import ObjectStore
from runlore.process import ProcessIdentity
from runlore_server.ownership import Ownership
from runlore_server.rerun.environment import Complete
from runlore_server.store.archive import archive_run
from runlore_server.store.curves import read_points
from runlore_server.store.runs import RunStore
from tests.server.collecting import DAY, NOBODY_NEEDS, age, gc, objects, start_gc, tree


def _listing(*digests):
    return json.dumps({"of": list(digests)}).encode()


@pytest.fixture
def recorded(home, kernel):
    """A home with a closed session that needs objects in every way, and one object that nobody needs."""
    session, store = kernel(), ObjectStore(home.objects)
    wheel = store.put(b"PK wheel")
    lock = store.put(_listing(wheel))
    environment = store.put(_listing(lock))
    figure = store.put(b"PNG")
    outputs = store.put(json.dumps([{"data": {"image/png": {"blake3": figure}}}]).encode())
    names = store.put(b'["a.csv"]')
    later = store.put(b"of a later version")
    ordinal = session.cell("x = 1", outcome=None)
    now = time.time()
    session.write(
        ev.UncontrolledUsed(time=now, ordinal=ordinal, kind="directory contents", detail=f"{names} /data")
    )
    session.write(
        ev.ModuleLoaded(time=now, ordinal=ordinal, module="m", path="/m.py", digest=store.put(b"import os"))
    )
    snapshot = ev.Snapshot(digest=store.put(b"\x80pickle"), signature="s")
    session.write(
        ev.CellFinished(time=now, ordinal=ordinal, outcome="ok", duration=1.0, outputs=outputs, snapshot=snapshot)
    )
    run = session.start_run()
    session.write(ev.EnvironmentCaptured(time=now, run_id=run, digest=environment))
    session.artifact(run, "a.txt", b"an artifact")
    session.finish_run(run)
    session.end()
    with home.events(session.session_id).open("ab") as journal:
        journal.write(json.dumps({"type": "not_yet_known", "time": now, "deep": [{"in": later}]}).encode() + b"\n")
    needed = objects(home)
    nobody_needs = store.put(NOBODY_NEEDS)
    age(home)
    return needed, nobody_needs


def test_all_that_a_journal_needs_stays_and_the_rest_goes(home, recorded):
    needed, _ = recorded
    assert len(needed) == 10
    before = tree(home)
    told = gc(home, "--dry-run")
    assert tree(home) == before  # not a byte was written
    assert told["dry_run"]
    assert told["removed"]["objects"]["count"] == 1
    assert told["removed"]["objects"]["bytes"] == len(NOBODY_NEEDS)
    assert told["removed"]["objects"]["oldest"] == pytest.approx(time.time() - 30 * DAY, abs=600)
    done = gc(home)
    assert {**done, "seconds": 0, "dry_run": True} == {**told, "seconds": 0}
    assert objects(home) == needed
    assert gc(home)["removed"]["objects"]["count"] == 0


def test_what_is_young_or_was_stored_again_stays(home, recorded):
    _, nobody_needs = recorded
    assert gc(home, "--older-than", "40d")["removed"]["objects"]["count"] == 0
    assert ObjectStore(home.objects).put(NOBODY_NEEDS) == nobody_needs  # as a kernel does before it names it
    assert gc(home, "--older-than", "0")["removed"]["objects"]["count"] == 0
    assert nobody_needs in objects(home)


def test_what_a_living_kernel_may_yet_name_stays(home, kernel, recorded):
    needed, _ = recorded
    kernel(time=time.time() - 50 * DAY, dead=True)
    living = kernel(time=time.time() - 50 * DAY)  # it may have stored something 30 days ago
    told = gc(home)
    assert told["removed"]["objects"]["count"] == 0
    assert told["notes"] == []  # that is nothing to worry about
    living.end()
    gc(home)
    assert objects(home) == needed


def test_a_kernel_on_another_host_counts_as_living_and_is_named(home, kernel, recorded):
    process = ProcessIdentity(pid=1, started=0.0, host="elsewhere", boot="b")
    session = kernel(time=time.time() - 50 * DAY, process=process)
    told = gc(home)
    assert told["removed"]["objects"]["count"] == 0
    (note,) = told["notes"]
    assert session.session_id in note
    assert "elsewhere" in note


def _damage_line(path):
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([content[0], b'{"type": "artifact_logged", \xff\n', *content[1:]]))


def _later_format(path):
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":99'))


def _instead_of_events(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [_damage_line, _later_format, _instead_of_events])
def test_while_a_journal_cannot_be_read_no_object_goes(home, recorded, spoil):
    needed, nobody_needs = recorded
    (session,) = home.sessions.iterdir()
    (home.path / ".filters.staged").touch()
    age(home)
    spoil(session / "events.jsonl")
    told = gc(home, code=1)
    assert objects(home) == needed | {nobody_needs}
    assert not told["complete"]
    assert session.name in told["notes"][0]
    assert told["removed"]["temporary"]["count"] == 1  # that needs no journal


def test_a_torn_last_line_is_no_hindrance(home, recorded):
    (session,) = home.sessions.iterdir()
    with (session / "events.jsonl").open("ab") as journal:
        journal.write(b'{"type": "note_add')
    assert gc(home)["removed"]["objects"]["count"] == 1


def test_leftovers_and_folders_of_nothing_go_after_a_while(home, kernel):
    session = kernel()
    original = session.run()
    run = session.run(rerun_of=original)
    session.end()
    left = [
        home.path / "filters.sqlite.damaged",
        home.objects / ".staged-123-abcd",
        home.path / "mlflow" / ".staged-xyz" / "model.bin",
        home.curves(session.session_id, run) / ".curves.parquet-x1.part",
        home.curves(session.session_id, run) / ".fetched-x" / "curves.parquet",
        home.curves(session.session_id, run) / "checkpoint" / "state.pt",
        home.reruns / run / ".plan.json.staged",
        home.path / "pins" / f"{'a' * 64}.json",
        home.reruns / "0123456789abcdef" / "notebook.ipynb",
    ]
    kept = [
        home.reruns / run / "plan.json",
        home.reruns / "fedcba9876543210" / "plan.json",
        home.path / "mlflow" / "artifacts" / ".staged" / "user's.damaged",
        home.curves(session.session_id, run) / ".staged.curve",
    ]
    for path in (*left, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    with sqlite3.connect(home.path / "jobs.sqlite") as queue:
        queue.execute("CREATE TABLE job (run_id TEXT, rerun_of TEXT, state TEXT, request TEXT)")
        row = ("fedcba9876543210", original, "queued", json.dumps({"run_id": original}))
        queue.execute("INSERT INTO job VALUES (?, ?, ?, ?)", row)
    queue.close()
    gc(home)
    assert all(path.exists() for path in left)
    age(home)
    told = gc(home, "--dry-run")["removed"]
    assert all(path.exists() for path in left)
    assert {kind: found["count"] for kind, found in told.items() if found["count"]} == {
        "temporary": 7,
        "pins": 1,
        "reruns": 1,
    }
    gc(home)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)


def test_only_kinds_that_were_asked_for_go(home, recorded):
    _, nobody_needs = recorded
    assert set(gc(home, "--only", "temporary", "artifacts")["removed"]) == {"temporary", "artifacts"}
    assert nobody_needs in objects(home)


def test_what_a_folder_of_a_later_version_names_stays(home, recorded):
    _, nobody_needs = recorded
    folder = home.path / "notebooks" / "deep"
    folder.mkdir(parents=True)
    (folder / "index.json").write_text(f"prefix-abc{nobody_needs}def and more")
    assert gc(home)["removed"]["objects"]["count"] == 0


def test_two_at_once_do_not_disturb_each_other(home, recorded):
    needed, _ = recorded
    ownership = Ownership(home.path / "gc.lock")
    assert ownership.acquire()
    error = gc(home, code=2)["error"]
    assert error["reason"] == "CollectedElsewhere"
    assert "another process" in error["message"]
    assert gc(home, "--dry-run")["removed"]["objects"]["count"] == 1
    ownership.release()
    both = [start_gc(home), start_gc(home)]
    codes = [(process.communicate(timeout=60), process.returncode)[1] for process in both]
    assert 0 in codes
    assert set(codes) <= {0, 2}
    assert objects(home) == needed


def test_a_home_that_is_not_there_is_not_made(home):
    assert gc(home)["complete"]
    assert not home.path.exists()


def test_curve_files_beyond_the_size_of_their_cache_go_and_the_curves_stay(home, kernel, monkeypatch):
    session = kernel()
    for number in range(3):
        run = session.start_run(time=1e9 + number)
        session.log(run, "loss", [(step, step / 7) for step in range(200)])
        session.finish_run(run)
    session.end()
    age(home)
    store = RunStore(home)
    store.refresh()
    for run in store.all():
        assert archive_run(run)
    store.close()
    assert gc(home, "--dry-run")["removed"]["curves"]["count"] == 0
    monkeypatch.setenv("RUNLORE_CURVE_CACHE", "10K")
    before = tree(home)
    would = gc(home, "--dry-run")["removed"]["curves"]
    assert tree(home) == before
    assert would["count"] == 1
    assert gc(home)["removed"]["curves"] == would
    assert [len(read_points(run.metrics["loss"])) for run in store.all()] == [200] * 3


def test_environments_that_nothing_used_for_long_go(home):
    told = Complete(lock="", python="3.11.7", packages=1, runlore="", installed="", built=0.0, seconds=1.0)
    folders = [home.path / "environments" / (digit * 64) for digit in "ab"]
    for folder in folders:
        (folder / "venv").mkdir(parents=True)
        (folder / "venv" / "large").write_bytes(b"x" * 5000)
        (folder / "complete.json").write_bytes(msgspec.json.encode(told))
    age(home)
    os.utime(folders[0] / "complete.json")
    would = gc(home, "--dry-run")["removed"]["environments"]
    assert (would["count"], would["bytes"] > 5000) == (1, True)
    assert gc(home)["removed"]["environments"] == would
    assert [folder.exists() for folder in folders] == [True, False]
