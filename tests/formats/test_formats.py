"""What every released version wrote is read by this one as it was then."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from runlore.home import Home
from runlore_server.cli import main
from runlore_server.store.index_file import FORMAT
from tests.formats.frozen import EXPECTED, releases, unpack
from tests.formats.reader import Reader, rows
from tests.formats.telling import tell


@pytest.fixture(scope="module", params=releases(), ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def frozen(release: Path, tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir(mode=0o700)
    return unpack(release, tmp_path / "home")


def test_everything_is_read_as_it_was_written(release: Path, frozen: Home) -> None:
    expected = json.loads((release / EXPECTED).read_text(encoding="utf-8"))
    assert {run["status"] for run in expected["runs"].values()} >= {"finished", "failed", "interrupted", "killed"}
    found = tell(frozen)
    assert found["runs"].keys() == expected["runs"].keys()
    for run_id, run in expected["runs"].items():
        # What later versions tell as well is theirs; what was told then is told still.
        assert json.dumps({name: found["runs"][run_id][name] for name in run}) == json.dumps(run)
    for part in expected.keys() - {"runs"}:
        assert found[part] == expected[part], part


def test_the_doctor_finds_nothing_wrong(frozen: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--deep", "--json", "--home", str(frozen.path)])
    found = json.loads(capsys.readouterr().out)
    assert (code, [one for one in found["findings"] if one["severity"] != "note"]) == (0, [])


@pytest.mark.parametrize("other", [FORMAT - 1, FORMAT + 1])
def test_an_index_of_another_format_is_built_again(release: Path, frozen: Home, other: int) -> None:
    index = frozen.path / "index.sqlite"
    with sqlite3.connect(index) as connection:
        connection.execute("DROP TABLE run")
        connection.execute(f"PRAGMA user_version = {other}")
    connection.close()
    found = tell(frozen)
    expected = json.loads((release / EXPECTED).read_text(encoding="utf-8"))
    assert [run["last"] for run in found["runs"].values()] == [run["last"] for run in expected["runs"].values()]
    connection = sqlite3.connect(index)
    assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    assert connection.execute("SELECT count(*) FROM run").fetchone() == (len(expected["runs"]),)
    connection.close()


def test_the_page_of_formats_says_enough_to_write_a_reader(release: Path, frozen: Home) -> None:
    expected = json.loads((release / EXPECTED).read_text(encoding="utf-8"))
    reader = Reader(frozen.path)
    assert reader.runs.keys() == expected["runs"].keys()
    for run_id, run in reader.runs.items():
        told = expected["runs"][run_id]
        cells = told.pop("cells")
        assert {str(ordinal) for ordinal in run["cells"]} == cells.keys()
        for ordinal, cell in run.pop("cells").items():
            assert {name: cells[str(ordinal)][name] for name in cell} == cell
        common = {name: told[name] for name in run}
        assert json.dumps(common, sort_keys=True) == json.dumps(run, sort_keys=True)
        if told["verdict"] is not None:
            assert reader.document(f"reruns/{run_id}/verdict.json")["verdict"] == told["verdict"][0]
            assert reader.document(f"reruns/{run_id}/plan.json")["rerun_of"] == told["rerun_of"]
    jobs = rows(frozen.path / "jobs.sqlite", "SELECT run_id, rerun_of, state FROM job")
    assert {run_id: {"rerun_of": of, "state": state} for run_id, of, state in jobs} == expected["jobs"]
    filters = rows(frozen.path / "filters.sqlite", "SELECT name, filter, order_by FROM filter")
    assert filters == [(one["name"], one["filter"], one["order_by"]) for one in expected["filters"]]
    rules = rows(frozen.path / "retention.sqlite", "SELECT experiment, content FROM rule")
    assert {name: json.loads(content) for name, content in rules} == expected["retention"]
