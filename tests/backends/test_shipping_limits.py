"""How much is sent to workers that do not see the home, and how long they wait, as their settings say."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client

from tests.backends.cluster import Cluster
from tests.backends.conftest import Bench
from tests.backends.test_shipping import bench as bench  # noqa: PLC0414 - fixtures
from tests.backends.test_shipping import cluster as cluster  # noqa: PLC0414
from tests.backends.test_shipping import far as far  # noqa: PLC0414
from tests.backends.test_shipping import meeting as meeting  # noqa: PLC0414
from tests.backends.test_shipping import submitted, waiting
from tests.rerun.conftest import alive, wait_until

pytestmark = pytest.mark.thorough


class Depot:
    """What the next worker keeps, whose predecessors' folders may still be there."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._before = self._all()

    def _all(self) -> set[Path]:
        return set(self._cluster.directory.glob("dask-scratch-space/worker-*/runlore"))

    def holds(self) -> dict[str, int] | None:
        """How much lies in each of its folders; ``None`` while it has none."""
        new = self._all() - self._before
        return {path.name: len([*path.iterdir()]) for path in new.pop().iterdir()} if new else None

    def has_no_attempt(self) -> bool:
        held = self.holds()
        return held is not None and held.keys() <= {"contents", "environments"}


def test_what_is_too_large_is_not_sent(bench: Bench, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNLORE_PARCEL", "1K")
    cluster.add_worker()
    queue = bench.open()
    job = submitted(bench, queue)
    ended = wait_until(lambda: now if (now := queue.get(job.run_id)).over else None)
    assert ended.state == "failed"
    assert "GiB are sent at the most" in (ended.error or "")
    assert "or raise RUNLORE_PARCEL" in (ended.error or "")


def test_a_worker_keeps_no_more_than_it_may(bench: Bench, cluster: Cluster) -> None:
    depot = Depot(cluster)
    cluster.add_worker(RUNLORE_PARCEL_CACHE="0")
    queue = bench.open()
    bench.check_one_result(queue, submitted(bench, queue), attempts=1)
    wait_until(lambda: depot.has_no_attempt() and (depot.holds() or {})["contents"] == 0)


def test_a_result_that_nobody_fetches_makes_room_and_the_rerun_is_done_again(
    bench: Bench, cluster: Cluster, meeting: Path
) -> None:
    depot = Depot(cluster)
    cluster.add_worker(RUNLORE_RESULT_WAIT="8", MEETING=str(meeting))
    queue = bench.open()
    job = submitted(bench, queue)
    kernel = waiting(meeting)
    queue.shutdown()
    bench.queues.remove(queue)
    (meeting / "go").touch()
    wait_until(lambda: not alive(kernel))
    wait_until(depot.has_no_attempt)
    bench.check_one_result(again := bench.open(), again.get(job.run_id), attempts=2)


def test_an_attempt_that_nobody_brings_anything_makes_room(
    bench: Bench, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner is gone before there is a worker; a later one has it carried out by another."""
    monkeypatch.setenv("RUNLORE_BACKEND", f"dask:{cluster.address},slots=1")
    queue = bench.open()
    job = submitted(bench, queue)
    wait_until(lambda: queue.get(job.run_id).state == "running")
    queue.shutdown()
    bench.queues.remove(queue)
    depot = Depot(cluster)
    hasty = cluster.add_worker(RUNLORE_PARCEL_WAIT="0.5")
    with Client(cluster.address) as client:
        wait_until(lambda: depot.holds() and not any(client.processing().values()))
    hasty.kill()
    cluster.add_worker()
    bench.check_one_result(again := bench.open(), again.get(job.run_id), attempts=1)  # nobody had begun it
