"""Record the home that the next release is remembered by: ``python -m tests.formats.make``.

Real kernels record it, a real queue reruns a run of it. What tells the machine apart (paths, names, ids) is then
replaced, with the digests of the objects that change by it, so that the home seems to come from ``/home/user``.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import io
import json
import os
import socket
import sqlite3
import sys
import tarfile
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from blake3 import blake3

from runlore.home import Home
from runlore.process import current_process
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.retention.notes import RetentionNotes
from runlore_server.retention.rule import made
from runlore_server.store.archive import archive_run
from runlore_server.store.filters import SavedFilter, SavedFilters
from runlore_server.store.runs import RunStore
from tests.conftest import Notebook
from tests.formats.frozen import ARCHIVE, EXPECTED, FOLDER, HOST, unpack
from tests.formats.telling import tell

USER = "/home/user"

CELLS = [
    "%load_ext runlore",
    "import random\nfrom pathlib import Path\nimport runlore\nfrom scale import scaled\n"
    "data = [float(line) for line in Path('data.csv').read_text().split()]\nrng = random.Random(4)",
    "%%track first --seed 7 --experiment demo --watch loss -p lr=0.1 kind=adam --tag team=vision --note 'a note'\n"
    "for step in range(60):\n    loss = sum(data) / (step + 1) + random.random() / 100\n"
    "    runlore.log({'val/accuracy': scaled(step), 'größe': float('nan') if step == 5 else step})\n"
    "Path('model.bin').write_bytes(bytes(range(256)))\nrunlore.log_artifact('model.bin', 'models/model.bin')\n"
    "print('trained'); loss > 0",
    "%%track broken\nrunlore.log(loss=float('inf'))\nrunlore.log(loss=1e308)\nraise ValueError('on purpose')",
    "with runlore.start_run('by hand', params={'nested': {'depth': 2, 'list': [1, None, 'x']}}) as run:\n"
    "    for step in (10, 5, 5, 0):\n        runlore.log(step=step, loss=step)\n    run.note('first')\n"
    "    run.note('second')",
]
INTERRUPTED = (
    "%%track stopped\nimport time\nkept = 41\nfor step in range(100000):\n    runlore.log(loss=step)\n"
    "    print('going', flush=True)\n    time.sleep(0.05)"
)
KILLED = (
    "%%track killed\nimport runlore, time\nfor step in range(50): runlore.log(loss=1 / (step + 1))\n"
    "print('now', flush=True)\ntime.sleep(1000)"
)


def record(folder: Path) -> Home:
    """Record sessions, a rerun, a filter and jobs below ``folder``."""
    home, work = Home(folder / "home"), folder / "study"
    work.mkdir()
    (work / "data.csv").write_text("1.5\n2.5\n")
    (work / "scale.py").write_text("def scaled(step):\n    return step / 60\n")
    notebook = Notebook(home.path, work)
    for cell in CELLS:
        notebook.run(cell)
    notebook.start(INTERRUPTED)
    notebook.wait_for_output("going")
    notebook.interrupt()
    notebook.run("kept + 1")
    notebook.close()
    killed = Notebook(home.path, work).load()
    killed.start(KILLED)
    killed.wait_for_output("now")
    killed.kill()
    _rerun(home)
    SavedFilters(home).put(SavedFilter(name="good", filter="metrics.loss < 0.1", order_by="started DESC"))
    RetentionNotes(home).put(made("demo", keep_best=3, metric="loss", artifacts=["*.bin"]))
    return home


def _archive(store: RunStore, name: str) -> None:
    """Leave a run's curves in its archive alone."""
    (run,) = (run for run in map(store.find, store.ids()) if run.name == name)
    archive_run(run)
    for path in run.metrics.values():
        path.unlink()


def _rerun(home: Home) -> None:
    store = RunStore(home)
    store.refresh()
    queue = JobQueue(home, store, lambda _: None)
    queue.start()
    try:
        (first,) = (run_id for run_id in store.ids() if store.find(run_id).name == "first")
        jobs = [queue.submit(Request(run_id=first)).run_id, queue.submit(Request(run_id=first)).run_id]
        queue.stop(jobs[1])
        while queue.get(jobs[0]).state in ("queued", "running"):
            time.sleep(0.1)
        _archive(store, "by hand")
    finally:
        queue.shutdown()
        store.close()


