"""The sentences in which a verdict says what came out, and what did not."""

from __future__ import annotations

from runlore.record import RunRecord
from runlore_server.verdict.compare import Comparison, Difference
from runlore_server.verdict.findings import Findings

_MOST_TOLD = 20
"""Differences that a verdict lists."""


def differences(found: Findings) -> list[str]:
    """What differs, one sentence each; the first twenty."""
    texts = [apart.text for apart in found.judged]
    texts += [f"{apart.text} (The run does not rest on that cell.)" for apart in found.apart if apart.aside]
    more = len(texts) - _MOST_TOLD
    return texts if more <= 0 else [*texts[:_MOST_TOLD], f"And {more} more."]


def what_came_out(run: RunRecord, found: Findings) -> str:
    """What was compared, as the subject of a sentence."""
    parts = [points(run, found.points)] if found.points.recorded else []
    parts += found.checked
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return text[0].upper() + text[1:]


def points(run: RunRecord, result: Comparison) -> str:
    """How many points of which metrics were compared, as the subject of a sentence."""
    count = "1 point" if result.compared == 1 else f"All {result.compared} points"
    return f"{count} of {_named(list(run.metrics))}"


def as_far_as_it_went(run: RunRecord, found: Findings) -> str:
    """What equal points say of a run that was stopped from outside."""
    how = "killed" if run.status == "killed" else "interrupted"
    recorded = found.points.recorded
    its = "its 1 point was" if recorded == 1 else f"its {recorded} points were"
    last = [int(records["step"][-1]) for records in found.original.values() if len(records)]
    after = f" after step {max(last)}" if last else ""
    return f"The original was {how}{after}; {its} reproduced bit for bit, nothing says what would have come after."


def where_they_part(first: Difference) -> str:
    """The first point in which a metric differs."""
    metric, one, other = f"Metric {first.metric!r}", first.original, first.rerun
    if one is None:
        assert other is not None  # noqa: S101 - a difference has at least one side
        return f"{metric} has a point at step {other.step} in the rerun ({other.value!r}) that the original lacks."
    if other is None:
        return f"{metric} has a point at step {one.step} ({one.value!r}) that the rerun lacks."
    if one.step != other.step:
        return f"{metric} has step {one.step} as point {first.index + 1}; the rerun has step {other.step} there."
    return f"{metric} differs first at step {one.step}: {one.value!r} originally, {other.value!r} in the rerun."


def _named(metrics: list[str]) -> str:
    return repr(metrics[0]) if len(metrics) == 1 else f"{len(metrics)} metrics"
