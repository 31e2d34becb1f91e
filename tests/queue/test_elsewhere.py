"""What was begun where this process cannot look, and settings that cannot be understood."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from runlore.process import current_process
from runlore_server.errors import SettingRefused
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.local import default_slots
from runlore_server.queue.request import Request
from tests.queue.conftest import OpenQueue, ended
from tests.rerun.conftest import Recorded, wait_until


def test_a_job_that_runs_on_another_host_is_left_alone(quick: Recorded, open_queue: OpenQueue) -> None:
    client = open_queue(quick, work=False)
    request = Request(run_id=quick.runs["quick"].run_id)
    job, other = client.submit_many([request, request])
    far = msgspec.structs.replace(current_process(), host="far-away")
    with contextlib.closing(Ledger(quick.home.path / "jobs.sqlite")) as ledger:
        ledger.update(job.run_id, state="running", attempt=1, handle="x", backend="local", process=far)
    queue = open_queue(quick)
    assert ended(queue, other.run_id).state == "succeeded"  # the queue goes on
    found = queue.get(job.run_id)
    assert (found.state, found.attempt) == ("running", 1)
    assert found.stage is not None
    assert "far-away" in found.stage
    queue.stop(job.run_id)
    stopped = wait_until(lambda: one if (one := client.get(job.run_id)).over else None)
    assert stopped.state == "cancelled"
    assert stopped.error is not None


def test_how_many_at_once_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNLORE_SLOTS", "3")
    assert default_slots() == 3
    for wrong in ("0", "-1", "many", "99999", "1.5"):
        monkeypatch.setenv("RUNLORE_SLOTS", wrong)
        with pytest.raises(SettingRefused, match="1 or more"):
            default_slots()
    monkeypatch.delenv("RUNLORE_SLOTS")
    assert default_slots() >= 1
