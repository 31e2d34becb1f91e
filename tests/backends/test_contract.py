"""What every backend on other machines keeps to, whoever dies: one result each, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.conftest import SUBMITTER, Bench
from tests.backends.engines import Engine, started
from tests.rerun.conftest import record, wait_until
from tests.sweep.conftest import Swept
from tests.sweep.test_population import ASKED, SETTINGS, TRAINING, check_lineage


def on(*engines: str, thorough: tuple[str, ...]) -> pytest.MarkDecorator:
    """Run a test on these engines, on some of them only where tests may take long."""
    marked = [pytest.param(name, marks=pytest.mark.thorough) for name in thorough]
    return pytest.mark.parametrize("engine", [*engines, *marked], indirect=True, scope="module")


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with started(request.param, tmp_path_factory.mktemp(request.param)) as engine:
        yield engine


@pytest.fixture(autouse=True)
def default(engine: Engine, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is the default backend."""
    for name, value in engine.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUNLORE_BACKEND", engine.backend)
    monkeypatch.setenv("RUNLORE_LEASE", "4")


@on("dask", thorough=("slurm", "processes"))
def test_what_was_killed_runs_again_elsewhere_and_nothing_else_does(engine: Engine, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request()) for _ in range(4)]
    victim, other = bench.waiting(2)
    engine.kill(victim)
    wait_until(lambda: not victim.alive)
    assert other.alive
    bench.go()
    for job in jobs:
        bench.check_one_result(queue, job, attempts=1 + (job.run_id == victim.run_id))
    assert not other.alive


@on("processes", thorough=("dask", "slurm"))
def test_a_stopped_notebook_leaves_nothing_and_gives_its_slot_back(engine: Engine, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request()) for _ in range(3)]
    one, two = bench.waiting(2)
    waits = next(job for job in jobs if job.run_id not in (one.run_id, two.run_id))
    queue.stop(one.run_id)
    assert wait_until(lambda: now if (now := queue.get(one.run_id)).over else None).state == "cancelled"
    assert not one.alive
    assert two.alive
    (three,) = (found for found in bench.waiting(2) if found.kernel != two.kernel)
    assert three.run_id == waits.run_id
    bench.go()
    for job in (waits, queue.get(two.run_id)):
        bench.check_one_result(queue, job, attempts=1)
    assert bench.holders(one.run_id)  # what it had logged by then stays


@on(thorough=("dask", "slurm"))
def test_a_new_owner_finds_what_a_killed_one_began(engine: Engine, bench: Bench) -> None:
    words = [sys.executable, "-c", SUBMITTER, str(bench.recorded.home.path), bench.recorded.runs["waiting"].run_id]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    submitted = [owner.stdout.readline().strip() for _ in range(3)]
    notebooks = bench.waiting(2)
    owner.kill()
    owner.wait()
    bench.go(notebooks[0].run_id)  # it ends while there is nobody
    wait_until(lambda: not notebooks[0].alive)
    queue = bench.open()
    assert notebooks[1].alive
    bench.go()
    for run_id in submitted:
        bench.check_one_result(queue, queue.get(run_id), attempts=1)


@on(thorough=("dask", "slurm"))
def test_a_population_goes_on_from_its_checkpoints(engine: Engine, tmp_path: Path) -> None:
    swept = Swept(record(tmp_path, ["%load_ext runlore", SETTINGS, TRAINING]))
    sweep = swept.sweep(*ASKED, "--population", "2", "--trials", "4", "--jobs", "2")
    assert (sweep["state"], sweep["counts"]) == ("finished", {"complete": 4})
    check_lineage(swept, sweep, members=2)
