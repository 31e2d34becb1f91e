"""The data that cells read and write, seen in real kernels."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from runlore import events as ev
from runlore.capture.data import manifest
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from tests.conftest import Notebook
from tests.kernel.accesses import run

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can watch directories")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("work")
    (directory / "marker").touch()
    return directory


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory, work: Path) -> Iterator[Notebook]:
    opened = Notebook(tmp_path_factory.mktemp("home"), work).load()
    yield opened
    opened.close()


def digest(content: bytes) -> str:
    return str(blake3(content).hexdigest())


def reads(cell: CellRecord) -> dict[str, ev.FileRead]:
    return {Path(read.path).name: read for read in cell.facts.reads}


def writes(cell: CellRecord) -> dict[str, ev.FileWritten]:
    return {Path(written.path).name: written for written in cell.facts.writes}


def test_what_is_read_and_written(notebook: Notebook, work: Path) -> None:
    (work / "in.csv").write_text("a,b\n1,2\n")
    time.sleep(0.05)  # what changes less than a hundredth of a second before a cell could have been made by it
    cell = run(notebook, "text = open('in.csv').read()")
    assert list(reads(cell)) == ["in.csv"]
    read = reads(cell)["in.csv"]
    assert read.path == str(work / "in.csv")
    assert (read.digest, read.size, read.writer, read.why) == (digest(b"a,b\n1,2\n"), 8, None, None)
    assert not cell.facts.writes
    cell = run(notebook, "with open('out.txt', 'w') as file: _ = file.write(text * 2)")
    assert not cell.facts.reads
    assert writes(cell)["out.txt"].digest == digest(b"a,b\n1,2\n" * 2)
    again = run(notebook, "_ = open('out.txt').read()")
    assert reads(again)["out.txt"].writer == cell.ordinal


def test_whether_a_file_was_there_before(notebook: Notebook, work: Path) -> None:
    (work / "there.txt").write_text("x")
    cell = run(
        notebook,
        "import os\n"
        "for name in ('made.txt', 'there.txt', 'part'): _ = open(name, 'w').write('1')\n"
        "os.replace('part', 'whole.txt'); os.remove('made.txt'); _ = open('made.txt', 'w').write('2')",
    )
    assert {name: one.new for name, one in writes(cell).items()} == {
        "made.txt": True,
        "there.txt": False,
        "whole.txt": True,
    }
    cell = run(notebook, "os.remove('made.txt'); _ = open('made.txt', 'a').write('3')")
    assert writes(cell)["made.txt"].new is False


def test_an_input_that_is_overwritten_is_recorded_as_it_was(notebook: Notebook, work: Path) -> None:
    (work / "table.csv").write_text("old")
    time.sleep(0.05)
    cell = run(notebook, "t = open('table.csv').read(); _ = open('table.csv', 'w').write(t + 'new')")
    assert reads(cell)["table.csv"].digest == digest(b"old")
    assert writes(cell)["table.csv"].digest == digest(b"oldnew")
    (work / "gone.csv").write_text("gone")
    (work / "moved.csv").write_text("moved")
    time.sleep(0.05)
    cell = run(
        notebook,
        "import os\nfor name in ('gone.csv', 'moved.csv'): open(name).read()\n"
        "os.remove('gone.csv'); os.replace('moved.csv', 'elsewhere.csv')",
    )
    assert {name: read.digest for name, read in reads(cell).items()} == {
        "gone.csv": digest(b"gone"),
        "moved.csv": digest(b"moved"),
    }
    assert writes(cell)["elsewhere.csv"].digest == digest(b"moved")


def test_only_data_counts(notebook: Notebook, work: Path) -> None:
    (work / "mine.py").write_text("x = 1")
    os.mkfifo(work / "pipe")
    (work / "loop").mkdir()
    (work / "loop" / "back").symlink_to(work / "loop", target_is_directory=True)
    (work / "nowhere").symlink_to(work / "not-there")
    cell = run(
        notebook,
        "import mine, os, json, tempfile, threading\n"
        "_ = open('mine.py').read(), open('/proc/self/stat').read(), open('/dev/null').read()\n"
        "_ = open(json.__file__).read(), list(os.walk('loop', followlinks=False))\n"
        "writer = threading.Thread(target=lambda: open('pipe', 'w').close()); writer.start()\n"
        "_ = open('pipe').read(); writer.join()\n"
        "with open('scratch', 'w') as f: _ = f.write('x')\n"
        "_ = open('scratch').read(); os.remove('scratch')\n"
        "for odd in ('nowhere', 'loop', b'not here', 'a\\0b', -1, None):\n"
        "    try: open(odd)\n"
        "    except Exception: pass\n"
        "with tempfile.TemporaryDirectory() as d: open(d + '/x', 'w').close()",
    )
    assert not cell.facts.reads
    assert not cell.facts.writes


def test_compiled_code_of_the_user_s_counts(notebook: Notebook, work: Path) -> None:
    compiled = importlib.util.find_spec("_bisect")
    assert compiled is not None
    assert compiled.origin is not None
    for name in ("loaded.so", "_own.so"):
        shutil.copy(compiled.origin, work / name)
    cell = run(notebook, "import ctypes, zlib; _ = ctypes.CDLL('./loaded.so'), ctypes.CDLL(None)")
    assert list(reads(cell)) == ["loaded.so"]
    cell = run(notebook, "try: import _own\nexcept ImportError: pass")  # it begins under another name
    assert list(reads(cell)) == ["_own.so"]


def test_a_database_is_known_as_it_was_before_it_was_used(notebook: Notebook, work: Path) -> None:
    first = run(
        notebook,
        "import sqlite3\nlink = sqlite3.connect('file:base.db', uri=True)\nlink.execute('create table t (a)')",
    )
    made = digest((work / "base.db").read_bytes())
    assert writes(first)["base.db"].digest == made
    second = run(notebook, "link.execute('insert into t values (1)'); link.commit(); link.close()")
    assert writes(second)["base.db"].digest == digest((work / "base.db").read_bytes()) != made
    third = run(
        notebook, "link = sqlite3.connect('base.db'); link.execute('select * from t').fetchall(); link.close()"
    )
    assert reads(third)["base.db"].writer == second.ordinal
    assert not third.facts.writes


@linux
@pytest.mark.parametrize("watcher", ["fanotify", "inotify"])
def test_libraries_that_open_files_themselves(
    open_notebook: Callable[..., Notebook], tmp_path: Path, watcher: str
) -> None:
    work, far = tmp_path / "work", tmp_path / "far" / "deep"
    work.mkdir()
    far.mkdir(parents=True)
    (work / "marker").touch()
    (far / "words.txt").write_text("words")
    book = open_notebook(tmp_path / "home", work, {"RUNLORE_WATCH_FILES": watcher}).load()
    made = run(
        book,
        "import pyarrow as pa, pyarrow.parquet as pq, os\nos.makedirs('new/part')\n"
        "pq.write_table(pa.table({'a': [1, 2, 3]}), 'new/part/0.parquet')\n"
        "pq.write_to_dataset(pa.table({'k': [1, 2]}), 'set', partition_cols=['k'])",
    )
    assert writes(made)["0.parquet"].digest == digest((work / "new" / "part" / "0.parquet").read_bytes())
    assert len(made.facts.writes) == 3
    assert not made.facts.reads
    got = run(book, "table = pq.read_table('new/part/0.parquet')")
    read = reads(got)["0.parquet"]
    assert (read.digest, read.writer, read.seen_by) == (writes(made)["0.parquet"].digest, made.ordinal, watcher)
    assert not got.facts.writes
    elsewhere = run(book, f"n = pa.OSFile({str(far / 'words.txt')!r}).read()")
    assert reads(elsewhere)["words.txt"].digest == digest(b"words")
    moved = run(book, f"os.chdir({str(far)!r}); n = pa.OSFile('words' + '.txt').read(); os.chdir({str(work)!r})")
    assert reads(moved)["words.txt"].digest == digest(b"words")
    shell = run(book, f"!cat {far}/words.txt > copy.txt")
    assert reads(shell)["words.txt"].digest == digest(b"words")
    assert writes(shell)["copy.txt"].digest == digest(b"words")
    forked = run(
        book,
        "if (pid := os.fork()) == 0:\n"
        f"    open({str(far / 'words.txt')!r}).read(); open('child.txt', 'w').close(); os._exit(0)\n"
        "_ = os.waitpid(pid, 0)",
    )
    # inotify does not say which process it was, and may be first to tell.
    assert reads(forked)["words.txt"].seen_by in ("forked worker", "inotify" if watcher == "inotify" else "")
    assert "child.txt" in writes(forked)
    assert not [note for note in book.session().not_captured if note.what.startswith("data")]


BLIND = {
    "polars": ("pl.DataFrame({'a': [1]}).write_parquet(f)", "pl.read_parquet(f)", "import polars as pl"),
    "duckdb": (
        "duckdb.sql(f\"copy (select 1 a) to '{f}' (format csv)\")",
        "duckdb.sql(f\"from '{f}'\").fetchall()",
        "",
    ),
    "h5py": ("h5py.File(f, 'w')['x'] = [1, 2]", "h5py.File(f, 'r')['x'][:]", ""),
    "safetensors": (
        "save_file({'x': np.zeros(3)}, f)",
        "load_file(f)",
        "from safetensors.numpy import save_file, load_file\nimport numpy as np",
    ),
}


@linux
@pytest.mark.parametrize("library", BLIND)
def test_more_such_libraries(notebook: Notebook, work: Path, library: str) -> None:
    pytest.importorskip(library)
    write, read, imports = BLIND[library]
    run(notebook, f"import {library}\n{imports}\nf = 'blind.{library}.csv'")
    made = run(notebook, write)
    name = f"blind.{library}.csv"
    assert writes(made)[name].digest == digest((work / name).read_bytes())
    got = run(notebook, f"_ = {read}")
    assert reads(got)[name].digest == digest((work / name).read_bytes())
    assert reads(got)[name].writer == made.ordinal
    assert not got.facts.writes


@linux
def test_what_lies_deep_or_beside_very_many_files(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    work = tmp_path / "work"
    crowded = work / "crowded"
    crowded.mkdir(parents=True)
    (work / "marker").touch()
    for number in range(20_000):
        os.mknod(crowded / str(number))
    deep = crowded / "zz" / "deep"
    deep.mkdir(parents=True)
    (deep / "back").symlink_to(work)
    (deep / "x.txt").write_text("deep")
    book = open_notebook(tmp_path / "home", work)
    assert book.run("import time").ok
    book.load()
    assert book.run("assert time.process_time() < 15").ok  # and not minutes; other processes do not count
    run(book, "import pyarrow as pa, os, time\ntime.sleep(1)")
    cell = run(book, "_ = len(os.listdir('crowded'))")
    assert not cell.facts.reads
    cell = run(book, "_ = pa.OSFile('crow' + 'ded/zz/' + 'deep/x.txt').read()")
    assert [(Path(read.path).name, read.digest) for read in cell.facts.reads] == [("x.txt", digest(b"deep"))]


def test_a_blind_reader_without_a_watch_is_said(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    (tmp_path / "marker").touch()
    book = open_notebook(env={"RUNLORE_WATCH_FILES": "off"}).load()
    run(book, "%%track before\nx = 1")
    run(book, "import pyarrow.csv")
    run(book, "%%track after\nx = 1")
    before, after = book.session().runs.values()
    assert not before.not_captured
    (note,) = after.not_captured
    assert note.what == "data"
    assert "pyarrow" in note.why


def test_very_many_files_are_put_together(notebook: Notebook, work: Path) -> None:
    many = work / "many"
    many.mkdir()
    for number in range(1500):
        (many / f"{number}.bin").write_bytes(b"%d" % number)
    time.sleep(0.05)
    cell = run(notebook, "import os\nfor name in os.listdir('many'): open(f'many/{name}', 'rb').read()")
    (read,) = cell.facts.reads
    assert read.path == f"{many}{os.sep}"
    assert read.version == {"files": "1500"}
    entries = manifest.decode(ObjectStore(notebook.home.objects).get(read.digest or ""))
    assert [entry.path for entry in entries] == sorted(f"{number}.bin" for number in range(1500))
    assert manifest.Entry("7.bin", 1, digest(b"7")) in entries


def test_git_and_dvc_identities(notebook: Notebook, work: Path) -> None:
    repository = work / "repository"
    (repository / "data" / "images").mkdir(parents=True)
    (repository / "tracked.csv").write_text("in git")
    (repository / "changed.csv").write_text("in git")
    (repository / "data" / "big.csv").write_text("in dvc")
    (repository / "data" / "images" / "1.txt").write_text("one\r\n")
    md5 = hashlib.md5(b"in dvc").hexdigest()
    (repository / "data" / "big.csv.dvc").write_text(
        f"outs:\n- md5: {md5}\n  size: 6\n  hash: md5\n  path: big.csv\n"
    )
    listing = json.dumps([{"md5": hashlib.md5(b"one\n").hexdigest(), "relpath": "1.txt"}])
    cache = repository / ".dvc" / "cache" / "ab"
    cache.mkdir(parents=True)
    (cache / "cd.dir").write_text(listing)
    lock = (
        "schema: '2.0'\nstages:\n  load:\n    cmd: load\n    outs:\n    - path: data/images\n      md5: abcd.dir\n"
    )
    (repository / "dvc.lock").write_text(lock)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "tracked.csv", "changed.csv", "data/big.csv.dvc", "dvc.lock"], check=True)
    subprocess.run([*git, "commit", "-qm", "data"], check=True)
    (repository / "changed.csv").write_text("not in git")
    time.sleep(0.05)
    cell = run(
        notebook,
        "for name in ('tracked.csv', 'changed.csv', 'data/big.csv', 'data/images/1.txt'):\n"
        "    open('repository/' + name).read()",
    )
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    command = [*git, "hash-object", str(repository / "tracked.csv")]
    blob = subprocess.run(command, capture_output=True, text=True, check=True)
    place = {"repository": str(repository), "commit": head}
    versions = {name: read.version for name, read in reads(cell).items()}
    assert versions == {
        "tracked.csv": {"git": blob.stdout.strip(), "path": "tracked.csv", **place},
        "changed.csv": {},
        "big.csv": {"dvc": md5, "path": "data/big.csv", **place},
        "1.txt": {"dvc": hashlib.md5(b"one\n").hexdigest(), "path": "data/images/1.txt", **place},
    }


def test_objects_opened_through_fsspec(notebook: Notebook, work: Path) -> None:
    pytest.importorskip("fsspec")
    cell = run(
        notebook,
        "import fsspec\nwith fsspec.open('memory://bucket/x.csv', 'wb') as file: _ = file.write(b'cloud')",
    )
    assert [written.path for written in cell.facts.writes] == ["memory:///bucket/x.csv"]
    cell = run(notebook, "with fsspec.open('memory://bucket/x.csv') as file: assert file.read() == b'cloud'")
    (read,) = cell.facts.reads
    assert (read.path, read.digest, read.seen_by) == ("memory:///bucket/x.csv", digest(b"cloud"), "fsspec")


def test_a_url_is_recorded_by_its_etag_and_without_its_secrets(notebook: Notebook, work: Path) -> None:
    pytest.importorskip("aiohttp")
    server = (
        "import fsspec, http.server, threading\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.send_header('ETag', '\"v1\"')\n"
        "        self.send_header('Content-Length', '5'); self.end_headers()\n"
        "        if self.command == 'GET': self.wfile.write(b'cloud')\n"
        "    do_HEAD = do_GET\n"
        "    def log_message(self, *_): pass\n"
        "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()"
    )
    assert notebook.run(server).ok
    cell = run(
        notebook,
        "url = f'http://127.0.0.1:{server.server_port}/x.csv?token=hunter2'\n"
        "with fsspec.open(url) as file: assert file.read() == b'cloud'\n"
        "assert fsspec.filesystem('http').cat(url.replace('x.csv', 'y.csv')) == b'cloud'",
    )
    assert sorted(read.path.rpartition("/")[2] for read in cell.facts.reads) == [
        "x.csv?token=...",
        "y.csv?token=...",
    ]
    assert {read.version.get("etag") for read in cell.facts.reads} == {"v1"}, cell.facts.reads
    assert {read.digest for read in cell.facts.reads} == {None}
    lines = notebook.home.events(notebook.session().session_id).read_bytes().splitlines()
    told = [line for line in lines if b'"file_read"' in line]
    assert told
    assert not any(b"hunter2" in line for line in told)


def test_a_script_has_its_data_too(run_script: Callable[..., str], tmp_path: Path) -> None:
    from runlore.home import Home
    from runlore.session_record import sessions

    (tmp_path / "in.txt").write_text("in")
    time.sleep(0.05)
    run_script(
        "import runlore\nwith runlore.start_run('s'):\n"
        "    x = open('in.txt').read()\n    open('out.txt', 'w').write(x)"
    )
    (session,) = sessions(Home(tmp_path / "home"))
    assert [(Path(read.path).name, read.digest) for read in session.outside.reads] == [("in.txt", digest(b"in"))]
    assert [Path(written.path).name for written in session.outside.writes] == ["out.txt"]
