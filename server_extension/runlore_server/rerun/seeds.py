"""Reruns with fresh seeds, after the one from the recorded states."""

from __future__ import annotations

import ast
import secrets
from collections.abc import Sequence

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.seeding import seeds_in
from runlore_server.rerun.execution import Start, Watch, carry_out
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import reread
from runlore_server.rerun.repeat import put_away, repeat
from runlore_server.slice.sources import parse
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.failure import failure
from runlore_server.verdict.findings import curves
from runlore_server.verdict.rungs.sighting import named
from runlore_server.verdict.seeds import Curves, with_seeds
from runlore_server.verdict.verdict import Statistics, Verdict, write_verdict


def execute_seeds(  # noqa: PLR0917 - all of it is needed
    home: Home,
    folder: Folder,
    exact: Verdict,
    count: int,
    watch: Watch,
    start: Start,
    *,
    group: Sequence[RunRecord] = (),
    delta: float = 1.0,
) -> Verdict | None:
    """Run the cells of a judged rerun with ``count`` fresh seeds and extend its verdict.

    Args:
        home: where it is recorded.
        folder: the rerun's.
        exact: the verdict on the rerun from the recorded states.
        count: how many reruns.
        watch: whoever waits.
        start: starts the runners.
        group: further runs on the original's side, for equivalence; none asks for consistency.
        delta: the margin of equivalence, in standard deviations of the original's side.

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
            watch.stage(f"fresh seed {number + 1} of {count}")
            places.append(repeat(folder, f"seed-{number}", reseed=seed))
            outcome = carry_out(home, places[-1], watch, start(home, places[-1], folder.mark()))
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
            verdict = msgspec.structs.replace(verdict, reason=f"{verdict.reason} {_reached(home, folder)}")
    except JournalFormatError as error:
        verdict = msgspec.structs.replace(exact, verdict="UNVERIFIABLE", reason=f"{error}.")
    finally:
        for place in places:
            put_away(home, place)
    write_verdict(folder.path, verdict)
    return verdict


def _reached(home: Home, folder: Folder) -> str:
    """Which seeds in the text of the cells were replaced; a sentence."""
    plan, session = folder.plan(), reread(home, folder.launch().session)
    found: dict[str, None] = {}
    for planned in plan.cells:
        body = parse(session.cells[planned.ordinal].source) if planned.ordinal in session.cells else None
        found.update(dict.fromkeys(seeds_in(ast.Module(body or [], []))))
    if not found:
        return "The cells give no number that is known to be a seed."
    return f"Seeds in the cells that were replaced: {named(list(found))}; other numbers stayed as written."


def _curves(home: Home, place: Folder, outcome: Outcome) -> Curves | str:
    """What a rerun with a fresh seed logged, or how it broke."""
    plan, launch = place.plan(), place.launch()
    session, again = reread(home, launch.session), reread(home, plan.session_id)
    run = again.runs.get(plan.run_id)
    evidence = Evidence(home, plan, launch, session.runs[plan.rerun_of], session, run, again)
    broke = failure(evidence, outcome)
    return curves(run) if broke is None and run is not None else broke or "its run is gone."
