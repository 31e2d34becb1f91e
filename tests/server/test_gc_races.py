"""``runlore gc`` beside processes that store, beside another one, killed; and on objects that need each other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runlore import events as ev
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.session_record import sessions
from runlore_server.config import Config
from runlore_server.retention.collection import collect
from runlore_server.retention.sweeping import sweep
from tests.journals import FakeKernel
from tests.server.collecting import age, gc, objects, start_gc, trained


def _listing(*digests):
    return json.dumps({"of": list(digests)}).encode()


@st.composite
def _graphs(draw):
    """Objects that name others made before them, which of these journals name, and in how long rows of digits."""
    count = draw(st.integers(1, 12))
    names = [draw(st.sets(st.integers(0, number - 1))) if number else set() for number in range(count)]
    named = draw(st.sets(st.integers(0, count - 1)))
    return names, named, draw(st.integers(0, 3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_graphs())
def test_exactly_what_can_be_reached_stays(tmp_path_factory, graph):
    names, named, padding = graph
    home = Home(tmp_path_factory.mktemp("graph") / "home")
    session = FakeKernel(home)
    digests = []
    for number, others in enumerate(names):
        # Objects of several chunks are among them, with a name across the border of two.
        filling = " " * (2**20 - 100 if padding == 3 and others else 0)
        digests.append(session.objects.put(_listing(number, filling, *(digests[other] for other in others))))
    for number in named:
        text = "ab" * padding + digests[number] + "0" * padding
        session.write(ev.NoteAdded(time=time.time(), run_id="nobody", text=text))
    session.end()
    reached, waiting = set(), list(named)
    while waiting:
        number = waiting.pop()
        reached.add(digests[number])
        waiting += names[number]
    age(home)
    told = collect(Config.resolve(home.path, "sqlite://"))
    assert objects(home) == reached
    assert told.kinds["objects"].count == len(set(digests)) - len(reached)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs two processes that begin at once")
def test_an_object_that_is_stored_while_it_is_removed_is_there_afterwards(home, eventually):
    store = ObjectStore(home.objects)
    contents = [f"content {number}".encode() for number in range(300)]
    paths = [store.path(store.put(content)) for content in contents]
    since = time.time() - 1
    child = os.fork()
    if child == 0:
        while os.getppid() != 1:
            sweep(home, [(path.name.encode(), since) for path in paths])
    try:
        for _ in range(20):
            for path in paths:
                with contextlib.suppress(FileNotFoundError):
                    os.utime(path, (since - 1, since - 1))
            kernel = ObjectStore(home.objects)
            for content in contents:
                kernel.put(content)
            # One may lie aside at this moment, but comes back: from now on all are younger than what may go.
            for path in paths:
                eventually(path.exists)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


_LIVING = """
import os, runlore
from pathlib import Path
class Figure:
    def __init__(self, number): self.number = number
    def to_json(self): return f"figure {self.number}"
with runlore.start_run(name="living"):
    for number in range(2000):
        runlore.log_figure(Figure(number))
        if number % 10 == 0:
            Path("model.pt").write_text(f"weights {number}")
            runlore.log_artifact("model.pt", f"{number}.pt")
"""


def test_a_living_process_loses_nothing_that_it_stores_again(home, tmp_path, eventually):
    """All that it stores lies there already, old and needed by nobody, and is being removed meanwhile."""
    store, config = ObjectStore(home.objects), Config.resolve(home.path, "sqlite://")
    for number in range(2000):
        store.put(f"figure {number}".encode())
        store.put(f"weights {number}".encode())
    age(home)
    environ = {**os.environ, "RUNLORE_HOME": str(home.path)}
    with subprocess.Popen([sys.executable, "-c", _LIVING], cwd=tmp_path, env=environ) as process:
        removed = 0
        eventually(lambda: any(b"run_started" in path.read_bytes() for path in home.sessions.glob("*/ev*")))
        while process.poll() is None:
            removed += collect(config, older_than=0, only=["objects"]).kinds["objects"].count
    assert process.returncode == 0
    (session,) = sessions(home)
    (run,) = session.runs.values()
    assert len(run.artifacts) == 2200
    for artifact in run.artifacts.values():
        assert store.verified(artifact.digest, artifact.size)
    assert removed > 0


def test_a_collector_that_is_killed_loses_nothing_that_is_needed(home, kernel):
    session = kernel()
    run = session.start_run(time=1.7e9)
    needed = {session.artifact(run, f"{number}.txt", f"needed {number}".encode()) for number in range(50)}
    session.finish_run(run)
    session.end()
    for number in range(4000):
        content = f"not needed {number}".encode()
        (home.objects / str(blake3(content).hexdigest())).write_bytes(content)
    age(home)
    seen = len(objects(home))
    for _ in range(4):
        process = start_gc(home)
        while process.poll() is None and len(objects(home)) > seen - 300:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        seen = len(objects(home))
        assert needed <= {name.removeprefix(".doomed-") for name in objects(home)}
    gc(home)
    assert objects(home) == needed


def test_what_a_killed_collector_moved_aside_is_back_when_something_needs_it(home, kernel):
    trained(kernel, 0.1)
    age(home)
    before = objects(home)
    for name in before:
        (home.objects / name).rename(home.objects / f".doomed-{name}")
    gc(home)
    assert objects(home) == before
