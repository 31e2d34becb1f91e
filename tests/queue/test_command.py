"""``runlore rerun`` by the queue, ``runlore jobs`` and ``runlore queue``, with an owner and without."""

from __future__ import annotations

import signal

import pytest

from runlore_server.queue.request import Request
from tests.queue.conftest import OpenQueue
from tests.rerun.conftest import Recorded, wait_until


def test_the_command_line_works_a_queue_that_nobody_works(quick: Recorded) -> None:
    run_id = quick.runs["quick"].run_id
    asked = quick.command("rerun", run_id, run_id, "--detach", "--json", "--priority", "2", "--retries", "1")
    jobs = [job["run_id"] for job in asked.json["jobs"]]
    assert (asked.code, len(jobs)) == (0, 2)
    assert {job["state"] for job in quick.command("jobs", "hold", *jobs, "--json").json["jobs"]} == {"queued"}
    status = quick.command("queue", "--json").json
    assert (status["owned"], status["running"], status["waiting"], status["held"]) == (False, 0, 0, 2)
    quick.command("jobs", "release", jobs[0])
    assert quick.command("jobs", "stop", jobs[1], "--json").json["jobs"][0]["state"] == "cancelled"
    gpu = {"RUNLORE_GPUS": "1xH200:141GB"}
    needy = quick.command("rerun", run_id, "--gpus", "1", "--detach", "--json", env=gpu)
    worked = quick.command("queue", "work", "--json", env={"RUNLORE_GPUS": "none"})
    assert (worked.code, worked.json["owner"], worked.json["waiting"]) == (0, True, 1)
    elsewhere = needy.json["jobs"][0]["run_id"]
    assert quick.command("jobs", "stop", elsewhere).code == quick.command("jobs", "forget", elsewhere).code == 0
    listed = quick.command("jobs", "--json").json["jobs"]
    assert [(job["run_id"], job["state"]) for job in listed] == [(jobs[1], "cancelled"), (jobs[0], "succeeded")]
    assert "BIT-EXACT" in quick.command("jobs").stdout
    assert sorted(quick.command("jobs", "forget", "all", "--json").json["forgotten"]) == sorted(jobs)


def test_there_is_never_a_second_owner(quick: Recorded, open_queue: OpenQueue) -> None:
    queue = open_queue(quick)
    assert queue.owner
    refused = quick.command("queue", "work", "--json")
    assert (refused.code, refused.json["error"]["reason"]) == (2, "OptionsRefused")
    assert "another process works" in refused.stderr
    # A rerun by the queue is carried out by its owner, and waited for.
    done = quick.command("rerun", quick.runs["quick"].run_id, "--queue", "--json")
    assert (done.code, done.json["verdict"], done.json["rerun_of"]) == (0, "BIT-EXACT", quick.runs["quick"].run_id)
    assert queue.get(done.json["run_id"]).state == "succeeded"


def test_ctrl_c_stops_what_was_waited_for(quick: Recorded, open_queue: OpenQueue) -> None:
    run_id = quick.runs["quick"].run_id
    command = quick.start("rerun", run_id, "--queue", "-p", "pause=1000", "--json")
    client = open_queue(quick, work=False)
    (job,) = wait_until(lambda: client.jobs(states=["running"]))
    command.send_signal(signal.SIGINT)
    assert command.wait(60) == 130
    assert client.get(job.run_id).state == "cancelled"


def test_who_has_what_it_waited_for_lets_what_others_queued_end(quick: Recorded, open_queue: OpenQueue) -> None:
    run_id = quick.runs["quick"].run_id
    client = open_queue(quick, work=False)
    client.set_slots(2)
    mine = quick.start("rerun", run_id, "--queue", "-p", "pause=3")
    wait_until(lambda: client.jobs(states=["running"]))
    other = client.submit(Request(run_id=run_id, parameters={"pause": 12.0}, priority=1))
    wait_until(lambda: client.get(other.run_id).state == "running")
    later = client.submit(Request(run_id=run_id))
    client.hold(later.run_id)
    wait_until(lambda: [job for job in client.jobs() if job.state == "succeeded"])
    assert client.get(other.run_id).state == "running"
    client.release(later.run_id)
    stdout, stderr = mine.communicate(timeout=120)
    assert "pause" in stdout, stderr
    ended, waits = client.get(other.run_id), client.get(later.run_id)
    assert (ended.state, ended.attempt) == ("succeeded", 1)
    assert (waits.state, waits.attempt) == ("queued", 0)


def test_what_cannot_be_is_said(quick: Recorded) -> None:
    run_id = quick.runs["quick"].run_id
    for arguments, said in (
        (["jobs", "stop"], "needs the job"),
        (["jobs", "stop", "none-such"], "no rerun job"),
        (["jobs", "priority", "high", run_id], "whole number"),
        (["queue", "slots", "many"], "whole number"),
        (["queue", "slots", "0"], "1 to 1000"),
        (["rerun", run_id, "--detach", "--after", "none-such"], "no rerun job"),
        (["rerun", run_id, "--detach", "--backend", "moon"], "no backend is called 'moon'; there are: local"),
        (["rerun", run_id, "--detach", "--timeout", "0"], "time such as"),
    ):
        refused = quick.command(*arguments)
        assert refused.code == 2, refused
        assert said in refused.stderr
    assert quick.command("jobs", "--json").json == {"jobs": []}


def test_what_slurm_could_never_give_is_refused_when_it_is_asked_for(
    quick: Recorded, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = quick.runs["quick"].run_id
    named = {"RUNLORE_BACKENDS": "hpc=slurm:partition=gpu;here=slurm:cluster=local"}
    asked = ("rerun", run_id, "--detach", "--json", "--gpus")
    for arguments, said in (
        (["0.5", "--backend", "hpc"], "whole GPUs, not 0.5"),
        (["1", "--gpu-memory", "40GB", "--backend", "hpc"], "how much memory a GPU has"),
        (["1", "--backend", "here"], "leases no GPUs"),
    ):
        refused = quick.command(*asked, *arguments, env=named)
        assert refused.code == 2, arguments
        assert said in refused.json["error"]["message"]
    queued = quick.command(*asked, "2", "--gpu-type", "h200", "--backend", "hpc", env=named)
    assert (queued.code, queued.json["jobs"][0]["state"]) == (0, "queued")
    quick.command("jobs", "stop", queued.json["jobs"][0]["run_id"])
    # An owner tells what its backends can give also to those who have no settings.
    monkeypatch.setenv("RUNLORE_BACKENDS", "here=slurm:cluster=local")
    assert open_queue(quick).owner
    refused = quick.command(*asked, "1", "--backend", "here", env={"RUNLORE_BACKENDS": ""})
    assert (refused.code, "leases no GPUs" in refused.stdout) == (2, True)
