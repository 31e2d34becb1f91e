"""What the user says of runs: a small SQLite file of the home. Nothing could build it again."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.untrusted import from_json, open_regular
from runlore_server.database import RAW, make_private, version_of
from runlore_server.errors import ChangedMeanwhile, InvalidRequest

NAME = "annotations.sqlite"
COLORS = 10
"""How many colours the panel has; one is named by its number, from 0."""

LONGEST_NAME, LONGEST_TAG, LONGEST_TEXT = 250, 5_000, 100_000
"""Characters of a run's or a tag's name, of a tag's value, and of notes and hypothesis."""
MOST_TAGS = 200

_VERSION = 1
_WAIT = 10.0
"""Seconds to wait for another process that writes."""

_COUNTER = slice(24, 28)
"""Where the header of an SQLite file counts the changes of the file."""

_log = logging.getLogger(__name__)


class Annotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the user says of one run.

    Attributes:
        name: in place of the recorded one.
        color: from 0 to ``COLORS - 1``; ``None`` leaves it to the panel.
        pinned: whether it stands on top.
        starred: whether it is a favourite.
        deleted: whether it is hidden until it is restored. Nothing that was recorded goes.
        tags: set beside the recorded ones or in place of them; ``None`` hides a recorded one.
        notes: Markdown.
        hypothesis: what the run is to show.
    """

    name: str | None = None
    color: int | None = None
    pinned: bool = False
    starred: bool = False
    deleted: bool = False
    tags: dict[str, str | None] = {}
    notes: str = ""
    hypothesis: str = ""

    def applied(self, run: RunRecord) -> RunRecord:
        """The run with the name and the tags that the user gave it."""
        return replace(run, name=self.name or run.name, tags=self.tagged(run.tags))

    def tagged(self, recorded: Mapping[str, str]) -> dict[str, str]:
        """The tags of a run with these recorded ones."""
        return {name: value for name, value in {**recorded, **self.tags}.items() if value is not None}


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of annotations: what is not given stays, ``None`` takes back; of ``tags`` each on its own."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    color: int | msgspec.UnsetType | None = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    starred: bool | msgspec.UnsetType = msgspec.UNSET
    deleted: bool | msgspec.UnsetType = msgspec.UNSET
    tags: dict[str, str | None] | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType = msgspec.UNSET
    hypothesis: str | msgspec.UnsetType = msgspec.UNSET

    def check(self) -> None:
        """Refuse what cannot be kept or shown.

        Raises:
            InvalidRequest: it says what.
        """
        names = [self.name.strip()] if isinstance(self.name, str) else []
        names += self.tags if isinstance(self.tags, dict) else ()
        for name in names:
            if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
                raise InvalidRequest(f"a name has 1 to {LONGEST_NAME} printable characters, not {name!r:.60}")
        if isinstance(self.color, int) and not 0 <= self.color < COLORS:
            raise InvalidRequest(f"a colour is a number from 0 to {COLORS - 1}, not {self.color}")
        for value in self.tags.values() if isinstance(self.tags, dict) else ():
            if value is not None and len(value) > LONGEST_TAG:
                raise InvalidRequest(f"the value of a tag has at most {LONGEST_TAG} characters")
        for text in (self.notes, self.hypothesis):
            if isinstance(text, str) and len(text) > LONGEST_TEXT:
                raise InvalidRequest(f"notes have at most {LONGEST_TEXT} characters; keep more in an artifact")

    def applied(self, old: Annotation) -> Annotation:
        """The annotation as it is after the change.

        Raises:
            InvalidRequest: the run would have too many tags.
        """
        given = {
            name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not msgspec.UNSET
        }
        if isinstance(self.name, str):
            given["name"] = self.name.strip()
        if isinstance(self.tags, dict):
            given["tags"] = {**old.tags, **self.tags}
            if len(given["tags"]) > MOST_TAGS:
                raise InvalidRequest(f"a run has at most {MOST_TAGS} tags of the user's")
        return msgspec.structs.replace(old, **given)


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts of a run as whoever changes them last saw them; what is not given does not matter."""

    notes: str | msgspec.UnsetType = msgspec.UNSET
    hypothesis: str | msgspec.UnsetType = msgspec.UNSET

    def check(self, now: Annotation) -> None:
        """Refuse to go on where somebody else has changed one.

        Raises:
            ChangedMeanwhile: it says which.
        """
        for name in self.__struct_fields__:
            if getattr(self, name) not in (msgspec.UNSET, getattr(now, name)):
                raise ChangedMeanwhile(f"somebody else has changed the {name} meanwhile; look at it again")


