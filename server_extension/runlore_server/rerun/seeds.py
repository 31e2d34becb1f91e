"""Reruns with fresh seeds, after the one from the recorded states."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.errors import RerunRefused
from runlore_server.rerun.execution import Watch, carry_out
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import reread
from runlore_server.rerun.repeat import put_away, repeat
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.failure import failure
from runlore_server.verdict.findings import curves
from runlore_server.verdict.seeds import LEAST, Curves, with_seeds
from runlore_server.verdict.verdict import Statistics, Verdict, write_verdict


def check_groups(seeds: int, group: Sequence[RunRecord]) -> None:
    """Refuse what could not earn a statistical verdict, before anything is run.

    Raises:
        RerunRefused: there would be too few runs on a side.
    """
    if seeds < LEAST:
        raise RerunRefused(f"{seeds} seeds say too little: a statistical verdict needs {LEAST} reruns at least")
    if group and len(group) + 1 < LEAST:
        raise RerunRefused(
            f"equivalence needs {LEAST} runs on the original's side; there are {len(group) + 1}, so name "
            f"{LEAST - 1 - len(group)} more with --against"
        )


def execute_seeds(
    home: Home,
    folder: Folder,
    exact: Verdict,
    count: int,
    *,
    group: Sequence[RunRecord] = (),
    delta: float = 1.0,
    watch: Watch | None = None,
) -> Verdict | None:
    """Run the cells of a judged rerun with ``count`` fresh seeds and extend its verdict.

    Args:
        home: where it is recorded.
        folder: the rerun's.
        exact: the verdict on the rerun from the recorded states.
        count: how many reruns.
        group: further runs on the original's side, for equivalence; none asks for consistency.
        delta: the margin of equivalence, in standard deviations of the original's side.
        watch: whoever waits.

    Returns:
        The verdict, which is also written to the folder; ``None`` when it was stopped.
    """
    if exact.verdict == "FAILED":
        return exact
    plan, seeds = folder.plan(), [secrets.randbits(32) for _ in range(count)]
    places: list[Folder] = []
    try:
        found: list[Curves] = []
        for number, seed in enumerate(seeds):
            places.append(repeat(folder, f"seed-{number}", reseed=seed))
            outcome = carry_out(home, places[-1], plan.run_id, watch or Watch())
            if outcome is None:
                return None
            one = _curves(home, places[-1], outcome)
            if isinstance(one, str):
                verdict = msgspec.structs.replace(
                    exact, verdict="FAILED", reason=f"With the fresh seed {seed}: {one}"
                )
                break
            found.append(one)
        else:
            original = reread(home, folder.launch().session).runs[plan.rerun_of]
            statistics = Statistics(seeds=seeds, group=[run.run_id for run in group], tests=[])
            originals = [curves(run) for run in (original, *group)]
            verdict = with_seeds(exact, originals, found, statistics, delta)
    except JournalFormatError as error:
        verdict = msgspec.structs.replace(exact, verdict="UNVERIFIABLE", reason=f"{error}.")
    finally:
        for place in places:
            put_away(home, place)
    write_verdict(home, plan.run_id, verdict)
    return verdict


def _curves(home: Home, place: Folder, outcome: Outcome) -> Curves | str:
    """What a rerun with a fresh seed logged, or how it broke."""
    plan, launch = place.plan(), place.launch()
    session, again = reread(home, launch.session), reread(home, plan.session_id)
    run = again.runs.get(plan.run_id)
    evidence = Evidence(home, plan, launch, session.runs[plan.rerun_of], session, run, again)
    broke = failure(evidence, outcome)
    return curves(run) if broke is None and run is not None else broke or "its run is gone."
