"""Journals written through the public format, as kernels write them, without a kernel."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from typing import Any

from runlore import events as ev
from runlore.curve import file_name
from runlore.curve_writer import CurveWriter
from runlore.home import Home
from runlore.journal import JournalWriter
from runlore.objects import ObjectStore
from runlore.process import ProcessIdentity, current_process

Points = Iterable[tuple[int, float]]

ENVIRONMENT = {
    "python": "3.11.7",
    "platform": "Linux-6.1",
    "packages": {"numpy": "2.0.0", "torch": "2.13.0"},
    "hardware": {"cpu": "a CPU", "cores": 2},
    "variables": {"OMP_NUM_THREADS": "2"},
    "libraries": {},
}


class FakeKernel:
    """Writes one session's journal, event by event."""

    def __init__(self, home: Home, *, version: int = ev.FORMAT, dead: bool = False, **info: Any) -> None:
        self.home = home
        self.objects = ObjectStore(home.objects)
        self.session_id = f"20260801T120000-{secrets.token_hex(4)}"
        home.session(self.session_id).mkdir(parents=True)
        self.journal = JournalWriter(home.events(self.session_id))
        self.curves: dict[tuple[str, str], CurveWriter] = {}
        self.ordinal = 0
        process = current_process()
        started: dict[str, Any] = {
            "time": time.time(),
            "format": version,
            "session_id": self.session_id,
            "process": replace_process(process) if dead else process,
            "runlore": "0.1.0",
            "python": "3.11.7",
            "executable": "python3",
            "cwd": "somewhere",
            "kernel_name": "python3",
            "notebook": "train.ipynb",
            "user": "ada",
        }
        self.write(ev.SessionStarted(**{**started, **info}))

    def write(self, event: ev.AnyEvent) -> None:
        self.journal.append(event)

    def cell(
        self,
        source: str,
        outcome: ev.Outcome | None = "ok",
        rng: dict[str, str] | None = None,
        cell_id: str | None = None,
    ) -> int:
        """One executed cell; ``outcome`` ``None`` leaves it running."""
        ordinal, self.ordinal = self.ordinal, self.ordinal + 1
        self.write(
            ev.CellStarted(time=time.time(), ordinal=ordinal, source=source, rng=rng or {}, cell_id=cell_id)
        )
        if outcome is not None:
            self.finish_cell(ordinal, outcome)
        return ordinal

    def finish_cell(self, ordinal: int, outcome: ev.Outcome = "ok") -> None:
        self.write(ev.CellFinished(time=time.time(), ordinal=ordinal, outcome=outcome, duration=0.1))

    def start_run(self, name: str = "train", *, run_id: str | None = None, **fields: Any) -> str:
        run_id = run_id or secrets.token_hex(8)
        default: dict[str, Any] = {
            "time": time.time(),
            "run_id": run_id,
            "name": name,
            "experiment": "digits",
            "kind": "script",
        }
        self.write(ev.RunStarted(**{**default, **fields}))
        return run_id

    def log(self, run_id: str, metric: str, points: Points, *, system: bool = False) -> None:
        if (run_id, metric) not in self.curves:
            directory = self.home.curves(self.session_id, run_id)
            directory.mkdir(parents=True, exist_ok=True)
            file = file_name(metric)
            self.write(ev.MetricStarted(time=time.time(), run_id=run_id, metric=metric, file=file, system=system))
            self.curves[run_id, metric] = CurveWriter(directory / file_name(metric))
        for step, value in points:
            self.curves[run_id, metric].append(step, time.time(), value)

    def params(self, run_id: str, source: ev.ParamSource = "user", **params: Any) -> None:
        self.write(ev.ParamsLogged(time=time.time(), run_id=run_id, params=params, source=source))

    def artifact(self, run_id: str, path: str, content: bytes, media_type: str = "text/plain") -> str:
        digest = self.objects.put(content)
        self.write(
            ev.ArtifactLogged(
                time=time.time(),
                run_id=run_id,
                path=path,
                digest=digest,
                size=len(content),
                media_type=media_type,
            )
        )
        return digest

    def environment(self, run_id: str) -> None:
        digest = self.objects.put(json.dumps(ENVIRONMENT).encode())
        self.write(ev.EnvironmentCaptured(time=time.time(), run_id=run_id, digest=digest))

    def finish_run(self, run_id: str, status: ev.RunOutcome = "finished", **fields: Any) -> None:
        for (owner, _), curve in self.curves.items():
            if owner == run_id:
                curve.close()
        self.write(ev.RunFinished(time=time.time(), run_id=run_id, status=status, duration=1.5, **fields))

    def run(self, name: str = "train", metrics: Mapping[str, Points] | None = None, **fields: Any) -> str:
        """A whole run with the given curves."""
        run_id = self.start_run(name, **fields)
        for metric, points in (metrics or {}).items():
            self.log(run_id, metric, points)
        self.finish_run(run_id, cell=fields.get("cell"))
        return run_id

    def end(self) -> None:
        self.write(ev.SessionEnded(time=time.time()))
        self.journal.close()


def replace_process(process: ProcessIdentity) -> ProcessIdentity:
    """An identity that no living process has."""
    return ProcessIdentity(pid=process.pid, started=process.started - 1000.0, host=process.host, boot=process.boot)
