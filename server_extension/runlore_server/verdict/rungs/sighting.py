"""What a rung of the ladder sees."""

from __future__ import annotations

from typing import Any, NamedTuple

from runlore_server.verdict.verdict import RungName, RungStatus

_MOST_NAMED = 10
_LONGEST = 60


class Sighting(NamedTuple):
    """Something that differs, as a sentence.

    One whose ``cell`` comes after the place where the runs part cannot be why they part. One that is ``weak`` may
    have no effect at all (another commit, say), and is told only after what certainly has one. What is
    ``always_new``, such as the clock, differs between any two executions. A place where variables differ is a
    ``cause`` where it tells why too. What is ``racy``, such as threads, counts where two reruns differ, or where
    nothing else was seen. What is ``lasting``, such as a file that the original left behind, is the same for every
    rerun.
    """

    text: str
    cell: int | None = None
    weak: bool = False
    always_new: bool = False
    cause: bool = False
    racy: bool = False
    lasting: bool = False


class Seen(NamedTuple):
    """All that a rung saw."""

    rung: RungName
    status: RungStatus
    sightings: list[Sighting]


def seen(rung: RungName, sightings: list[Sighting], *, recorded: bool = True) -> Seen:
    """A rung on which something ``differs`` where any sighting is not weak."""
    if any(not sighting.weak for sighting in sightings):
        return Seen(rung, "differs", sightings)
    return Seen(rung, "same" if recorded else "not recorded", sightings)


def named(names: list[str]) -> str:
    """Names in one line, the first ten of them."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def short(value: Any) -> str:
    """A value in one line of at most 60 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
