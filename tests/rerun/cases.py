"""Originals and reruns whose records are written through the public format, told event by event."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from runlore import events as ev
from runlore.home import Home
from runlore.replay import ReplayCell, ReplayPlan
from runlore.session_record import SessionRecord
from runlore.states import StateWriter
from runlore_server.rerun.folder import Launch
from runlore_server.rerun.kernels import Kernel
from runlore_server.rerun.outcome import Outcome
from runlore_server.verdict.judge import judge
from runlore_server.verdict.verdict import Verdict
from tests.journals import FakeKernel

SIDES = ("original", "rerun")
LOSS = {"loss": [(0, 1.0), (1, 0.5), (2, 0.25)]}
OTHER = {"loss": [(0, 1.0), (1, 0.75), (2, 0.5)]}
Curves = Mapping[str, list[tuple[int, float]]]


class Case:
    """An original and its rerun, told event by event; ``verdict`` judges them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.kernels = {"original": FakeKernel(home, dead=True), "rerun": FakeKernel(home, dead=True)}
        self.ids = {"original": secrets.token_hex(8), "rerun": secrets.token_hex(8)}
        self.rng: dict[str, str] = {}

    @property
    def states(self) -> Path:
        return self.home.states(self.kernels["original"].session_id)

    def state(self, content: bytes) -> str:
        writer = StateWriter(self.states)
        try:
            return writer.put(content)
        finally:
            writer.close()

    def cell(self, side: str, source: str = "x", outcome: ev.Outcome | None = "ok", **end: Any) -> int:
        kernel = self.kernels[side]
        ordinal, kernel.ordinal = kernel.ordinal, kernel.ordinal + 1
        replays = ordinal if side == "rerun" else None
        kernel.write(ev.CellStarted(time=1.0, ordinal=ordinal, source=source, rng=self.rng, replays=replays))
        if outcome is not None:
            kernel.write(ev.CellFinished(time=2.0, ordinal=ordinal, outcome=outcome, duration=0.5, **end))
        return ordinal

    def run(
        self,
        side: str,
        curves: Curves,
        status: str = "finished",
        error: tuple[str, str] | None = None,
        cell: int = 0,
    ) -> None:
        """A run in the session's cell 0; ``status`` ``killed`` leaves it without an end."""
        kernel, run_id = self.kernels[side], self.ids[side]
        info = ev.ErrorInfo(name=error[0], message=error[1], traceback="") if error else None
        kernel.start_run(
            "train",
            run_id=run_id,
            kind="cell",
            cell=cell,
            rerun_of=self.ids["original"] if side == "rerun" else None,
        )
        for metric, points in curves.items():
            kernel.log(run_id, metric, points)
        if status != "killed":
            kernel.finish_run(run_id, status, cell=cell, error=info)  # type: ignore[arg-type]

    def both(self, original: Curves = LOSS, rerun: Curves = LOSS) -> Case:
        for side, curves in (("original", original), ("rerun", rerun)):
            self.cell(side)
            self.run(side, curves)
        return self

    def verdict(self, outcome: Outcome | None = None) -> Verdict:
        original = self.kernels["original"].session_id
        session = SessionRecord(self.home, original)
        session.refresh()
        session.refresh()
        plan = ReplayPlan(
            run_id=self.ids["rerun"],
            session_id=self.kernels["rerun"].session_id,
            rerun_of=self.ids["original"],
            original=original,
            target_cell=0,
            target_index=0,
            notebook=None,
            kernel_name="python3",
            cells=[ReplayCell(ordinal=cell.ordinal, rng=cell.rng) for cell in session.cells.values()],
        )
        launch = Launch(
            session=original,
            status=session.runs[self.ids["original"]].status,
            kernel=Kernel(name="python3", display_name="Python 3", argv=["python"]),
            cwd=".",
            environ=None,
        )
        return judge(self.home, plan, launch, outcome or Outcome())

    def curve(self, side: str, metric: str = "loss") -> Path:
        return self.home.curves(self.kernels[side].session_id, self.ids[side]) / f"{metric}.curve"


class Told(Case):
    """A case in which each side shows, reads, uses and makes things in cell 0, the cell of the run."""

    def side(
        self,
        side: str,
        curves: Any = LOSS,
        *,
        shown: list[dict[str, Any]] | None = None,
        variables: dict[str, str] | None = None,
        facts: list[ev.AnyEvent] | None = None,
        artifacts: dict[str, bytes] | None = None,
        params: dict[str, Any] | None = None,
        environment: dict[str, Any] | None = None,
        source: str = "x",
        **end: Any,
    ) -> None:
        kernel = self.kernels[side]
        fields = {
            name: kernel.objects.put(msgspec.json.encode(value))
            for name, value in (("outputs", shown), ("variables", variables))
            if value is not None
        }
        cell = self.cell(side, source, **fields, **end)
        for event in facts or []:
            kernel.write(msgspec.structs.replace(event, ordinal=cell))  # type: ignore[call-arg]
        self.run(side, curves, cell=cell)
        for path, content in (artifacts or {}).items():
            kernel.artifact(self.ids[side], path, content)
        if params is not None:
            kernel.write(ev.ParamsLogged(time=1.0, run_id=self.ids[side], params=params, source="user"))
        if environment is not None:
            digest = kernel.objects.put(json.dumps(environment).encode())
            kernel.write(ev.EnvironmentCaptured(time=1.0, run_id=self.ids[side], digest=digest))


def stream(text: str, name: str = "stdout") -> list[dict[str, Any]]:
    return [{"type": "stream", "name": name, "text": text}]


def written(digest: str, undated: str | None = None) -> ev.FileWritten:
    """That ``out.bin`` was written."""
    known = {"digest": digest, "undated": undated, "size": 1}
    return ev.FileWritten(time=1.0, ordinal=0, path="/project/out.bin", seen_by="audit", **known)  # type: ignore[arg-type]


def made(new: bool) -> ev.FileWritten:
    """That it was written, to what was there already or as a new file."""
    return msgspec.structs.replace(written("a" * 64), new=new)
