"""What is left of a loop that is killed right after its last point."""

from __future__ import annotations

from benchmarks.measure import Row
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.field import field
from benchmarks.plan import Plan


def rows(plan: Plan) -> list[Row]:
    logged = plan.sized(10_000, 500)
    fewest: dict[str, float] = {}
    told: dict[str, str] = {}
    with field(plan, list(PEERS)) as contestants:
        for contestant in contestants.contestants:
            runs = [f"killed-{number}" for number in range(plan.rounds(contestant.peer.kill_rounds))]
            with contestants.trying(contestant):
                for run in runs:
                    with contestant.opened() as process:
                        process.die(run, logged)
                with contestant.opened() as process:
                    process.ask("locate", runs)
                    found = [process.ask("count", run, logged)["points"] for run in runs]
                fewest[contestant.name] = min(found)
                told[contestant.name] = (
                    f", {len(runs)} {'rounds' if len(runs) > 1 else 'round'}, {min(found):,} to {max(found):,}"
                )
        return contestants.rows(f"SIGKILL after {logged:,} points, the fewest left", fewest, "points", told)
