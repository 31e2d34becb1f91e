"""Which runs a checkup is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from runlore import journal
from runlore.errors import JournalFormatError, RunNotFound
from runlore.events import RunStarted
from runlore.home import Home
from runlore.session_record import session_ids
from runlore_server.errors import AmbiguousRun
from runlore_server.store.exports import run_of_mlflow_id


def chosen(home: Home, shadow: Home, texts: Sequence[str]) -> dict[str, str]:
    """The session of each run that is asked for; nothing but journals is read.

    Args:
        texts: ids, unambiguous beginnings of ids, or MLflow's ids.
        shadow: a home with copies of the databases.

    Raises:
        RunNotFound, AmbiguousRun: one of the texts means no run, or several.
    """
    wanted = {text: run_of_mlflow_id(shadow, text) or text for text in texts}
    every = _runs(home)
    found: dict[str, str] = {}
    for text, start in wanted.items():
        if start in every:
            found[start] = every[start]
            continue
        candidates = sorted(run_id for run_id in every if run_id.startswith(start))
        if not candidates or not start:
            raise RunNotFound(f"no recorded run has the id {text!r}; 'runlore runs' lists them")
        if len(candidates) > 1:
            raise AmbiguousRun(text, candidates)
        found[candidates[0]] = every[candidates[0]]
    return found


def _runs(home: Home) -> dict[str, str]:
    found = {}
    for session_id in session_ids(home):
        try:
            for line in journal.lines(home.events(session_id)):
                if isinstance(line.event, RunStarted):
                    found[line.event.run_id] = session_id
        except (JournalFormatError, OSError):
            continue
    return found
