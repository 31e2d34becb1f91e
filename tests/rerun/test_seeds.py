"""Further reruns of a rerun, in real kernels: from the same states, and from fresh seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from runlore.record import session_ids
from runlore_server.rerun.folder import Folder
from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore",
    "import os, random, uuid\nprint(uuid.uuid4())  # nothing rests on it",
    "%%track seeded\nimport random, runlore\nrandom.seed(42)\n"
    "for _ in range(20):\n    runlore.log(loss=random.gauss(1, 0.1))",
    "%%track entropy\nimport os, runlore\nrunlore.log(loss=int.from_bytes(os.urandom(4), 'big'))",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("seeds"), CELLS, env={"PYTHONHASHSEED": "0"})


def test_fresh_seeds_reach_code_that_seeds_itself_and_leave_no_run_behind(recorded: Recorded) -> None:
    known = set(session_ids(recorded.home))
    done = recorded.verify("seeded", "--seeds", "5")
    found = done.json
    assert (done.code, found["verdict"]) == (0, "BIT-EXACT"), found
    tests = found["statistics"]["tests"]
    assert [test["summary"] for test in tests] == ["final window", "area under the curve"]
    assert all(0.001 < test["sd"] < 0.2 and abs(test["mean"] - 1) < 0.2 for test in tests)
    assert len(set(found["statistics"]["seeds"])) == 5
    (new,) = set(session_ids(recorded.home)) - known
    assert new == Folder(Path(found["notebook"]).parent).plan().session_id
    runs = recorded.command("runs", "--json").json["runs"]
    assert [run["run_id"] for run in runs if run["rerun_of"] == found["rerun_of"]] == [found["run_id"]]


def test_a_divergence_without_a_recorded_cause_is_rerun_once_more(recorded: Recorded) -> None:
    known = set(session_ids(recorded.home))
    found = recorded.verify("entropy").json
    assert (found["verdict"], found["again"]) == ("DIVERGED", "differs")
    assert "urandom" in found["causes"][0]
    assert any("the code itself is not deterministic" in cause for cause in found["causes"])
    assert all(rung["status"] != "differs" for rung in found["ladder"][:5])
    assert len(set(session_ids(recorded.home)) - known) == 1


def test_too_few_runs_are_refused_before_anything_is_run(recorded: Recorded) -> None:
    for arguments, said in (
        (["--seeds", "3"], "needs 5 reruns"),
        (["--seeds", "5", "--against", recorded.runs["entropy"].run_id], "3 more with --against"),
    ):
        done = recorded.verify("seeded", *arguments)
        assert (done.code, done.json["error"]["reason"]) == (2, "RerunRefused")
        assert said in done.json["error"]["message"]
