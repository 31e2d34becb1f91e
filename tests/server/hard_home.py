"""A home with runs of every kind that are hard to bring to MLflow: long, wide, odd, large and empty ones."""

from __future__ import annotations

import math
import random

from runlore import events as ev
from runlore.home import Home
from runlore_server.verdict.verdict import Verdict
from tests.journals import FakeKernel
from tests.server.exporting import write_verdict

LARGE = 60_000_000
"""Bytes of the largest artifact."""

WIDE = 1_000
"""Metrics of the run that has most."""


def write(home: Home) -> dict[str, str]:
    """Record the runs; their ids by name."""
    session = FakeKernel(home)
    runs = {
        "long": _long(session),
        "wide": _wide(session),
        "described": _described(session),
        "files": _files(session),
    }
    runs["empty"] = session.run("empty", experiment="nothing at all")
    runs["emptied"] = session.start_run("emptied")
    session.log(runs["emptied"], "announced", [])
    session.finish_run(runs["emptied"], "failed", error=ev.ErrorInfo(name="E", message="é\0", traceback=""))
    session.end()
    dead = FakeKernel(home, dead=True)
    runs["killed"] = dead.start_run("killed")
    dead.log(runs["killed"], "loss", [(step, 1.0 / (step + 1)) for step in range(3_000)])
    again = FakeKernel(home, rerun_of=runs["long"])
    runs["rerun"] = again.run("long", {"loss": [(0, 1.0)]}, rerun_of=runs["long"])
    runs["rerun of the rerun"] = again.run("long", {"loss": [(0, 1.0)]}, rerun_of=runs["rerun"])
    again.end()
    write_verdict(home, runs["rerun"], Verdict(verdict="DIVERGED", reason="loss differs", compared=1))
    return runs


def _long(session: FakeKernel) -> str:
    chance = random.Random(0)
    run = session.start_run("long", seed=1)
    odd = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, 5e-324)
    for metric in ("loss", "val/loss", "verlust_ä", "损失", "what?/../é"):
        values = [chance.choice(odd) if chance.random() < 0.01 else chance.gauss(0, 1) for _ in range(12_000)]
        session.log(run, metric, enumerate(values))
    session.log(run, "repeated", [(step // 3, 1.0) for step in range(300)])
    session.log(run, "backwards", [(-step, float(step)) for step in range(300)])
    session.environment(run)
    session.finish_run(run)
    return run


def _wide(session: FakeKernel) -> str:
    run = session.start_run("wide")
    for number in range(WIDE):
        metric = f"layer/{number:04}/norm"
        session.log(run, metric, [(step, number + step / 7) for step in range(4)])
        session.curves[run, metric].close()  # or they would take all the files that a process may have open
    session.finish_run(run)
    return run


def _described(session: FakeKernel) -> str:
    run = session.start_run("ein Lauf mit 名前" * 30)
    session.params(
        run, **{f"param {number:03}": "x" * (6_000 if number % 50 == 0 else 20) for number in range(150)}
    )
    session.params(run, **{"long": "y" * 10_000, "odd?": [1, None, {"a": "b"}], "ünïcödé": "ß"})
    tags = {f"tag.{number:03}": f"value {number}" * (number % 30) for number in range(150)}
    session.write(ev.TagsSet(time=1.0, run_id=run, tags={**tags, "long": "z" * 9_000, "odd?": "\ud7ff\uffff\0"}))
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="note\n" * 3_000))
    session.finish_run(run, "interrupted")
    return run


def _files(session: FakeKernel) -> str:
    run = session.start_run("files")
    session.artifact(run, "models/large.bin", random.Random(1).randbytes(LARGE))
    for number in range(12):
        session.artifact(run, f"some/föl der {number % 3}/f {number}.txt", f"content {number}".encode() * 1_000)
    session.artifact(run, "empty", b"")
    lost = session.artifact(run, "lost.bin", b"lost")
    (session.home.objects / lost).unlink()
    session.finish_run(run)
    return run
