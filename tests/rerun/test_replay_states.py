"""Generators, seeds from the operating system, hash order and interrupted cells, repeated by real reruns."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from runlore import events as ev
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore_server.rerun.prepare import prepare
from tests.journals import FakeKernel
from tests.rerun.conftest import Recorded, record

STOP = "os.kill(os.getpid(), signal.SIGINT)"

MESSY = [
    "%load_ext runlore",
    "import os, random, signal, time\nimport numpy as np\nrng = np.random.default_rng()\nown = random.Random()\n"
    "box = {'deep': [np.random.RandomState()]}\nwords = {'hash', 'order', 'of', 'these', 'words', 'counts'}",
    "first = [rng.normal(), own.random(), box['deep'][0].rand(), list(words)]",
    "rng.normal()",
    "rng.normal()  # twice",
    "%%track drawn\nimport runlore\nrandom.seed(); np.random.seed()\n"
    "runlore.log(a=rng.normal(), b=own.random(), c=box['deep'][0].rand(), d=random.random(), e=np.random.rand(),\n"
    "            f=np.random.default_rng().normal(), g=random.Random().random(), i=hash(first[3][0]) % 997)",
    # Stopped at a moment that no clock finds again, with objects of every sort under way.
    "class Net:\n    steps = 0\n    def step(self): self.steps += 1; return self.steps\n"
    "def outer():\n    n = [0]\n    def count(): n[0] += 1; return n[0]\n    return count\n"
    "net, big = Net(), np.zeros(1000)\nview = big[10:]\nlog = []",
    "count, unfinished = outer(), (n for n in range(9))\ndef double(x): return factor * x\nclass Late(Net): pass\n"
    "late, factor = Late(), 2\nstop = time.time() + 0.2 + random.random() / 5\n"
    "while True:\n    log.append(rng.normal()); big[20] += net.step() + late.step() + count(); time.sleep(0.002)\n"
    f"    if time.time() > stop: {STOP}",
    f"try:\n    while True:\n        log.append(1); big[21] += 1\n"
    f"        if random.random() > 0.9: {STOP}; time.sleep(9)\n"
    "except KeyboardInterrupt:\n    print('enough')\nlen(log)",
    "view[10] += 1\nraise KeyboardInterrupt  # no user did this",
    "%%track stopped\nfactor = 3\nview[11] += 1\n"
    "runlore.log(a=sum(log), n=len(log), big=big.sum(), seen=big[20] + big[21], net=net.step(),\n"
    "            late=late.step(), count=count(), double=double(2), kind=isinstance(late, Net),\n"
    "            out=Out[9], last=_, d=rng.normal())",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("states"), MESSY, env={"PYTHONHASHSEED": "4711"})


def test_generators_and_unseeded_draws_come_again(recorded: Recorded) -> None:
    done = recorded.verify("drawn")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 8), done
    assert recorded.session.info is not None
    assert recorded.session.info.hash_seed == "4711"
    cell = recorded.session.cells[4]
    assert cell.generators.keys() == {"rng", "own", "box['deep'][0]"}


def test_interrupted_cells_leave_what_they_left(recorded: Recorded) -> None:
    stopped = [cell for cell in recorded.session.cells.values() if cell.interrupted]
    assert [cell.outcome for cell in stopped] == ["interrupted", "ok"]
    assert stopped[0].snapshot is not None
    assert stopped[0].snapshot.missing.keys() == {"unfinished"}
    done = recorded.verify("stopped")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 12), done
    again = recorded.command("verify", done.json["run_id"], "--json")
    assert (again.code, again.json["verdict"]) == (0, "BIT-EXACT"), again


def test_a_snapshot_that_this_home_has_not_signed_is_never_read(tmp_path: Path) -> None:
    cells = [
        "%load_ext runlore",
        "import os, signal\nfrom pathlib import Path",
        f"x = 1\n{STOP}",
        "%%track after\nimport runlore\nrunlore.log(x=x)",
    ]
    recorded = record(tmp_path, cells)
    [taken] = [cell.snapshot for cell in recorded.session.cells.values() if cell.snapshot is not None]
    trap = pickle.dumps(_Trap(str(tmp_path / "trapped")))
    forged = ObjectStore(recorded.home.objects).put(trap + pickle.dumps("more"))
    journal = recorded.home.events(recorded.session.session_id)
    journal.write_text(journal.read_text().replace(taken.digest, forged))
    done = recorded.verify("after")
    assert not (tmp_path / "trapped").exists()
    assert done.json["verdict"] == "BIT-EXACT", done  # it ran, and stopped itself again
    log = next(iter(sorted(recorded.home.sessions.iterdir(), reverse=True))) / "events.jsonl"
    assert "this home's key has not signed them" in log.read_text()


class _Trap:
    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> object:
        return os.mkdir, (self._path,)


def test_an_interrupted_import_is_named(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "slow.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nx = 1\n")
    recorded = record(tmp_path, ["%load_ext runlore", "import slow"])
    [note] = [note for note in recorded.session.not_captured if "interpreter" in note.what]
    assert (note.what, note.why) == (
        "interpreter state after interrupt",
        "the import of slow was stopped half-way",
    )


LOADING = """%%track loading
import runlore
class Noisy(torch.utils.data.Dataset):
    def __len__(self): return 8
    def __getitem__(self, at):
        return at + torch.rand(1).item() + random.random() + np.random.default_rng().random()
