"""The run index: the same runs as from the journals, faster, whatever becomes of its file."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore import events as ev
from runlore.curve import file_name
from runlore.curve_writer import CurveWriter
from runlore.errors import RunNotFound
from runlore.home import Home
from runlore_server.filter.parser import parse
from runlore_server.store.index import RunIndex
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query
from runlore_server.store.shelf import Shelf
from runlore_server.store.summaries import CurveSummaries
from runlore_server.store.summing import closed_summary
from runlore_server.store.values import IndexedSummary
from runlore_server.verdict.verdict import Verdict, write_verdict


def write_rich_session(kernel, **info):
    """A closed session with everything that a run can have; the ids of its runs."""
    session = kernel(**info)
    cell = session.cell("train()", outcome=None)
    run = session.start_run("rich", cell=cell, kind="cell", seed=3, watch=["loss"], index=1)
    session.log(run, "loss", [(0, float("nan")), (1, 0.25), (2, float("inf")), (7, 0.5)])
    session.log(run, "a/b c", [(0, -1.0)])
    session.log(run, "empty", [])
    session.params(run, lr=0.1, net={"width": 64, "layers": [1, {"a": None}], "deep": {"er": True}}, big=10**30)
    session.write(ev.TagsSet(time=1.0, run_id=run, tags={"team": "vision", "ü": "ß\0"}))
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="a note"))
    session.environment(run)
    session.artifact(run, "model.pt", b"weights")
    session.write(ev.GitCaptured(time=1.0, run_id=run, root="r", commit="c", branch=None, dirty=True))
    session.write(ev.NotCaptured(time=1.0, what="gpu", why="there is none", run_id=run))
    error = ev.ErrorInfo(name="ValueError", message="no", traceback="Traceback ...")
    session.finish_run(run, "failed", cell=cell, error=error)
    session.finish_cell(cell)
    poor = session.run("poor", rerun_of=run, experiment="other")
    session.run("before", prefix=True)
    session.end()
    return run, poor


def opened(home):
    store = RunStore(home)
    store.refresh()
    return store


def blank_journals(home):
    """Make the journals unreadable without a trace in their size and time."""
    for session in home.sessions.iterdir():
        journal = session / "events.jsonl"
        stat = journal.stat()
        journal.write_bytes(b"x" * stat.st_size)
        os.utime(journal, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_closed_sessions_come_from_the_index_with_all_that_their_journals_say(home, kernel):
    runs = write_rich_session(kernel)
    first = opened(home)
    told = {run.run_id: run for run in first.all()}
    assert told.keys() == set(runs)
    assert told[runs[0]].params["big"] == 10**30
    info = first.session_info(told[runs[0]])
    again = RunStore(home)
    blank_journals(home)
    assert again.refresh() == set(runs)
    assert {run.run_id: run for run in again.all()} == told
    assert again.find(runs[0][:8]) == told[runs[0]]
    assert again.session_info(told[runs[0]]) == info
    assert [run.run_id for run in again.reruns_of(runs[0])] == [runs[1]]
    assert again.search(Query(where=parse("params.net.deep.er = 'True' and metrics.loss.max < 1"))).total == 1


@pytest.mark.parametrize("ended", [False, True])
def test_the_load_of_devices_is_told_together_of_open_runs_and_from_the_index(home, kernel, ended):
    session = kernel()
    run = session.start_run()
    session.write(ev.DevicesFound(time=1.0, run_id=run, devices=["H200", "H200", "T4"]))
    for device, loads in enumerate([[10.0, 90.0], [30.0, 50.0]]):
        for what in ("utilization_percentage", "memory_usage_megabytes"):
            session.log(run, f"system/gpu_{device}_{what}", list(enumerate(loads)), system=True)
    session.log(run, "system/cpu_utilization_percentage", [(0, float("nan"))], system=True)
    if ended:
        session.finish_run(run)
        session.end()
        opened(home).sum_up()
    store = opened(home)
    assert store.loads([store.find(run)]) == {
        run: {
            "gpu_utilization_percentage": 45,
            "gpu_utilization_percentage.max": 70,
            "gpu_memory_usage_megabytes": 90,
            "gpu_memory_usage_megabytes.max": 140,
        }
    }
    found = "gpu = 'H200, T4' and gpus = 3 and gpu_utilization_percentage.max = 70"
    assert store.search(Query(where=parse(f"{found} and cpu_utilization_percentage is null"))).total == 1


def test_what_the_index_says_is_what_the_journals_say(home, kernel):
    write_rich_session(kernel)
    session = kernel(dead=True)
    session.log(session.start_run("killed"), "loss", [(0, 1.0)])
    live = kernel()
    live.start_run("live")
    opened(home)
    from_index = {run.run_id: run for run in opened(home).all()}
    (home.path / "index.sqlite").unlink()
    assert from_index == {run.run_id: run for run in opened(home).all()}
    assert {run.status for run in from_index.values()} == {"failed", "finished", "killed", "running"}


def test_a_home_that_was_moved_tells_of_its_curves_where_they_are_now(home, kernel, tmp_path):
    run, _ = write_rich_session(kernel)
    opened(home)
    moved = Home(tmp_path / "elsewhere")
    shutil.move(home.path, moved.path)
    blank_journals(moved)
    assert opened(moved).find(run).metrics["loss"].is_file()


def test_a_journal_that_grew_after_all_is_read_again(home, kernel):
    session = kernel(dead=True)
    run = session.start_run()
    assert opened(home).find(run).status == "killed"
    session.finish_run(run)
    assert opened(home).find(run).status == "finished"
    assert opened(home).find(run).status == "finished"


def test_sessions_deleted_while_nobody_looked_are_gone(home, kernel):
    session = kernel()
    run = session.run()
    session.end()
    other = kernel()
    kept = other.run()
    other.end()
    opened(home)
    shutil.rmtree(home.session(session.session_id))
    store = opened(home)
    assert store.ids() == [kept]
    with pytest.raises(RunNotFound):
        store.find(run)
    assert RunIndex(home).sessions().keys() == {other.session_id}


def test_a_run_id_of_two_sessions_is_that_of_the_later_one_and_goes_with_it(home, kernel):
    first, second = kernel(), kernel()
    run = first.run("first")
    first.end()
    store = opened(home)
    second.run("second", run_id=run)
    store.refresh()
    assert [found.name for found in store.all()] == ["second"]
    second.end()
    store.refresh()
    assert [found.name for found in store.all()] == ["second"]
    shutil.rmtree(home.session(second.session_id))
    assert run in store.refresh()


def test_verdicts_that_came_while_nobody_looked_are_known(home, kernel):
    _, rerun = write_rich_session(kernel)
    found = Query(where=parse("verdict = 'DIVERGED'"))
    assert opened(home).search(found).total == 0
    home.rerun(rerun).mkdir(parents=True)
    write_verdict(home.rerun(rerun), Verdict(verdict="DIVERGED", reason="it did"))
    assert [run.run_id for run in opened(home).search(found).runs] == [rerun]
    assert [run.run_id for run in opened(home).search(found).runs] == [rerun]
    (home.rerun(rerun) / "verdict.json").unlink()
    assert opened(home).search(found).total == 0
    assert opened(home).search(Query(where=parse("verdict is null"))).total == 2


def damage(path, kind):
    size = path.stat().st_size
    if kind == "no database":
        path.write_bytes(b"this is no database" * 1000)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut":
        os.truncate(path, size // 2)
    elif kind == "zeros":
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(size - 4096))
    elif kind == "other format":
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE run")
            connection.execute("PRAGMA user_version = 999")
    elif kind == "a table is gone":
        with sqlite3.connect(path) as connection:
            connection.execute("DROP TABLE param")
    elif kind == "records":
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE record SET content = x'00ff'")
    elif kind == "a folder":
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize(
    "kind",
    ["no database", "empty", "cut", "zeros", "other format", "a table is gone", "records", "a folder"],
)
def test_whatever_becomes_of_the_file_the_runs_are_there(home, kernel, kind):
    run, poor = write_rich_session(kernel)
    store = opened(home)
    store.sum_up()
    told = {record.run_id: record for record in store.all()}
    path = home.path / "index.sqlite"
    damage(path, kind)
    for _ in range(2):
        store = opened(home)
        assert {record.run_id: record for record in store.all()} == told
        found = store.search(Query(where=parse("params.lr = 0.1 and metrics.loss = 0.5 and tags.team = 'vision'")))
        assert [record.run_id for record in found.runs] == [run]
        assert poor in store


def test_an_index_that_is_damaged_while_it_is_used_is_built_again(home, kernel):
    run, _ = write_rich_session(kernel)
    store = opened(home)
    told = store.find(run)
    with sqlite3.connect(home.path / "index.sqlite") as connection:
        connection.execute("UPDATE record SET content = x'00'")
    assert store.find(run) == told
    assert opened(home).find(run) == told


def test_an_index_that_another_process_keeps_locked_delays_nobody_for_long(home, kernel):
    opened(home)
    run, _ = write_rich_session(kernel)
    opened(home)
    later, _ = write_rich_session(kernel)
    connection = sqlite3.connect(home.path / "index.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    store = opened(home)
    assert {run, later} <= set(store.ids())
    assert store.search(Query(where=parse("metrics.loss = 0.5"))).total == 2
    connection.execute("ROLLBACK")
    connection.close()
    assert {run, later} <= set(opened(home).ids())


REFRESH = """
import sys
from runlore.home import Home
from runlore_server.store.runs import RunStore
for _ in range(3):
    store = RunStore(Home(sys.argv[1]))
    store.refresh()
    store.sum_up()
    assert len(store.all()) == 120, len(store.all())