def neutral(home: Home, folder: Path) -> None:
    """Replace what tells this machine apart, in every file of the home.

    Raises:
        ValueError: it is still there, in a file that cannot be changed.
    """
    here = current_process()
    project = str(FOLDER.parent.parent)
    words = [
        (str(folder / "study"), f"{USER}/study"),
        (str(home.path), f"{USER}/home"),
        (project, f"{USER}/project"),
    ]
    words += [(sys.base_prefix, f"{USER}/python"), (str(Path.home()), USER), (here.boot, "0" * 36)]
    words += [
        (f'"machine":"{here.machine}"', '"machine":null'),
        (f'"namespace":"{here.namespace}"', '"namespace":null'),
    ]
    words += [(f'"host":"{socket.gethostname()}"', f'"host":"{HOST}"')]
    words += [(f'"user":"{getpass.getuser()}"', '"user":"ada"')]
    with contextlib.closing(sqlite3.connect(home.path / "jobs.sqlite")) as jobs:
        jobs.execute("UPDATE job SET process = NULL")
        jobs.commit()
        jobs.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        jobs.execute("PRAGMA journal_mode = DELETE")
    pairs = [(old.encode(), new.encode()) for old, new in words if len(old) > 1]
    first = [old for old, _ in pairs]
    while changed := _replace(home, pairs):
        pairs = changed  # what names a changed object is changed by that
    for path in home.path.rglob("*"):
        if path.is_file() and any(old in path.read_bytes() for old in first if len(old) > 8):
            raise ValueError(f"{path} tells of this machine")


def _replace(home: Home, pairs: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Replace texts in all files but binary ones; the old and new names of the objects that changed."""
    renamed = []
    for path in sorted(home.path.rglob("*")):
        if not path.is_file() or path.suffix in (".sqlite", ".curve", ".parquet", ".bin") or path.name == "key":
            continue
        content = before = path.read_bytes()
        for old, new in pairs:
            content = content.replace(old, new)
        if content == before:
            continue
        if path.parent == home.objects:
            name = str(blake3(content).hexdigest())
            renamed.append((path.name.encode(), name.encode()))
            path.unlink()
            (home.objects / name).write_bytes(content)
        else:
            path.write_bytes(content)
    for lock in [*home.path.rglob("*.lock"), *home.path.rglob("*.log"), *home.path.glob("*.sqlite-*")]:
        lock.unlink()
    return renamed


def pack(home: Home, target: Path) -> None:
    """The home as one file, the same for the same content."""
    with tarfile.open(target, "w:xz", preset=9) as archive:
        for path in sorted(home.path.rglob("*")):
            if path.suffix == ".lock" or not path.is_file():
                continue
            facts = tarfile.TarInfo(path.relative_to(home.path).as_posix())
            content = path.read_bytes()
            facts.size, facts.mode = len(content), 0o600
            archive.addfile(facts, io.BytesIO(content))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("version", nargs="?", default=version("runlore"))
    target = FOLDER / arguments.parse_args().version
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        del os.environ[name]
    os.environ |= {"PYTHONHASHSEED": "0", "PIP_CONFIG_FILE": os.devnull, "XDG_CONFIG_DIRS": os.devnull}
    with tempfile.TemporaryDirectory(prefix="runlore-frozen-") as folder:
        home = record(Path(folder))
        (home.path / "index.sqlite").unlink(missing_ok=True)
        neutral(home, Path(folder))
        store = RunStore(home)
        store.refresh()
        store.sum_up()
        store.close()
        target.mkdir(exist_ok=True)
        pack(home, target / ARCHIVE)
        found = tell(unpack(target, Path(folder) / "again"))
    text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True)
    (target / EXPECTED).write_text(text + "\n", encoding="utf-8")
    print(f"{target}: {(target / ARCHIVE).stat().st_size} bytes, {len(found['runs'])} runs")


if __name__ == "__main__":
    main()
