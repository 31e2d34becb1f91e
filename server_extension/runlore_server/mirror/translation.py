"""A run of MLflow in the words of the journal. What MLflow does not say is left out, never made up."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from math import copysign, inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

import msgspec
from blake3 import blake3

from runlore import events as ev
from runlore.curve import file_name
from runlore.process import ProcessIdentity
from runlore_server.export.description import RUN_TAG, SESSION_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run

_LATEST = 2.0**37
"""The last second that a journal takes as a time."""

_RUN_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_STATUS: dict[str, ev.RunOutcome] = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}
_OWN_STATUS: dict[str, ev.RunOutcome] = {"interrupted": "interrupted", "killed": "killed"}
_NOBODY = ProcessIdentity(pid=0, started=0.0, host="", boot="")
"""A process of which nobody here can say that it is dead."""

_SOURCE, _SOURCE_TYPE = "mlflow.source.name", "mlflow.source.type"
_GIT = ("mlflow.source.git.commit", "mlflow.source.git.branch", "mlflow.source.git.dirty")
_TOLD_ELSEWHERE = {
    RUN_TAG, SESSION_TAG, *_GIT, "mlflow.runName", "mlflow.user", "mlflow.note.content", _SOURCE_TYPE,
    "runlore.kind", "runlore.status", "runlore.seed", "runlore.python", "runlore.rerun_of", "runlore.environment",
    "runlore.renamed", "runlore.error",
}  # fmt: skip
"""Tags that the record has a place of their own for."""

_LATER_PARAM = "runlore.param."
_LACKING = {
    "code and environment": "the run was logged to MLflow without them, so it cannot be repeated",
    "artifacts": "MLflow has them; they are not listed here",
}


class Foreign(msgspec.Struct, frozen=True, kw_only=True):
    """A run of MLflow as the journal of a session tells it.

    Attributes:
        mlflow_run_id: MLflow's id of it.
        run_id: the id under which it is shown.
        opening: events that stay as they are while it runs.
        params: names and texts.
        tags: names and texts.
        metrics: the last point of each, by name.
        closing: the events of its end; none while it runs.
    """

    mlflow_run_id: str
    run_id: str
    opening: list[ev.AnyEvent]
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, ev.LastPoint]
    closing: list[ev.AnyEvent]

    @property
    def started(self) -> float:
        """When it started, in Unix seconds."""
        return self.opening[0].time

    @property
    def revision(self) -> str:
        """A digest of all of it."""
        return str(blake3(b"".join(map(ev.encode, self.events("")))).hexdigest()[:16])

    def events(self, session_id: str) -> list[ev.AnyEvent]:
        """The journal of a session that shows the run."""
        first, *rest = self.opening
        assert isinstance(first, ev.SessionStarted)  # noqa: S101 - ``translated`` puts it there
        said = self._said(self.params, self.tags, self.metrics, self.metrics)
        return [msgspec.structs.replace(first, session_id=session_id), *rest, *said, *self.closing]

    def news(self, before: Foreign) -> list[ev.AnyEvent] | None:
        """What to append to the journal of a run that still runs; ``None`` where it must be written anew."""
        gone = before.params.keys() - self.params.keys() or before.tags.keys() - self.tags.keys()
        if self.closing or self.opening != before.opening or gone or before.metrics.keys() - self.metrics.keys():
            return None
        points = {name: point for name, point in self.metrics.items() if before.metrics.get(name) != point}
        fresh = {name: point for name, point in points.items() if name not in before.metrics}
        params = dict(self.params.items() - before.params.items())
        return self._said(params, dict(self.tags.items() - before.tags.items()), fresh, points)

    def _said(
        self,
        params: dict[str, str],
        tags: dict[str, str],
        fresh: Mapping[str, ev.LastPoint],
        points: dict[str, ev.LastPoint],
    ) -> list[ev.AnyEvent]:
        of_run: dict[str, Any] = {"time": self.started, "run_id": self.run_id}
        found: list[ev.AnyEvent] = []
        if params:
            found.append(ev.ParamsLogged(**of_run, params=params, source="user"))
        if tags:
            found.append(ev.TagsSet(**of_run, tags=tags))
        found += [ev.MetricStarted(**of_run, metric=name, file=file_name(name)) for name in fresh]
        if points:
            found.append(ev.MetricsReported(**of_run, points=points))
        return found


def runlore_id(run: Run) -> str | None:
    """The id of the run where a Runlore exported it; ``None`` for a run of plain MLflow."""
    found = run.data.tags.get(RUN_TAG, "")
    return found if _RUN_ID.fullmatch(found) else None


def translated(run: Run, run_id: str, experiment: str) -> Foreign:
    """A run of MLflow for the journal.

    Args:
        run: the run.
        run_id: the id under which it shall be shown.
        experiment: the name of its experiment.
    """
    tags = dict(run.data.tags)
    renamed = _renamed(tags)
    params = {renamed.get(name, name): value for name, value in run.data.params.items()}
    later = {name: value for name, value in tags.items() if name.startswith(_LATER_PARAM)}
    params |= {name.removeprefix(_LATER_PARAM): value for name, value in later.items()}
    shown = {renamed.get(k, k): v for k, v in tags.items() if k not in _TOLD_ELSEWHERE and k not in later}
    if tags.get(_SOURCE_TYPE) == "NOTEBOOK":
        shown.pop(_SOURCE, None)
    if models := [output.model_id for output in (run.outputs.model_outputs if run.outputs else ())]:
        shown.setdefault("mlflow.models", ", ".join(sorted(models)))
    points = {renamed.get(point.key, point.key): last_point(point) for point in run.data.to_proto().metrics}
    return Foreign(
        mlflow_run_id=str(run.info.run_id),
        run_id=run_id,
        opening=_opening(run, run_id, experiment, tags),
        params=dict(sorted(params.items())),
        tags=dict(sorted(shown.items())),
        metrics=dict(sorted(points.items())),
        closing=_closing(run, run_id, tags, [point.time for point in points.values()]),
    )


def last_point(point: Any) -> ev.LastPoint:
    """A point of MLflow's, which is its last one."""
    value = real(point.value)
    return ev.LastPoint(
        step=point.step,
        time=seconds(point.timestamp),
        value=value if isfinite(value) else "nan" if isnan(value) else "inf" if value > 0 else "-inf",
    )


