"""What a verdict rests on, as a terminal shows it."""

from __future__ import annotations

from runlore_server.verdict.verdict import SeedTest, Verdict


def word(verdict: Verdict) -> str:
    """The verdict, or which parameters were given other values, so that nothing was to come out the same."""
    if verdict.changed and verdict.verdict in ("DIVERGED", "UNVERIFIABLE"):
        return f"CHANGED: {', '.join(verdict.changed)}"
    return verdict.verdict


def rests_on(verdict: Verdict) -> list[str]:
    """Lines below the verdict's reason and causes: what was compared, the ladder, the statistics."""
    lines = []
    if verdict.checked and verdict.verdict != "BIT-EXACT":
        lines.append(f"compared: {verdict.compared} points, {', '.join(verdict.checked)}")
    if verdict.masked and verdict.verdict != "BIT-EXACT":  # its reason names them
        lines.append(f"set aside: {', '.join(verdict.masked)}")
    if verdict.differs:
        lines += ["differs:", *(f"  {text}" for text in verdict.differs)]
    if verdict.verdict != "BIT-EXACT" and verdict.ladder:
        lines.append("why:")
        lines += [
            f"  {rung.rung:<20}  {rung.status:<12}  {' '.join(rung.evidence)}".rstrip() for rung in verdict.ladder
        ]
    if verdict.statistics is not None:
        lines.append(f"{len(verdict.statistics.seeds)} reruns with fresh seeds:")
        lines += [f"  {_test(test)}" for test in verdict.statistics.tests]
    return lines


def _test(test: SeedTest) -> str:
    said = f"{test.metric}, {test.summary}: original {_number(test.original)}, "
    said += f"reruns {_number(test.mean)} +- {_number(test.sd)}, "
    said += f"IQM {_number(test.iqm)} ({_number(test.iqm_low)} to {_number(test.iqm_high)})"
    if test.delta is None:
        interval = f"95% prediction interval {_number(test.low)} to {_number(test.high)}"
    else:
        interval = f"difference {_number(test.low)} to {_number(test.high)} (90%), margin {_number(test.delta)}"
        interval += f", power {test.power or 0:.0%}"
    return f"{said}; {interval}: {'passed' if test.passed else 'not passed'}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
