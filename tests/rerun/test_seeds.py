"""Further reruns of a rerun, in real kernels: from the same states, and from fresh seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from runlore.session_record import session_ids
from runlore_server.rerun.folder import Folder
from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore",
    "import os, random, uuid\nprint(uuid.uuid4())  # nothing rests on it",
    "%%track seeded\nimport random, runlore\nrandom.seed(42)\n"
    "for _ in range(20):\n    runlore.log(loss=random.gauss(1, 0.1))",
    "%%track entropy\nimport os, runlore\nrunlore.log(loss=int.from_bytes(os.urandom(4), 'big'))",
]

GIVEN = [
    "%load_ext runlore",
    "%%writefile seeded.py\nimport numpy as np\n"
    "def noise(seed):\n    return np.random.Generator(np.random.PCG64(seed)).random()",
    "SEED = 42\nimport random, numpy as np, torch, pandas as pd, runlore, seeded\n"
    "from sklearn.ensemble import RandomForestRegressor\nfrom sklearn.model_selection import train_test_split",
    """%%track given
def own(seed):
    return np.random.RandomState(seed).rand()
rows = list(range(1000))
one, other = (train_test_split(rows, random_state=SEED)[0] for _ in range(2))
model = RandomForestRegressor(**{"n_estimators": 2, "random_state": 3})
generator = torch.Generator().manual_seed(0)
runlore.log(
    split=one[0], same=float(one == other), frame=pd.Series(rows).sample(1, random_state=1).iloc[0],
    forest=model.fit([[i] for i in range(50)], range(50)).predict([[7.3]])[0],
    torch=torch.rand(1, generator=generator).item(), own=own(seed=5), module=seeded.noise(7),
    sequence=np.random.default_rng(np.random.SeedSequence(9)).random(), python=random.Random(1).random(),
    several=np.random.default_rng([1, 2]).random(), plain=float(np.arange(5).sum()),
)""",
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


@pytest.mark.thorough
def test_fresh_seeds_take_the_place_of_those_that_the_code_gives(tmp_path: Path) -> None:
    found = record(tmp_path, GIVEN, env={"PYTHONHASHSEED": "0"}).verify("given", "--seeds", "5").json
    spread = {test["metric"]: test["sd"] for test in found["statistics"]["tests"]}
    assert [metric for metric, sd in spread.items() if sd == 0] == ["same", "plain"], found
    assert all(test["mean"] == 1 for test in found["statistics"]["tests"] if test["metric"] == "same")
    for seed in ("manual_seed(0)", "Random(1)", "SeedSequence(9)", "random_state=1"):
        assert seed in found["reason"]


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
        assert (done.code, done.json["error"]["reason"]) == (2, "OptionsRefused")
        assert said in done.json["error"]["message"]
