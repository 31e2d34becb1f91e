"""Sweeps as a terminal shows them, and as ``--json`` and the API give them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from runlore.card import format_duration
from runlore_server.rerun.literals import written
from runlore_server.sweep.sweep import Progress, Sweep, Trial

_FAILURES_SHOWN = 3
_SHOWN = 10
_ENDED = ("complete", "pruned", "failed")


def listed(sweep: Sweep, progress: Progress) -> dict[str, Any]:
    """A sweep without its trials, but for the best."""
    best = _best(progress)
    return {
        "sweep_id": sweep.sweep_id,
        "created": sweep.created,
        "request": msgspec.to_builtins(sweep.request),
        "wish": sweep.wish,
        "state": progress.state,
        "counts": dict(Counter(trial.state for trial in progress.trials)),
        "best": _finite(best) if best is not None else None,
        "spent": progress.spent,
        "phase": progress.phase,
        "error": progress.error,
    }


def object_of(sweep: Sweep, progress: Progress) -> dict[str, Any]:
    """A sweep with all its trials."""
    return {**listed(sweep, progress), "trials": [_finite(trial) for trial in progress.trials]}


def overview(known: Sequence[tuple[Sweep, Progress]]) -> str:
    """The sweeps, one a line under a heading."""
    if not known:
        return "No sweep yet. 'runlore sweep RUN -p lr=log:1e-5..1e-1 --metric loss' begins one."
    rows = [("sweep", "name", "run", "state", "created", "trials", "best")]
    for sweep, progress in known:
        best = _best(progress)
        rows.append((
            sweep.sweep_id,
            sweep.request.name or "",
            sweep.request.run_id[:8],
            progress.state,
            datetime.fromtimestamp(sweep.created).strftime("%Y-%m-%d %H:%M"),
            _counted(progress),
            f"{sweep.request.metric}={best.value:.6g}" if best is not None else "",
        ))  # fmt: skip
    return _table(rows)


def details(sweep: Sweep, progress: Progress) -> str:
    """A sweep with its best trials."""
    request = sweep.request
    lines = [
        f"sweep {sweep.sweep_id} of run {request.run_id}: {progress.state}",
        f"{'greatest' if request.direction == 'maximize' else 'least'} {request.reading} {request.metric}, "
        f"{request.sampler}, {_counted(progress)}, {format_duration(progress.spent)}",
    ]
    if progress.error:
        lines.append(f"error: {progress.error}")
    if progress.phase:
        lines.append(progress.phase)
    ended = [trial for trial in progress.trials if trial.value is not None]
    ended.sort(key=lambda trial: trial.value or 0.0, reverse=request.direction == "maximize")
    if ended:
        names = list(ended[0].parameters)
        rows = [("trial", request.metric, *names, "run")]
        for trial in ended[:_SHOWN]:
            values = (_short(trial.parameters[name]) for name in names)
            rows.append((str(trial.number), f"{trial.value:.6g}", *values, " ".join(trial.runs)))
        lines += ["", _table(rows)]
        if len(ended) > _SHOWN:
            lines.append(f"and {len(ended) - _SHOWN} more; --json has them all")
    else:
        failed = [trial for trial in progress.trials if trial.state == "failed" and trial.why]
        lines += [f"trial {trial.number} failed: {trial.why}" for trial in failed[:_FAILURES_SHOWN]]
    return "\n".join(lines)


class Teller:
    """Tells a person at a terminal of each trial that has ended."""

    def __init__(self, sweep: Sweep, note: Callable[[str], None]) -> None:
        self._sweep = sweep
        self._note = note
        self._told: set[int] = set()
        self._phase: str | None = None

    def tell(self, progress: Progress) -> None:
        """Tell what is new."""
        if progress.phase != self._phase:
            self._phase = progress.phase
            if progress.phase:
                self._note(progress.phase)
        best = _best(progress)
        for trial in progress.trials:
            if trial.state in _ENDED and trial.number not in self._told:
                self._told.add(trial.number)
                found = (
                    f"{self._sweep.request.metric} {trial.value:.6g}" if trial.value is not None else trial.state
                )
                why = f" ({trial.why})" if trial.why else ""
                values = " ".join(f"{name}={_short(value)}" for name, value in trial.parameters.items())
                record = f"; best {best.value:.6g}, trial {best.number}" if best is not None else ""
                self._note(f"[{len(self._told)}] trial {trial.number}: {found}{why}  {values}{record}")


def _best(progress: Progress) -> Trial | None:
    return next((trial for trial in progress.trials if trial.number == progress.best), None)


def _finite(trial: Trial) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(trial)
    if trial.latest is not None and not math.isfinite(trial.latest):
        told["latest"] = None
    return told


def _counted(progress: Progress) -> str:
    counts = Counter(trial.state for trial in progress.trials)
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "no trial yet"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else value if isinstance(value, str) else written(value)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