loader = torch.utils.data.DataLoader(Noisy(), batch_size=2, shuffle=True, num_workers=2, generator=generator)
torch.seed()
runlore.log(workers=sum(float(batch.sum()) for batch in loader), torch=torch.rand(1))
runlore.log(forest=forest.fit(X, y).score(X, y), more=torch.rand(1, generator=loader.sampler.generator))
"""


def test_loaders_workers_and_estimators_draw_the_same(tmp_path: Path) -> None:
    cells = [
        "%load_ext runlore",
        "import random, torch\nimport numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "X, y = np.random.rand(60, 3), np.random.randint(0, 2, 60)\ngenerator = torch.Generator()\n"
        "forest = RandomForestClassifier(5, max_depth=2, random_state=np.random.RandomState())",
        "forest.fit(X, y); torch.rand(3, generator=generator)",
        LOADING,
    ]
    recorded = record(tmp_path, cells)
    assert recorded.session.cells[2].generators.keys() == {"generator", "forest.random_state"}
    done = recorded.verify("loading")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 4), done


JOB = """import random
import numpy as np

def draw(i):
    return random.random() + np.random.rand() + np.random.default_rng().random()
"""
ANEW = """%%track anew
import multiprocessing, runlore
from concurrent.futures import ProcessPoolExecutor
from joblib.externals.loky import get_reusable_executor
from job import draw
with multiprocessing.get_context("spawn").Pool(1) as pool:
    runlore.log(pool=sum(pool.map(draw, range(3))))
with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as executor:
    runlore.log(executor=sum(executor.map(draw, range(3))))
runlore.log(loky=sum(get_reusable_executor(max_workers=1).map(draw, range(3))))
"""


@pytest.mark.thorough
def test_workers_that_start_as_new_interpreters_draw_the_same(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "job.py").write_text(JOB)
    recorded = record(tmp_path, ["%load_ext runlore", ANEW])
    done = recorded.verify("anew")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 3), done


def test_the_rerun_s_kernel_hashes_and_computes_as_the_original_s(tmp_path: Path) -> None:
    for seed, processors, expected in (("17", 3, "3"), (None, None, None)):
        kernel = FakeKernel(Home(tmp_path / "home"), cwd=str(tmp_path), executable="python3", hash_seed=seed)
        kernel.cell("%%track")
        run_id = kernel.start_run(cell=0, kind="cell")
        hardware = {} if processors is None else {"usable_cpus": processors}
        digest = kernel.objects.put(json.dumps({"variables": {}, "hardware": hardware}).encode())
        kernel.write(ev.EnvironmentCaptured(time=1.0, run_id=run_id, digest=digest))
        launch = prepare(kernel.home, kernel.session_id, run_id).launch()
        assert launch.hash_seed == (seed or "0")
        assert launch.environ is not None
        assert launch.environ.get("OMP_NUM_THREADS") == expected