NOTHING = Annotation()


class Annotations:
    """The annotations of a home; safe to use from several threads and processes at once."""

    def __init__(self, home: Home) -> None:
        self._path = home.path / NAME
        self._stamp: object = None
        self._known: Mapping[str, Annotation] = {}
        self._seen: Mapping[str, Annotation] = self._known
        self._told: str | None = None

    @property
    def known(self) -> Mapping[str, Annotation]:
        """The annotations as they are now, by run id; as they last could be read where the file is of no use."""
        with RAW:
            stamp = self._read_stamp()
            if stamp != self._stamp:
                try:
                    self._known, self._told = self.all(), None
                except (sqlite3.Error, OSError, JournalFormatError, msgspec.DecodeError) as error:
                    if str(error) != self._told:
                        self._told = str(error)
                        _log.warning("names, tags and notes of the user's cannot be read: %s", error)
                self._stamp = stamp
            return self._known

    def look(self) -> set[str]:
        """The ids of the runs whose annotation changed since the last look, whoever changed it."""
        known, seen = self.known, self._seen
        if known is seen:
            return set()
        self._seen = known
        return {run_id for run_id in known.keys() | seen.keys() if known.get(run_id) != seen.get(run_id)}

    def all(self) -> dict[str, Annotation]:
        """Every annotation, by run id, from the file.

        Raises:
            JournalFormatError: a later version wrote the file.
            msgspec.DecodeError: a row of it is damaged.
            sqlite3.Error, OSError: it cannot be read.
        """
        if not self._path.is_file():
            return {}
        with self._open() as connection:
            rows = connection.execute("SELECT run_id, content FROM annotation").fetchall()
        return {run_id: _annotation(content) for run_id, content in rows}

    def change(self, run_ids: Collection[str], change: Change, seen: Seen | None = None) -> None:
        """Change what is said of these runs: of all of them, or where that is refused of none.

        Args:
            run_ids: of these.
            change: in this way.
            seen: only where their texts are still these.

        Raises:
            ChangedMeanwhile: they are not.
            InvalidRequest: the change cannot be kept.
            JournalFormatError: a later version wrote the file.
            sqlite3.Error, OSError: it cannot be read or written.
        """
        change.check()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(self._path)
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for run_id in run_ids:
                row = connection.execute("SELECT content FROM annotation WHERE run_id = ?", (run_id,)).fetchone()
                old = NOTHING if row is None else _annotation(row[0])
                if seen is not None:
                    seen.check(old)
                content = msgspec.json.encode(change.applied(old)).decode()
                connection.execute("INSERT OR REPLACE INTO annotation VALUES (?, ?)", (run_id, content))
            connection.execute(f"PRAGMA user_version = {_VERSION}")

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with RAW, contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT)) as connection, connection:
            if version_of(connection, NAME, _VERSION) < _VERSION:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS annotation (run_id TEXT PRIMARY KEY, content TEXT NOT NULL)"
                )
            yield connection

    def _read_stamp(self) -> object:
        """What is another thing after every change of the file, whoever made it."""
        try:
            with open_regular(self._path) as file:
                return os.fstat(file.fileno()).st_ino, file.read(_COUNTER.stop)[_COUNTER]
        except OSError:
            return None


def _annotation(content: object) -> Annotation:
    if not isinstance(content, str):
        raise msgspec.DecodeError(f"a row of {NAME} holds no text")
    return from_json(content.encode(errors="replace"), Annotation)
