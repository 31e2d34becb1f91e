"""Filters that the user keeps under a name: a small SQLite file of the home. Nothing could build it again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import msgspec

from runlore.home import Home
from runlore_server.database import make_private, version_of
from runlore_server.errors import FilterNotFound, InvalidRequest
from runlore_server.filter.order import parse_order
from runlore_server.filter.parser import parse

LONGEST_NAME = 100
"""Characters that a filter's name may have."""

_VERSION = 1
_WAIT = 10.0
"""Seconds to wait for another process that writes."""


class SavedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """A filter and an order, as they were typed; each may be empty."""

    name: str
    filter: str = ""
    order_by: str = ""


class SavedFilters:
    """The saved filters of a home; safe to use from several threads and processes at once.

    Raises, from every method:
        JournalFormatError: a later version wrote the file.
        sqlite3.Error, OSError: it cannot be read or written.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.path / "filters.sqlite"

    def all(self) -> list[SavedFilter]:
        """Every saved filter, by name."""
        with self._open() as connection:
            found = connection.execute("SELECT name, filter, order_by FROM filter ORDER BY name").fetchall()
        return [SavedFilter(name=name, filter=text, order_by=order) for name, text, order in found]

    def get(self, name: str) -> SavedFilter:
        """The filter of this name.

        Raises:
            FilterNotFound: there is none.
        """
        with self._open() as connection:
            found = connection.execute("SELECT filter, order_by FROM filter WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise self._not_found(name)
        return SavedFilter(name=name, filter=found[0], order_by=found[1])

    def put(self, saved: SavedFilter) -> None:
        """Keep a filter, in place of one of the same name.

        Raises:
            InvalidRequest: the name is empty, too long or cannot be shown.
            FilterError: the filter or the order is none.
        """
        name = saved.name
        if not (0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip() and "/" not in name):
            raise InvalidRequest(
                f"a filter's name has 1 to {LONGEST_NAME} printable characters, no slash and no space around it"
            )
        parse(saved.filter)
        parse_order(saved.order_by)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(self._path)
        with self._open() as connection:
            row = (name, saved.filter, saved.order_by)
            connection.execute("INSERT OR REPLACE INTO filter VALUES (?, ?, ?)", row)
            connection.execute(f"PRAGMA user_version = {_VERSION}")

    def delete(self, name: str) -> None:
        """Forget a filter.

        Raises:
            FilterNotFound: there is none of this name.
        """
        with self._open() as connection:
            if not connection.execute("DELETE FROM filter WHERE name = ?", (name,)).rowcount:
                raise self._not_found(name)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction; to an empty database in memory until something was saved."""
        place = self._path if self._path.is_file() else ":memory:"
        with contextlib.closing(sqlite3.connect(place, timeout=_WAIT)) as connection, connection:
            version_of(connection, self._path.name, _VERSION)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS filter (name TEXT PRIMARY KEY, filter TEXT, order_by TEXT)"
            )
            yield connection

    def _not_found(self, name: str) -> FilterNotFound:
        return FilterNotFound(f"no filter is saved as {name!r}; 'runlore filters' lists them")
