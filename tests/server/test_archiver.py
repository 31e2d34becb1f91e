"""Archiving in the background, and the curve files as a cache of what is archived."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from runlore.archive import FILE, Archive
from runlore.curve import read_records
from runlore.curve_writer import CurveWriter
from runlore_server.cli import main
from runlore_server.ownership import Ownership
from runlore_server.store.archive import archive_run, digest_of
from runlore_server.store.archiver import Archiver
from runlore_server.store.curve_cache import CurveCache
from runlore_server.store.curves import read_points
from runlore_server.store.runs import RunStore
from runlore_server.store.views import CurveViews

CURVE = [(step, 1 / (step + 1)) for step in range(3000)]
SIZE = 24 + 24 * len(CURVE)


def opened(home):
    store = RunStore(home)
    store.refresh()
    return store


@pytest.fixture
def archived_runs(home, kernel):
    """Three archived runs, that were last looked at one hour after the other; their store and their records."""
    session = kernel()
    ids = [session.run(f"run {number}", {"loss": CURVE}) for number in range(3)]
    session.end()
    store = opened(home)
    runs = [store.find(run_id) for run_id in ids]
    for number, run in enumerate(runs):
        archive_run(run)
        os.utime(run.directory, (0, time.time() - 3 * 3600 + number * 3600))
    return store, runs


def files_of(runs):
    return [run.metrics["loss"].exists() for run in runs]


def test_those_that_were_looked_at_longest_ago_go_first(archived_runs):
    store, runs = archived_runs
    cache = CurveCache(store, 2 * SIZE)
    cache.note_use(runs[0])
    assert [cached.run_id for cached in cache.excess()] == [runs[1].run_id]
    assert files_of(runs) == [True, True, True]
    (gone,) = cache.trim()
    assert (gone.path, gone.size) == (runs[1].metrics["loss"], SIZE)
    assert files_of(runs) == [True, False, True]
    assert cache.trim() == []
    assert [len(read_points(run.metrics["loss"])) for run in runs] == [len(CURVE)] * 3


def test_what_the_archive_does_not_have_never_goes(archived_runs, home, kernel):
    store, runs = archived_runs
    with runs[0].metrics["loss"].open("ab") as file:  # points of a straggler
        file.write(bytes(24))
    damaged = runs[1].directory / FILE
    content = bytearray(damaged.read_bytes())
    content[200] ^= 255
    damaged.write_bytes(content)
    live = kernel().start_run()
    CurveCache(store, 0).trim()
    assert files_of(runs) == [True, True, False]
    assert live not in [cached.run_id for cached in CurveCache(opened(home), 0).excess()]


def test_a_file_that_a_process_writes_stays(archived_runs):
    store, runs = archived_runs
    with runs[0].metrics["loss"].open("r+b"):
        gone = CurveCache(store, 0).trim()
    assert runs[0].run_id not in [cached.run_id for cached in gone]
    assert files_of(runs) == [True, False, False]


def test_a_reader_notices_nothing(archived_runs, home):
    store, runs = archived_runs
    expected, stop, errors = CurveViews().view(runs[0].metrics["loss"], 100).points.tolist(), threading.Event(), []

    def read():
        while not stop.is_set():
            for run in runs:
                shown = CurveViews().view(run.metrics["loss"], 100).points
                if [point[::2] for point in shown.tolist()] != [point[::2] for point in expected]:
                    errors.append(shown)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    path, other = runs[0].metrics["loss"], home.path / "other"
    content = path.read_bytes()
    for _ in range(10):
        CurveCache(store, 0).trim()
        other.write_bytes(content)
        os.replace(other, path)
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert not any(files_of(runs[1:]))


def test_ended_runs_are_archived_and_running_ones_are_not(home, kernel, eventually):
    session = kernel()
    ended, live = session.run(metrics={"loss": CURVE}), session.start_run()
    session.log(live, "loss", CURVE[:10])
    store = opened(home)
    archiver = Archiver(store, CurveCache(store, 0))
    archiver.start()
    try:
        archiver.finish()
        run = store.find(ended)
        assert (run.directory / FILE).exists()
        assert not run.metrics["loss"].exists()  # there is no room for it
        assert not (store.find(live).directory / FILE).exists()
        session.finish_run(live)
        archiver.wake(store.refresh())
        path = store.find(live).directory / FILE
        eventually(path.exists)
        assert Archive.open(path).index.curves[0].rows == 10
    finally:
        archiver.shutdown()


def test_one_process_of_a_home_archives(home, kernel):
    session = kernel()
    run_id = session.run(metrics={"loss": CURVE})
    store, other = opened(home), Ownership(home.path / "archive.lock")
    assert other.acquire()
    archiver = Archiver(store, CurveCache(store, 0))
    archiver.start()
    archiver.finish()
    archiver.shutdown()
    assert not (store.find(run_id).directory / FILE).exists()
    other.release()


def test_a_full_disk_is_told_once_and_nothing_is_lost(home, kernel, caplog):
    session = kernel()
    runs = [session.run(metrics={"loss": CURVE}) for _ in range(3)]
    session.end()
    script = (
        "import resource, signal, sys, logging\n"
        "logging.basicConfig()\n"
        "from runlore.home import Home\n"
        "from runlore_server.store.archiver import Archiver\n"
        "from runlore_server.store.curve_cache import CurveCache\n"
        "from runlore_server.store.runs import RunStore\n"
        "import runlore_server.store.archive\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store = RunStore(Home(sys.argv[1])); store.refresh()\n"
        "archiver = Archiver(store, CurveCache(store, 0))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "archiver.start(); archiver.finish()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home.path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.count("curves are not archived at the moment") == 1
    for run_id in runs:
        run = opened(home).find(run_id)
        assert [entry.name for entry in run.directory.iterdir()] == ["loss.curve"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_home_that_cannot_be_written_is_read_all_the_same(archived_runs, home):
    store, _ = archived_runs
    CurveCache(store, 0).trim()
    script = (
        "import os, sys\n"
        "import pandas, pyarrow.parquet\n"
        "from runlore import frames\n"
        "from runlore.home import Home\n"
        "from runlore_server.store.curve_cache import CurveCache\n"
        "from runlore_server.store.runs import RunStore\n"
        "from runlore_server.store.views import CurveViews\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "home = Home(sys.argv[1])\n"
        "store = RunStore(home); store.refresh()\n"
        "run = store.all()[0]\n"
        "CurveCache(store, 0).note_use(run)\n"
        "assert CurveViews().view(run.metrics['loss'], 100).count == 3000\n"
        "print(len(frames.curves(run.run_id, home=home)), os.access(home.path, os.W_OK))\n"
    )
    with tempfile.TemporaryDirectory() as directory:
        copy = shutil.copytree(home.path, Path(directory) / "home")
        for path in (Path(directory), copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        done = subprocess.run(
            [sys.executable, "-c", script, str(copy)], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.stdout.split() == [str(len(CURVE)), "False"], done.stderr


def test_the_command_archives_what_it_brings_to_mlflow(home, kernel, capsys, monkeypatch):
    session = kernel()
    run_id = session.run(metrics={"loss": CURVE})
    session.end()
    monkeypatch.setenv("RUNLORE_HOME", str(home.path))
    monkeypatch.setenv("RUNLORE_CURVE_CACHE", "0")
    assert main(["ingest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pending"] == 0
    run = opened(home).find(run_id)
    assert [entry.name for entry in run.directory.iterdir()] == [FILE]
    assert main(["show", run_id]) == 0
    assert f"{CURVE[-1][1]!r} at step 2999" in capsys.readouterr().out
    monkeypatch.setenv("RUNLORE_CURVE_CACHE", "much")
    assert main(["ingest"]) == 2
    assert "RUNLORE_CURVE_CACHE is a number of bytes" in capsys.readouterr().err


def test_the_digest_is_that_of_the_points(tmp_path):
    path = tmp_path / "loss.curve"
    writer = CurveWriter(path)
    for step, value in CURVE:
        writer.append(step, 1e9, value)
    half = digest_of(path)
    writer.close()
    assert digest_of(path) == half
    assert len(read_records(path)) == SIZE - 24


def test_a_lost_curve_is_told_by_the_command_and_stops_a_comparison(archived_runs, home, capsys, monkeypatch):
    store, runs = archived_runs
    CurveCache(store, 0).trim()
    (runs[0].directory / FILE).unlink()
    monkeypatch.setenv("RUNLORE_HOME", str(home.path))
    assert main(["show", runs[0].run_id]) == 0
    assert "metric loss: its points are no longer in the home" in capsys.readouterr().out
    main(["diff", runs[1].run_id, runs[2].run_id, "--json"])
    (metric,) = json.loads(capsys.readouterr().out)["metrics"]
    assert (metric["points"], metric["step"]) == ([3000, 3000], None)
    main(["diff", runs[0].run_id, runs[1].run_id])
    said = capsys.readouterr()
    assert "'loss' is missing" in said.out + said.err
