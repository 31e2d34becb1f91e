"""A run while it is open: what user code logs into."""

from __future__ import annotations

import io
import mimetypes
import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Any

from runlore import events as ev
from runlore.checkpoint_folder import CheckpointFolder
from runlore.errors import MetricError, RunStateError
from runlore.metrics import Metrics
from runlore.values import as_json

if TYPE_CHECKING:
    from typing_extensions import Self

    from runlore.session import Session


class Run:
    """One tracked execution, open from its start until ``finish``.

    Made by ``%%track``, ``%track on`` and ``runlore.start_run``; usable as a context manager, which finishes it
    as failed or interrupted when its block raises.
    """

    def __init__(self, session: Session, started: ev.RunStarted) -> None:
        self._session = session
        self.curves = Metrics(session, started)
        self._figures = 0
        self._checkpoint: CheckpointFolder | None = None
        self._started = time.perf_counter()
        self.info = started
        self.status: ev.RunOutcome | None = None
        self.duration: float | None = None
        self.params: dict[str, Any] = {}
        self.error: ev.ErrorInfo | None = None

    @property
    def run_id(self) -> str:
        return self.info.run_id

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def elapsed(self) -> float:
        """Seconds since the start, up to the end if it has ended."""
        return time.perf_counter() - self._started if self.duration is None else self.duration

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics logged so far, in the order of their first point."""
        return list(self.curves.files())

    def log(self, metrics: Mapping[str, Any] | None = None, /, *, step: int | None = None, **values: Any) -> None:
        """Append one point to each given metric.

        Args:
            metrics: name to value; needed only for names that are no identifiers.
            step: the points' step; when absent each metric counts its own, from 0, one more than its last.
            **values: name to value.

        Values are real numbers or anything that holds exactly one (a NumPy scalar, a tensor of one element); NaN
        and infinities are recorded as they are. A torch tensor on a device is copied there and read later, in a
        batch, so that logging does not wait for the device.

        Raises:
            MetricError: a value or the step is no such number; nothing of this call is recorded.
            RunStateError: the run has ended.
        """
        if metrics is not None:
            if not isinstance(metrics, Mapping):
                raise MetricError(f"log takes a dictionary or keywords, not a {type(metrics).__name__}")
            values = {**metrics, **values}
        self.curves.log(values, step)

    def log_params(self, params: Mapping[str, Any] | None = None, /, **values: Any) -> None:
        """Record parameters, given as ``log`` takes metrics; as its ``repr`` what JSON has no form for."""
        self.record_params({**(params or {}), **values}, "user")

    def set_tags(self, tags: Mapping[str, str] | None = None, /, **values: str) -> None:
        """Set tags, given as ``log`` takes metrics; a later value for the same key replaces the earlier one."""
        tags = {str(key): str(value) for key, value in {**(tags or {}), **values}.items()}
        self._write(ev.TagsSet(time=time.time(), run_id=self.run_id, tags=tags))

    def note(self, text: str) -> None:
        """Add a paragraph to the run's note."""
        self._write(ev.NoteAdded(time=time.time(), run_id=self.run_id, text=str(text)))

    def log_artifact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Keep a copy of a file, or of every file below a directory, with the run.

        Args:
            path: what to keep; it may be changed or deleted afterwards.
            name: under which relative path; by default the last part of ``path``.

        Raises:
            OSError: there is no such file, or it cannot be read.
            ValueError: ``name`` is absolute or leads upwards.
        """
        source = Path(path)
        target = _artifact_path(name or source.name)
        if source.is_dir():
            files = sorted(file for file in source.rglob("*") if file.is_file())
        elif source.exists():
            files = [source]
        else:
            raise FileNotFoundError(f"there is no file {os.fspath(path)!r} to log as an artifact")
        for file in files:
            self.keep_file(file, target if file == source else target / file.relative_to(source).as_posix())

    def keep_file(self, file: Path, target: PurePosixPath) -> bool:
        """Keep a copy of one file under this path; whether there was room for it.

        Raises:
            OSError: it cannot be read.
        """
        file.open("rb").close()  # an unreadable file is the caller's to hear about, unlike a full disk
        stored = self._session.store(partial(self._session.objects.put_file, file), self.run_id)
        if stored is not None:
            self._record_artifact(target, *stored)
        return stored is not None

    def log_figure(self, figure: Any, name: str | None = None) -> None:
        """Keep a figure with the run: Matplotlib's as PNG, plotly's as its JSON.

        Args:
            figure: a Matplotlib ``Figure`` (or ``Axes``), or a plotly ``Figure``.
            name: the file's name; by default ``figure.png``, ``figure-2.png``, ... (``.json`` for plotly).

        Raises:
            TypeError: it is no figure of either kind.
        """
        figure = getattr(figure, "figure", None) or figure
        if hasattr(figure, "savefig"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", bbox_inches="tight")
            content, suffix = buffer.getvalue(), ".png"
        elif hasattr(figure, "to_json"):
            content, suffix = figure.to_json().encode(), ".json"
        else:
            raise TypeError(f"log_figure takes a Matplotlib or plotly figure, not {type(figure).__name__}")
        target = _artifact_path(name or self._next_figure_name(suffix))
        digest = self._session.store(partial(self._session.objects.put, content), self.run_id)
        if digest is not None:
            self._record_artifact(target, digest, len(content))

    def checkpoint(self) -> Path:
        """The folder of the run's checkpoint, of its own: load what lies in it, and save what is to go on from.

        It is empty, unless this is a rerun that goes on from the checkpoint of another run (a later generation of
        a population, see ``runlore sweep --sampler population``): then that one's files lie in it, under their
        names. Those that lie there when the run ends are kept with it, as artifacts below ``checkpoint/``; the
        folder goes with the session. Ask for it in the process that opened the run.

        Raises:
            RunStateError: the run has ended.
            ObjectMissing: the checkpoint to go on from is gone or damaged.
            OSError: the folder cannot be made.
        """
        if self.status is not None or self.curves.ended:
            raise self._ended()
        if self._checkpoint is None:
            self._checkpoint = CheckpointFolder(self._session, self)
        return self._checkpoint.path

    def let_go(self) -> None:
        """The session ends: remove what only served while it lived."""
        if self._checkpoint is not None:
            self._checkpoint.remove()

    def finish(self, status: ev.RunOutcome = "finished", error: ev.ErrorInfo | None = None) -> None:
        """Close the run; the second call and later ones do nothing."""
        if self.status is not None:
            return
        self.duration = time.perf_counter() - self._started
        if self._checkpoint is not None:
            self._checkpoint.keep()
        self.status, self.error = status, error
        self.curves.close(completed=status == "finished")
        self._session.close_run(self, status, self.duration)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        from runlore.outcome import describe_error

        if error is None:
            self.finish()
        else:
            self.finish(*describe_error(error))

    def __repr__(self) -> str:
        return f"<Run {self.name!r} {self.run_id} {self.status or 'running'}>"

    def _next_figure_name(self, suffix: str) -> str:
        self._figures += 1
        return f"figure{suffix}" if self._figures == 1 else f"figure-{self._figures}{suffix}"

    def record_params(self, params: Mapping[str, Any], source: ev.ParamSource) -> None:
        """Record parameters together with where they came from."""
        plain = {str(name): as_json(value) for name, value in params.items()}
        if plain:
            self.params.update(plain)
            self._write(ev.ParamsLogged(time=time.time(), run_id=self.run_id, params=plain, source=source))

    def _record_artifact(self, path: PurePosixPath, digest: str, size: int) -> None:
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._write(
            ev.ArtifactLogged(
                time=time.time(),
                run_id=self.run_id,
                path=path.as_posix(),
                digest=digest,
                size=size,
                media_type=media_type,
            )
        )

    def _write(self, event: ev.AnyEvent) -> None:
        if self.status is not None or self.curves.ended:
            raise self._ended()
        self._session.append(event)

    def _ended(self) -> RunStateError:
        return RunStateError(f"run {self.name!r} has ended; start another one to log into")


def _artifact_path(name: str) -> PurePosixPath:
    path = PurePosixPath(Path(name).as_posix())
    if path.is_absolute() or ".." in path.parts or path == PurePosixPath("."):
        raise ValueError(f"an artifact's name is a relative path without '..', not {name!r}")
    return path
