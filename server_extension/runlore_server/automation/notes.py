"""The success criteria and schedules of a home: ``<home>/automation.sqlite``. Nothing could build it again."""

from __future__ import annotations

import msgspec

from runlore.home import Home
from runlore_server.automation.criteria import Criteria
from runlore_server.automation.schedule import Schedule
from runlore_server.errors import CriteriaNotFound, ScheduleNotFound
from runlore_server.notes_file import NotesFile

FORMAT = 1
NAME = "automation.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS criteria (experiment TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS schedule (id TEXT PRIMARY KEY, content TEXT NOT NULL, revision INTEGER NOT NULL);
"""


class AutomationNotes:
    """What automation knows of a home; safe to use from several threads and processes. Reading writes nothing.

    Raises, from every method:
        JournalFormatError: a later Runlore wrote the file, or it is damaged.
        sqlite3.Error, OSError: it cannot be read or written.
    """

    def __init__(self, home: Home) -> None:
        self._file = NotesFile(home.path / NAME, _SCHEMA, FORMAT, "set criteria and schedules")

    # -- criteria ---------------------------------------------------------------------------------------------

    def criteria(self) -> dict[str, Criteria]:
        """The criteria of every experiment that has some."""
        found = self._file.all("SELECT experiment, content FROM criteria ORDER BY experiment")
        return {str(experiment): self._file.entry(content, Criteria) for experiment, content in found}

    def put_criteria(self, experiment: str, criteria: Criteria) -> None:
        """Keep criteria, in place of those that the experiment had."""
        with self._file.writing() as connection:
            row = (experiment, msgspec.json.encode(criteria).decode())
            connection.execute("INSERT OR REPLACE INTO criteria VALUES (?, ?)", row)

    def remove_criteria(self, experiment: str) -> None:
        """Forget the criteria of an experiment.

        Raises:
            CriteriaNotFound: it has none.
        """
        with self._file.writing() as connection:
            if not connection.execute("DELETE FROM criteria WHERE experiment = ?", (experiment,)).rowcount:
                raise CriteriaNotFound(
                    f"experiment {experiment!r} has no success criteria; 'runlore criteria' lists them"
                )

    # -- schedules --------------------------------------------------------------------------------------------

    def schedules(self) -> list[Schedule]:
        """Every schedule, the oldest first."""
        found = self._file.all("SELECT content FROM schedule")
        schedules = [self._file.entry(content, Schedule) for (content,) in found]
        return sorted(schedules, key=lambda one: (one.created, one.id))

    def put_schedule(self, schedule: Schedule) -> None:
        """Keep a new schedule."""
        with self._file.writing() as connection:
            row = (schedule.id, _json(schedule), schedule.revision)
            connection.execute("INSERT INTO schedule VALUES (?, ?, ?)", row)

    def change_schedule(self, before: Schedule, after: Schedule) -> Schedule | None:
        """Put a schedule in place of what was read of it; as it is kept, ``None`` where another was faster."""
        after = msgspec.structs.replace(after, revision=before.revision + 1)
        with self._file.writing() as connection:
            done = connection.execute(
                "UPDATE schedule SET content = ?, revision = ? WHERE id = ? AND revision = ?",
                (_json(after), after.revision, before.id, before.revision),
            )
        return after if done.rowcount else None

    def schedule(self, text: str) -> Schedule:
        """The schedule with this id, or the only one whose id begins so.

        Raises:
            ScheduleNotFound: there is none, or more than one.
        """
        found = [one for one in self.schedules() if text and one.id.startswith(text)]
        if len(found) != 1:
            raise ScheduleNotFound(f"there is no one schedule {text!r}; 'runlore schedules' lists them")
        return found[0]

    def remove_schedule(self, schedule_id: str) -> None:
        """Forget a schedule; what it started goes on.

        Raises:
            ScheduleNotFound: there is none with this id.
        """
        with self._file.writing() as connection:
            if not connection.execute("DELETE FROM schedule WHERE id = ?", (schedule_id,)).rowcount:
                raise ScheduleNotFound(f"there is no schedule {schedule_id!r}; 'runlore schedules' lists them")


def _json(schedule: Schedule) -> str:
    return msgspec.json.encode(schedule).decode()
