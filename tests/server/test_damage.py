"""Files of a home, damaged at random: readers give what is left or a clear error, the doctor names the file."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from runlore.curve import last_point, points, read_records
from runlore.errors import RunloreError
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.session_record import sessions
from runlore.states import StateFile
from runlore_server.cli import main
from runlore_server.queue.ledger import Ledger
from runlore_server.rerun.data import read_checks
from runlore_server.rerun.folder import Folder
from runlore_server.store.curves import read_points
from runlore_server.store.filters import SavedFilters
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict
from tests.formats.frozen import releases, unpack
from tests.formats.telling import tell

EXAMPLES = settings(
    max_examples=int(os.environ.get("RUNLORE_TEST_DAMAGES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a smaller example says no more, and each takes a second
)

DOMAIN = (RunloreError, OSError, sqlite3.Error)
"""What readers say that they raise."""


class Whole(NamedTuple):
    """A whole home, and everything that it tells."""

    path: Path
    told: dict[str, Any]

    def __repr__(self) -> str:
        return "a whole home"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    (folder / "home").mkdir(mode=0o700)
    home = unpack(releases()[-1], folder / "home")
    told = tell(home)
    for lock in home.path.rglob("*.lock"):
        lock.unlink()
    return Whole(home.path, told)


@pytest.fixture(scope="module")
def copied(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    place = tmp_path_factory.mktemp("damaged")

    @contextlib.contextmanager
    def copy() -> Iterator[Home]:
        shutil.copytree(whole.path, place / "home")
        try:
            yield Home(place / "home")
        finally:
            shutil.rmtree(place / "home")

    return copy


def _cut(content: bytes, at: float, _length: int, _byte: int) -> bytes:
    return content[: int(at * len(content))]


def _garble(content: bytes, at: float, length: int, byte: int) -> bytes:
    start = int(at * len(content))
    return content[:start] + bytes([byte]) * min(length, len(content) - start) + content[start + length :]


def _lengthen(content: bytes, _at: float, length: int, byte: int) -> bytes:
    return content + bytes([byte]) * length


def _readings(home: Home) -> Iterator[Callable[[], Any]]:
    """Everything that reads a file of the home."""
    yield lambda: [record.runs for record in sessions(home)]
    yield lambda: SavedFilters(home).all()
    yield lambda: _jobs(home)
    for digest in [path.name for path in home.objects.iterdir()]:
        yield lambda digest=digest: ObjectStore(home.objects).get(digest)
    store = RunStore(home)
    for run_id in _guarded(store.refresh) or ():
        run = store.find(run_id)
        yield lambda run=run: store.session(run)
        yield lambda run=run: store.sums([run])
        yield lambda run_id=run_id: read_verdict(home, run_id)
        folder = Folder(home.rerun(run_id))
        yield from (folder.plan, folder.launch, folder.outcome, lambda folder=folder: read_checks(folder))
        for path in run.metrics.values():
            yield lambda path=path: points(read_records(path))
            yield lambda path=path: last_point(path)
            yield lambda path=path: read_points(path)
        for cell in store.session(run).cells.values():
            states = StateFile(home.states(run.session_id))
            for digest in cell.rng.values():
                yield lambda states=states, digest=digest: states.get(digest)
    yield store.sum_up
    store.close()


def _jobs(home: Home) -> list[Any]:
    with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
        return ledger.all()


def _guarded(read: Callable[[], Any]) -> Any:
    with contextlib.suppress(*DOMAIN):
        return read()
    return None


def _doctor(home: Home, *options: str) -> tuple[int, dict[str, Any]]:
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        code = main(["doctor", "--deep", "--json", "--home", str(home.path), *options])
    said.seek(0)
    return code, json.loads(said.read())


def _names(whole: Path) -> list[str]:
    return sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())


@EXAMPLES
@given(data=st.data())
def test_readers_raise_nothing_but_what_they_say(
    whole: Whole, copied: Callable[[], Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(_names(whole.path)))
    damage = data.draw(st.sampled_from([_cut, _garble, _lengthen]))
    at, length = data.draw(st.floats(0, 1)), data.draw(st.integers(1, 5000))
    with copied() as home:
        path = home.path / name
        path.write_bytes(damage(path.read_bytes(), at, length, data.draw(st.sampled_from([0, 0x7B, 0xFF]))))
        for read in _readings(home):
            _guarded(read)
        code, found = _doctor(home)
        assert code in (0, 1), found
        code, found = _doctor(home, "--repair")
        assert code in (0, 1), found


@EXAMPLES
@given(data=st.data())
def test_the_doctor_names_the_file_when_anything_is_told_otherwise(
    whole: Whole, copied: Callable[[], Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(_names(whole.path)))
    damage = data.draw(st.sampled_from([_cut, _garble]))
    with copied() as home:
        path = home.path / name
        before = path.read_bytes()
        after = damage(before, data.draw(st.floats(0, 1)), data.draw(st.integers(1, 5000)), 0xFF)
        # Whole lines and whole points at the end leave what a kernel leaves that was killed earlier.
        assume(not (path.suffix == ".jsonl" and (after.endswith(b"\n") or not after)))
        assume(not (path.suffix == ".curve" and (damage is _garble or (len(after) - 24) % 24 == 0)))
        path.write_bytes(after)
        named = {place["where"] for one in _doctor(home)[1]["findings"] for place in one["places"]}
        try:
            same = tell(home) == whole.told
        except DOMAIN:
            same = False
        assert same or name in named, (name, damage.__name__, named)
