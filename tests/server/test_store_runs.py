import shutil
import subprocess
import sys
import threading

import psutil
import pytest

from runlore import events as ev
from runlore.errors import RunNotFound
from runlore.process import ProcessIdentity, current_process
from runlore_server.errors import AmbiguousRun
from runlore_server.store.exports import Export, Exports
from runlore_server.store.runs import RunStore


@pytest.fixture
def store(home):
    return RunStore(home)


def test_a_home_that_is_not_there_has_no_runs(store):
    assert store.refresh() == set()
    assert store.all() == []
    with pytest.raises(RunNotFound):
        store.find("abcdef")


def test_new_runs_are_told_once_and_listed_newest_first(store, kernel):
    session = kernel()
    first = session.run("first")
    second = session.run("second")
    session.end()
    assert store.refresh() == {first, second}
    assert [run.name for run in store.all()] == ["second", "first"]
    assert store.refresh() == set()


def test_a_session_that_begins_later_is_found(store, kernel):
    kernel().run()
    store.refresh()
    later = kernel().run("later")
    assert store.refresh() == {later}


def test_every_kind_of_event_of_a_run_is_a_change(store, kernel):
    session = kernel()
    run = session.start_run()
    assert store.refresh() == {run}
    session.params(run, lr=0.1)
    assert store.refresh() == {run}
    assert store.find(run).params == {"lr": 0.1}
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="fine"))
    assert store.refresh() == {run}
    session.finish_run(run)
    assert store.refresh() == {run}
    assert store.find(run).status == "finished"


def test_cells_change_the_runs_that_are_open_in_them_and_no_others(store, kernel):
    session = kernel()
    done = session.run("done")
    cell = session.cell("train()", outcome=None)
    run = session.start_run(cell=cell, kind="cell")
    session.finish_run(run, cell=cell)
    store.refresh()
    session.finish_cell(cell)
    assert store.refresh() == {run}
    session.cell("1 + 1")
    assert store.refresh() == set()
    assert done in {found.run_id for found in store.all()}


def test_growth_of_a_running_curve_is_a_change_also_past_the_first_chunk(store, kernel):
    session = kernel()
    run = session.start_run()
    session.log(run, "loss", [(0, 1.0)])
    assert store.refresh() == {run}
    assert store.refresh() == set()
    for step in range(1, 400, 37):
        session.log(run, "loss", [(step, 0.5)])
        assert store.refresh() == {run}
        assert store.refresh() == set()
    session.log(run, "loss", [(step, float("nan")) for step in range(400, 3000)])
    assert store.refresh() == {run}
    assert store.refresh() == set()


def test_what_was_returned_does_not_change_later(store, kernel):
    session = kernel()
    cell = session.cell("train()", outcome=None)
    run = session.start_run(cell=cell)
    store.refresh()
    before, session_before = store.find(run), store.session(store.find(run))
    session.params(run, lr=0.1)
    session.finish_run(run, cell=cell)
    session.finish_cell(cell)
    store.refresh()
    assert (before.status, before.params) == ("running", {})
    assert session_before.cells[cell].outcome is None
    assert session_before.runs[run].status == "running"
    assert store.session(store.find(run)).cells[cell].outcome == "ok"


def test_find_takes_an_id_an_unambiguous_start_and_the_id_in_mlflow(store, kernel, home):
    session = kernel()
    session.run(run_id="abcd000000000001")
    session.run(run_id="abcd000000000002")
    session.run(run_id="ffff000000000003")
    store.refresh()
    assert store.find("abcd000000000002").run_id == "abcd000000000002"
    assert store.find(" ffff ").run_id == "ffff000000000003"
    with pytest.raises(AmbiguousRun) as ambiguous:
        store.find("abcd")
    assert ambiguous.value.candidates == ["abcd000000000001", "abcd000000000002"]
    assert "abcd000000000001" in str(ambiguous.value)
    with pytest.raises(RunNotFound, match="4 characters"):
        store.find("fff")
    mlflow_id = "0123456789abcdef0123456789abcdef"
    with pytest.raises(RunNotFound):
        store.find(mlflow_id)
    Exports(home, "sqlite:///somewhere").put("ffff000000000003", Export(mlflow_id))
    assert store.find(mlflow_id).run_id == "ffff000000000003"


def test_runs_before_a_reruns_target_are_left_out(store, kernel):
    session = kernel(rerun_of="original")
    session.run("before", run_id="prefix0000000000", prefix=True)
    target = session.run("train", rerun_of="original")
    assert store.refresh() == {target}
    assert [run.run_id for run in store.all()] == [target]
    assert [run.run_id for run in store.reruns_of("original")] == [target]
    with pytest.raises(RunNotFound):
        store.find("prefix0000000000")


