"""What is concluded from a rerun whose processes have ended."""

from __future__ import annotations

import msgspec

from runlore.home import Home
from runlore_server.gpus.escape import devices_told
from runlore_server.rerun.folder import Folder, Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.verdict.judge import judge
from runlore_server.verdict.verdict import Verdict, write_verdict


def conclude(home: Home, folder: Folder, outcome: Outcome, again: Folder | None = None) -> Verdict | None:
    """Judge a rerun; keep the verdict if it stands.

    Args:
        home: where it is recorded.
        folder: the rerun's.
        outcome: how it ended.
        again: the folder of a second rerun from the same states, if there was one.

    Returns:
        The verdict; ``None`` when the rerun was stopped.
    """
    if outcome.failure == "stopped":
        return None
    plan, launch = folder.plan(), folder.launch()
    verdict = judge(home, plan, launch, outcome, again.plan() if again is not None else None)
    told = _scope_told(launch) + devices_told(home, plan, launch)
    verdict = msgspec.structs.replace(verdict, reason=verdict.reason + told, changed=sorted(plan.overrides))
    if is_final(folder, verdict):
        write_verdict(folder.path, verdict)
    return verdict


def is_final(folder: Folder, verdict: Verdict) -> bool:
    """Whether the verdict stands: what a slice could not reproduce is tried with the whole session first."""
    if folder.launch().scope == "whole" or verdict.verdict == "BIT-EXACT":
        return True
    # With other parameters nothing is expected to come out the same; that it breaks may be the slice's fault.
    return bool(folder.plan().overrides) and verdict.verdict != "FAILED"


def _scope_told(launch: Launch) -> str:
    """What a verdict adds about cells that were left out."""
    if launch.widened:
        return " (All cells were executed, after it came out otherwise without those that it seems not to need.)"
    count = len(launch.left_out)
    return f" ({count} cell{'s' * (count != 1)} that the run does not need left out.)" if count else ""