print(len(store.ids()))
"""


def test_processes_that_build_the_index_at_once_agree(home, kernel):
    for _ in range(60):
        session = kernel()
        for _ in range(2):
            session.run(metrics={"loss": [(0, 1.0)]})
        session.end()
    command = [sys.executable, "-c", REFRESH, str(home.path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [child.communicate(timeout=120)[0].strip() for child in children] == ["120"] * 4
    with sqlite3.connect(home.path / "index.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*), count(DISTINCT run_id) FROM run").fetchone() == (120, 120)
        assert connection.execute("SELECT count(*) FROM metric").fetchone() == (120,)
        assert connection.execute("SELECT count(*) FROM session WHERE NOT summed").fetchone() == (0,)


def test_two_stores_on_one_home_each_see_what_the_other_put_away(home, kernel):
    one, other = opened(home), opened(home)
    session = kernel()
    run = session.run()
    assert (one.refresh(), other.refresh()) == ({run}, {run})
    session.end()
    one.refresh()
    assert (one.ids(), other.ids()) == ([run], [run])
    other.refresh()
    shutil.rmtree(home.session(session.session_id))
    assert one.refresh() == {run}
    assert other.refresh() == {run}
    assert (one.ids(), other.ids()) == ([], [])


def test_a_session_that_began_after_somebody_listed_them_stays_in_the_index(home, kernel):
    write_rich_session(kernel)
    opened(home)
    Shelf(home).forget_strangers(set())
    assert len(RunIndex(home).sessions()) == 1


def test_looking_into_a_home_without_sessions_writes_nothing(tmp_path):
    home = Home(tmp_path / "none")
    assert opened(home).ids() == []
    home.sessions.mkdir(parents=True)
    assert opened(home).ids() == []
    assert [path.name for path in home.path.iterdir()] == ["sessions"]


def test_the_index_is_for_its_owner_alone(home, kernel):
    write_rich_session(kernel)
    opened(home)
    assert (home.path / "index.sqlite").stat().st_mode & 0o077 == 0


values = st.floats(width=64) | st.sampled_from([float("nan"), float("inf"), -0.0])


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), values), max_size=12), st.booleans())
@settings(deadline=None, max_examples=60)
def test_a_closed_curve_is_summed_up_as_a_growing_one(tmp_path_factory, points, closes):
    path = tmp_path_factory.mktemp("curve") / file_name("loss")
    writer = CurveWriter(path)
    for step, value in points:
        writer.append(step, random.random(), value)
    if closes:
        writer.close()
    growing, closed = CurveSummaries().of(path), closed_summary(path)
    if growing is None or closed is None:
        assert growing is closed is None
    else:
        assert repr(growing.last) == repr(closed.last)
        names = ("step", "time", "count", "min", "max")
        assert [getattr(growing, name) for name in names] == [getattr(closed, name) for name in names]


def test_a_long_closed_curve_is_summed_up_too(tmp_path):
    path = tmp_path / file_name("loss")
    writer = CurveWriter(path)
    for step in range(60_000):
        writer.append(step, 1000.0 + step, float("nan") if step == 7 else float(step % 1000))
    writer.close()
    assert path.stat().st_size > 1 << 20
    assert closed_summary(path) == IndexedSummary(999.0, 59_999, 60_999.0, 60_000, 0.0, 999.0)
