"""SQLite files of the home when several processes meet the same damaged one."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore_server.database import open_database
from runlore_server.queue.ledger import Ledger
from runlore_server.registry.version import KnownVersions
from runlore_server.store.exports import Export, Exports
from runlore_server.store.filters import SavedFilters
from tests.journals import FakeKernel
from tests.kernel.mounts import mounted

RACERS = 6

MEET = """
import json, os, sys, time
from pathlib import Path

def meet(folder, rounds):
    "Wait in every round until all others have come; yields the number of the round."
    for number in range(rounds):
        (folder / f"here-{number}-{os.getpid()}").touch()
        end = time.monotonic() + 30
        while len(list(folder.glob(f"here-{number}-*"))) < RACERS:
            assert time.monotonic() < end, "the others are gone"
            time.sleep(0.0005)
        yield number
""".replace("RACERS", str(RACERS))

OPENING = f"""{MEET}
from runlore_server.database import open_database

def prepare(connection):
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS note (writer INTEGER)")

folder = Path(sys.argv[1])
kept = []
for number in meet(folder, 6):
    connection = open_database(folder / f"{{number}}.sqlite", prepare)
    with connection:
        connection.execute("INSERT INTO note VALUES (?)", (os.getpid(),))
    kept.append(connection)  # as a server does
for connection in kept:
    (count,) = connection.execute("SELECT count(*) FROM note").fetchone()
"""

INDEXING = f"""{MEET}
from runlore.home import Home
from runlore_server.store.runs import RunStore

folder = Path(sys.argv[1])
for number in meet(folder, 6):
    store = RunStore(Home(folder / str(number)))
    store.refresh()
    found = store.ids()
    assert len(found) == 3, found
    store.sum_up()
    store.close()
"""


def _race(program: str, folder: Path) -> None:
    racers = [
        subprocess.Popen([sys.executable, "-c", program, str(folder)], stderr=subprocess.PIPE, text=True)
        for _ in range(RACERS)
    ]
    said = [racer.communicate(timeout=120)[1] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * RACERS, "\n".join(said)


def test_of_several_that_meet_a_damaged_database_one_replaces_it(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.sqlite").write_bytes(b"damaged" * 1000)
    _race(OPENING, tmp_path)
    for number in range(6):
        connection = sqlite3.connect(tmp_path / f"{number}.sqlite")
        writers = {writer for (writer,) in connection.execute("SELECT writer FROM note")}
        connection.close()
        assert len(writers) == RACERS, "what one wrote went away with a file that was set aside"
        assert (tmp_path / f"{number}.sqlite.damaged").read_bytes() == b"damaged" * 1000


def test_of_several_that_meet_a_damaged_index_all_have_a_whole_one(tmp_path: Path) -> None:
    for number in range(6):
        kernel = FakeKernel(Home(tmp_path / str(number)))
        for _ in range(3):
            kernel.run("train", {"loss": [(0, 1.0)]})
        kernel.end()
        (tmp_path / str(number) / "index.sqlite").write_bytes(b"damaged" * 1000)
    _race(INDEXING, tmp_path)
    for number in range(6):
        path = tmp_path / str(number) / "index.sqlite"
        if path.exists():
            connection = sqlite3.connect(path)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            connection.close()


def test_a_database_is_opened_while_another_waits_with_its_lock_in_hand(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom runlore_server.database import alone\n"
        "path = Path(sys.argv[1])\n"
        "with alone(path):\n    print('mine', flush=True)\n    time.sleep(1)\n"
        "    path.with_name('given back').touch()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.sqlite")], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "mine\n"
    open_database(tmp_path / "a.sqlite", lambda _: None).close()
    assert (tmp_path / "given back").exists(), "it waited until the other was done"
    assert holder.wait(30) == 0


LATER: dict[str, tuple[str, Callable[[Home, Path], object]]] = {
    "jobs": ("jobs.sqlite", lambda _, path: Ledger(path)),
    "filters": ("filters.sqlite", lambda home, _: SavedFilters(home).all()),
    "exports": ("mlflow/exports.sqlite", lambda home, _: Exports(home, "sqlite:///x").get("a")),
    "models": ("mlflow/exports.sqlite", lambda home, _: KnownVersions(home, "sqlite:///x").put("a", [])),
}


@pytest.mark.parametrize("kept", LATER)
def test_a_later_format_is_left_alone_and_named(home: Home, kept: str) -> None:
    name, use = LATER[kept]
    path = home.path / name
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE tomorrow (x)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalFormatError, match=f"{path.name}.*upgrade Runlore"):
        use(home, path)
    assert sqlite3.connect(path).execute("SELECT name FROM sqlite_master").fetchall() == [("tomorrow",)]
    assert len(path.read_bytes()) == len(before)


def test_databases_without_a_version_are_of_the_first(home: Home) -> None:
    (home.path / "mlflow").mkdir(parents=True)
    connection = sqlite3.connect(home.path / "mlflow" / "exports.sqlite")
    connection.execute(
        "CREATE TABLE export (store TEXT NOT NULL, run_id TEXT NOT NULL, mlflow_run_id TEXT, fingerprint TEXT,"
        " content TEXT, PRIMARY KEY (store, run_id)) WITHOUT ROWID"
    )
    connection.commit()
    connection.close()
    exports = Exports(home, "sqlite:///x")
    exports.put("a", Export("b"))
    assert exports.get("a") == Export("b")
    exports.close()
    assert sqlite3.connect(home.path / "mlflow" / "exports.sqlite").execute("PRAGMA user_version").fetchone() == (
        1,
    )


@pytest.mark.skipif(os.name != "posix", reason="it has other permissions")
def test_databases_are_for_their_owner_alone(home: Home) -> None:
    Ledger(home.path / "jobs.sqlite").close()
    assert (home.path / "jobs.sqlite").stat().st_mode & 0o077 == 0
    assert json.dumps(sorted(p.name for p in home.path.iterdir())) == '[".jobs.sqlite.lock", "jobs.sqlite"]'


def test_a_database_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with mounted("tmpfs", tmp_path, "4M") as disk:
        open_database(disk / "jobs.sqlite", lambda _: None).close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(PermissionError, match=r"cannot be written.*jobs\.sqlite"):
            open_database(disk / "jobs.sqlite", lambda _: None)
