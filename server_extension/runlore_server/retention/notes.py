"""The rules of a home, and what they have removed: ``<home>/retention.sqlite``. Nothing could build it again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

import msgspec

from runlore.decodable import decodable
from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.errors import RuleNotFound
from runlore_server.notes_file import NotesFile
from runlore_server.retention.rule import Rule

FORMAT = 1
NAME = "retention.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rule (experiment TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS retired (
    run_id TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
    time REAL NOT NULL, rule TEXT NOT NULL, PRIMARY KEY (run_id, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS applied (time REAL NOT NULL);
"""


class Retired(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that a rule removed, and when (Unix seconds); ``rule`` is the rule's text."""

    run_id: str
    path: str
    digest: str
    size: int
    time: float
    rule: str

    def __str__(self) -> str:
        day = time.strftime("%Y-%m-%d", time.localtime(self.time))
        return f"removed by retention on {day} ({self.rule})"


class RetentionNotes:
    """What retention knows of a home; safe to use from several threads and processes. Reading writes nothing.

    Raises, from every method:
        JournalFormatError: a later Runlore wrote the file, or it is damaged.
        sqlite3.Error, OSError: it cannot be read or written.
    """

    def __init__(self, home: Home) -> None:
        self._file = NotesFile(home.path / NAME, _SCHEMA, FORMAT, "set the retention rules")

    # -- rules ------------------------------------------------------------------------------------------------

    def rules(self) -> dict[str, Rule]:
        """The rule of every experiment that has one."""
        found = self._file.all("SELECT content FROM rule ORDER BY experiment")
        rules = [self._file.entry(content, Rule) for (content,) in found]
        return {rule.experiment: rule for rule in rules}

    def put(self, rule: Rule) -> None:
        """Keep a rule, in place of the one that the experiment had."""
        with self._file.writing() as connection:
            row = (rule.experiment, msgspec.json.encode(rule).decode())
            connection.execute("INSERT OR REPLACE INTO rule VALUES (?, ?)", row)

    def remove(self, experiment: str) -> None:
        """Forget the rule of an experiment; what it removed stays removed.

        Raises:
            RuleNotFound: it has none.
        """
        if experiment not in self.rules():
            raise RuleNotFound(f"experiment {experiment!r} has no retention rule; 'runlore retention' lists them")
        with self._file.writing() as connection:
            connection.execute("DELETE FROM rule WHERE experiment = ?", (experiment,))

    # -- what was removed -------------------------------------------------------------------------------------

    def retired(self) -> list[Retired]:
        """Every artifact that was removed, the last one first."""
        return self._retired("ORDER BY time DESC, run_id, path")

    def of_run(self, run_id: str) -> dict[str, Retired]:
        """What was removed of a run, by its path."""
        return {one.path: one for one in self._retired("WHERE run_id = ?", run_id)}

    def retire(self, artifacts: Iterable[Retired]) -> None:
        """Note artifacts that are removed from now on; all of them or none, on the disk when this returns."""
        rows = [msgspec.structs.astuple(one) for one in artifacts]
        with self._file.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO retired VALUES (?, ?, ?, ?, ?, ?)", rows)

    def mend(self) -> None:
        """Undo what a writer left half done that was killed; readers could not."""
        self._file.mend()

    # -- when -------------------------------------------------------------------------------------------------

    def applied(self) -> float:
        """When the rules were last applied, in Unix seconds; 0 for never."""
        found = self._file.all("SELECT max(time) FROM applied")
        return float(found[0][0] or 0.0) if found else 0.0

    def note_applied(self, when: float) -> None:
        """The rules have been applied."""
        with self._file.writing() as connection:
            connection.execute("DELETE FROM applied")
            connection.execute("INSERT INTO applied VALUES (?)", (when,))

    def _retired(self, where: str, *values: str) -> list[Retired]:
        rows = self._file.all(f"SELECT run_id, path, digest, size, time, rule FROM retired {where}", *values)  # noqa: S608 - ours
        return [
            msgspec.convert(dict(zip(Retired.__struct_fields__, row, strict=True)), decodable(Retired))
            for row in rows
        ]


def retired(home: Home, run_id: str, path: str) -> Retired | None:
    """Whether retention removed this artifact: what to say of one whose content is missing.

    Where the notes cannot be read it is merely missing.
    """
    return _of_run(home, run_id).get(path)


def removed_of(home: Home, run: RunRecord) -> dict[str, Retired]:
    """The artifacts of a run whose content retention removed, by their paths."""
    if not run.artifacts:
        return {}
    found = _of_run(home, run.run_id).items()
    return {path: one for path, one in found if not (home.objects / one.digest).exists()}


def _of_run(home: Home, run_id: str) -> dict[str, Retired]:
    try:
        return RetentionNotes(home).of_run(run_id)
    except (sqlite3.Error, OSError, msgspec.MsgspecError, JournalFormatError):
        return {}