def real(value: float) -> float:
    """A number as it was logged: MLflow's tables hold the largest of all for the infinities."""
    return copysign(inf, value) if abs(value) >= sys.float_info.max else value


def seconds(milliseconds: int | None) -> float:
    """A time of MLflow's in Unix seconds; 0 where it is none or nonsense."""
    return min(max((milliseconds or 0) / 1000, 0.0), _LATEST)


def _opening(run: Run, run_id: str, experiment: str, tags: Mapping[str, str]) -> list[ev.AnyEvent]:
    start = seconds(run.info.start_time)
    notebook = tags.get(_SOURCE) if tags.get(_SOURCE_TYPE) == "NOTEBOOK" else None
    seed, original = tags.get("runlore.seed", ""), tags.get("runlore.rerun_of", "")
    of_run: dict[str, Any] = {"time": start, "run_id": run_id}
    found: list[ev.AnyEvent] = [
        ev.SessionStarted(
            time=start,
            format=ev.FORMAT,
            session_id="",
            process=_NOBODY,
            runlore="",
            python=tags.get("runlore.python", ""),
            executable="",
            cwd="",
            notebook=notebook,
            user=tags.get("mlflow.user") or run.info.user_id or None,
        ),
        ev.RunStarted(
            **of_run,
            name=run.info.run_name or run_id,
            experiment=experiment,
            kind="mlflow",
            seed=int(seed) if re.fullmatch(r"-?\d{1,18}", seed, re.ASCII) else None,
            rerun_of=original if _RUN_ID.fullmatch(original) and original != run_id else None,
        ),
    ]
    if note := tags.get("mlflow.note.content"):
        found.append(ev.NoteAdded(**of_run, text=note))
    commit, branch, dirty = (tags.get(name) for name in _GIT)
    if commit or branch:
        known = {"true": True, "false": False}.get((dirty or "").lower())
        found.append(ev.GitCaptured(**of_run, root="", commit=commit, branch=branch, dirty=known))
    found += _datasets(run, start)
    return found + [ev.NotCaptured(**of_run, what=what, why=why) for what, why in _LACKING.items()]


def _datasets(run: Run, start: float) -> list[ev.FileRead]:
    given = run.inputs.dataset_inputs if run.inputs else []
    return [
        ev.FileRead(
            time=start,
            ordinal=None,
            path=one.dataset.name,
            digest=None,
            size=None,
            seen_by="mlflow",
            version={"mlflow": one.dataset.digest, **{tag.key: tag.value for tag in one.tags}},
            why="MLflow has a digest of its own",
        )
        for one in sorted(given, key=lambda one: (one.dataset.name, one.dataset.digest))
    ]


def _closing(run: Run, run_id: str, tags: Mapping[str, str], times: list[float]) -> list[ev.AnyEvent]:
    status = _STATUS.get(run.info.status)
    if status is None:
        return []
    status = _OWN_STATUS.get(tags.get("runlore.status", ""), status) if status == "killed" else status
    start = seconds(run.info.start_time)
    # A store may lack the end of an imported run; the last that it knows of is then the best that can be said.
    end = seconds(run.info.end_time) if run.info.end_time else max(times, default=start)
    error = None
    if said := tags.get("runlore.error"):
        name, _, message = said.partition(": ")
        error = ev.ErrorInfo(name=name, message=message, traceback="")
    ended = ev.RunFinished(time=end, run_id=run_id, status=status, duration=max(end - start, 0.0), error=error)
    return [ended, ev.SessionEnded(time=end)]


def _renamed(tags: Mapping[str, str]) -> dict[str, str]:
    """The names that MLflow did not take, by those that were given in their place."""
    try:
        return msgspec.json.decode(tags.get("runlore.renamed", "{}"), type=dict[str, str])
    except msgspec.DecodeError:
        return {}
