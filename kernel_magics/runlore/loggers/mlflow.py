"""What user code logs to MLflow, directly or by autologging, lands in the open run too.

Direct calls, ``mlflow.log_*`` and autologging all go through the public ``MlflowClient``. This listens there, and
only after a call has succeeded: the user's own store has got it, under the same run id as without.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runlore.run import Run
    from runlore.session import Session

_TELEMETRY = "system/"
"""How names of MLflow's system metrics begin: of the machine's load, not of the user's results."""

_LARGEST_FILE = 100 * 2**20
"""Bytes of an artifact of which a second copy is kept here."""


class MlflowListener:
    """Hears the methods of ``MlflowClient``.

    MLflow runs become sources within the one run of ours: the first is ``mlflow``, further ones (nested runs, or
    one after the other) ``mlflow-2`` and so on; their ids, and their parents', are tags. MLflow counts no steps: a
    point that was logged without one has step 0 there, and here.
    """

    methods = (
        "create_run",
        "log_metric",
        "log_param",
        "set_tag",
        "log_batch",
        "log_artifact",
        "log_artifacts",
        "log_model_artifacts",
    )

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bound: dict[str, Run] = {}
        """The last of our runs in which each MLflow run was written to."""
        self._latest: dict[tuple[str, str], tuple[int, Any]] = {}
        """Step and value of the last point of each MLflow run's metrics."""

    def create_run(
        self,
        made: Any,
        _client: Any,
        experiment_id: str,  # noqa: ARG002 - named as callers may name it
        start_time: int | None = None,  # noqa: ARG002
        tags: Mapping[str, Any] | None = None,
        *_: Any,
        **__: Any,
    ) -> None:
        parent = (tags or {}).get("mlflow.parentRunId")
        target = self._target(made.info.run_id)
        if target is not None and target[0].status is None and parent:
            run, source = target
            run.set_tags({f"{source}/parent_run_id": str(parent)})
        self._tags(made.info.run_id, tags or {})

    def log_metric(
        self,
        _: Any,
        _client: Any,
        run_id: str,
        key: str,
        value: Any,
        timestamp: int | None = None,
        step: int | None = None,
        *_rest: Any,
        **__: Any,
    ) -> None:
        self._points(run_id, [(key, value, timestamp, step)])

    def log_param(self, _: Any, _client: Any, run_id: str, key: str, value: Any, *_rest: Any, **__: Any) -> None:
        self._params(run_id, {key: value})

    def set_tag(self, _: Any, _client: Any, run_id: str, key: str, value: Any, *_rest: Any, **__: Any) -> None:
        self._tags(run_id, {key: value})

    def log_batch(
        self,
        _: Any,
        _client: Any,
        run_id: str,
        metrics: Sequence[Any] = (),
        params: Sequence[Any] = (),
        tags: Sequence[Any] = (),
        *_rest: Any,
        **__: Any,
    ) -> None:
        told = [point for point in metrics if not self._is_repeated(run_id, point)]
        self._points(run_id, [(point.key, point.value, point.timestamp, point.step) for point in told])
        self._params(run_id, {param.key: param.value for param in params})
        self._tags(run_id, {tag.key: tag.value for tag in tags})

    def log_artifact(
        self, _: Any, _client: Any, run_id: str, local_path: Any, artifact_path: str | None = None
    ) -> None:
        path = Path(local_path)
        self._artifact(run_id, path, f"{artifact_path}/{path.name}" if artifact_path else path.name)

    def log_artifacts(
        self, _: Any, _client: Any, run_id: str, local_dir: Any, artifact_path: str | None = None
    ) -> None:
        for path in sorted(Path(local_dir).rglob("*")):
            if path.is_file():
                name = path.relative_to(local_dir).as_posix()
                self._artifact(run_id, path, f"{artifact_path}/{name}" if artifact_path else name)

    def log_model_artifacts(
        self, _: Any, client: Any, model_id: str, local_dir: Any, *_rest: Any, **__: Any
    ) -> None:
        """What ``mlflow.<flavor>.log_model`` sends: MLflow keeps models beside runs, not among their artifacts."""
        model = client.get_logged_model(model_id)
        if model.source_run_id is not None:
            self.log_artifacts(None, client, model.source_run_id, local_dir, model.name)

    def _points(self, run_id: str, points: list[tuple[str, Any, int | None, int | None]]) -> None:
        target = self._target(run_id) if points else None
        if target is not None:
            run, source = target
            for key, value, timestamp, step in points:
                if not key.startswith(_TELEMETRY):
                    at = timestamp / 1000 if timestamp else None
                    self._latest[run_id, key] = (step or 0, value)
                    run.curves.receive(source, {key: value}, step or 0, at)

    def _is_repeated(self, run_id: str, point: Any) -> bool:
        """Whether MLflow logs a point once more, to tie it to a model that was logged after it."""
        tied = getattr(point, "model_id", None) is not None
        return tied and self._latest.get((run_id, point.key)) == (point.step or 0, point.value)

    def _params(self, run_id: str, params: Mapping[str, Any]) -> None:
        target = self._target(run_id) if params else None
        if target is not None and target[0].status is None:
            run, source = target
            # MLflow has text only: what is known by the same name and text keeps its type.
            new = {name: value for name, value in params.items() if str(run.params.get(name)) != str(value)}
            run.log_params({f"{source}/{name}" if name in run.params else name: new[name] for name in new})

    def _tags(self, run_id: str, tags: Mapping[str, Any]) -> None:
        named = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
        target = self._target(run_id) if named else None
        if target is not None and target[0].status is None:
            run, source = target
            run.set_tags({key if source == "mlflow" else f"{source}/{key}": str(named[key]) for key in named})

    def _artifact(self, run_id: str, path: Path, name: str) -> None:
        target = self._target(run_id)
        if target is None or target[0].status is not None:
            return
        run, source = target
        if not path.is_dir() and path.stat().st_size > _LARGEST_FILE:
            why = f"it has more than {_LARGEST_FILE // 2**20} MiB; MLflow holds it"
            self._session.not_captured(f"artifact {name!r} of {source}", why, run.run_id)
            return
        run.log_artifact(path, name if source == "mlflow" else f"{source}/{name}")

    def _target(self, mlflow_run: str) -> tuple[Run, str] | None:
        """Our run for what is written to a run of MLflow's, and that one's name as a source there.

        Threads that log in the background are late at times; what they bring belongs to the run in which their
        MLflow run was used last, not to the one that is open by now.
        """
        run = self._session.active_run
        if threading.current_thread() is not threading.main_thread():
            run = self._bound.get(mlflow_run, run)
        if run is None:
            return None
        source = run.curves.sources.label("mlflow", mlflow_run)
        if self._bound.get(mlflow_run) is not run:
            self._bound[mlflow_run] = run
            if run.status is None:
                run.set_tags({f"{source}/run_id": mlflow_run})
        return run, source