def test_the_arrival_of_a_verdict_is_a_change(store, kernel, home, eventually):
    run = kernel().run(rerun_of="original")
    store.refresh()
    home.rerun(run).mkdir(parents=True)
    (home.rerun(run) / "verdict.json").write_text("{}")
    assert eventually(store.refresh) == {run}
    assert store.refresh() == set()


def test_runs_of_a_dead_kernel_are_killed_at_the_first_look(store, kernel):
    session = kernel(dead=True)
    run = session.start_run()
    session.log(run, "loss", [(0, 1.0), (1, 0.5)])
    assert store.refresh() == {run}
    assert store.find(run).status == "killed"


def test_a_kernel_that_dies_while_it_is_followed_is_noticed(store, kernel, eventually):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        own = current_process()
        started = psutil.Process(child.pid).create_time()
        session = kernel(process=ProcessIdentity(pid=child.pid, started=started, host=own.host, boot=own.boot))
        run = session.start_run()
        assert store.refresh() == {run}
        assert store.find(run).status == "running"
        child.kill()
    assert eventually(store.refresh) == {run}
    assert store.find(run).status == "killed"


def test_a_journal_of_a_later_format_hides_only_itself(store, kernel, caplog):
    kernel(version=ev.FORMAT + 1).run()
    run = kernel().run()
    assert store.refresh() == {run}
    assert store.refresh() == set()
    assert "upgrade Runlore" in caplog.text


def test_stray_files_and_empty_folders_among_the_sessions_do_no_harm(store, kernel, home):
    run = kernel().run()
    (home.sessions / "notes.txt").write_text("mine")
    (home.sessions / "empty").mkdir()
    (home.sessions / "odd" / "events.jsonl").mkdir(parents=True)
    assert store.refresh() == {run}
    assert store.refresh() == set()


def test_a_run_id_that_is_a_path_is_not_taken_in(store, kernel):
    session = kernel()
    session.run(run_id="../../elsewhere")
    assert store.refresh() == set()
    assert store.all() == []


def test_a_deleted_session_takes_its_runs_with_it(store, kernel, home):
    session = kernel()
    run = session.run(rerun_of="original")
    kept = kernel().run()
    store.refresh()
    record = store.find(run)
    shutil.rmtree(home.session(session.session_id))
    assert store.refresh() == {run}
    assert [found.run_id for found in store.all()] == [kept]
    assert store.reruns_of("original") == []
    with pytest.raises(RunNotFound):
        store.session(record)


def test_a_rerun_made_anew_in_another_session_takes_the_place_of_its_first_attempt(store, kernel, home, tmp_path):
    first = kernel(dead=True)
    run = first.start_run(rerun_of="original")
    store.refresh()
    shutil.move(home.session(first.session_id), tmp_path / "aside")
    second = kernel()
    second.run(run_id=run, rerun_of="original")
    assert run in store.refresh()
    assert store.find(run).status == "finished"
    assert store.find(run).session_id == second.session_id
    assert [found.run_id for found in store.reruns_of("original")] == [run]


def test_a_torn_line_is_read_once_it_is_whole(store, kernel, home):
    session = kernel()
    run = session.start_run()
    store.refresh()
    line = ev.encode(ev.TagsSet(time=1.0, run_id=run, tags={"a": "b"}))
    with home.events(session.session_id).open("ab") as journal:
        journal.write(line[:20])
        journal.flush()
        assert store.refresh() == set()
        journal.write(line[20:])
    assert store.refresh() == {run}
    assert store.find(run).tags == {"a": "b"}


def test_readers_and_refreshes_of_several_threads_agree(store, kernel):
    session = kernel()
    run = session.start_run()
    store.refresh()
    stop = threading.Event()
    failures = []

    def read():
        try:
            while not stop.is_set():
                assert set(store.find(run).params.values()) <= set(range(300))
                for record in store.all():
                    store.session(record)
        except Exception as error:  # noqa: BLE001 - told by the thread that asserts
            failures.append(error)

    def refresh():
        while not stop.is_set():
            store.refresh()

    threads = [threading.Thread(target=work) for work in (read, read, refresh)]
    for thread in threads:
        thread.start()
    for number in range(300):
        session.params(run, **{f"p{number}": number})
    stop.set()
    for thread in threads:
        thread.join()
    store.refresh()
    assert failures == []
    assert len(store.find(run).params) == 300


def test_the_store_alone_imports_neither_numpy_nor_mlflow_nor_the_web(home):
    code = (
        "import sys; from runlore_server.store.runs import RunStore; from runlore_server.config import Config;"
        "print(sorted(set(sys.modules) & {'numpy', 'mlflow', 'tornado', 'jupyter_server', 'pandas'}))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"


def test_a_servers_start_waits_for_neither_numpy_nor_mlflow():
    code = (
        "import sys, jupyter_server.serverapp, runlore_server.app, runlore_server.api.routes;"
        "print(sorted(set(sys.modules) & {'numpy', 'mlflow', 'pandas', 'pyarrow'}))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
