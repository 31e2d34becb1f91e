"""Finding the objects that something needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

import msgspec

from runlore import journal
from runlore.capture.data import manifest
from runlore.errors import JournalFormatError
from runlore.events import ArtifactLogged, FileRead, FileWritten
from runlore.home import Home
from runlore.untrusted import read_regular
from runlore_server.retention.files import speaking
from runlore_server.retention.mentions import mentioned, mentioned_in

_JOURNAL = "events.jsonl"
_PLAN = "plan.json"


class CannotMark(Exception):
    """Something that may speak of objects cannot be read; the text says what, and why."""


class Gone:
    """The artifacts that retention has removed: what spoke of them no longer keeps their objects.

    That is the event that logged such an artifact, and what merely tells that a file with its content was read or
    written: events about files, lists of files, the superseded attempts and checks of reruns. All else does.
    """

    def __init__(
        self, artifacts: Iterable[tuple[str, str]], digests: Mapping[tuple[str, str], AbstractSet[bytes]]
    ) -> None:
        """``artifacts`` are ids of runs and paths; ``digests`` what each of them ever was, as journals have it."""
        self._artifacts = set(artifacts)
        self.digests = frozenset(digest for key in self._artifacts for digest in digests.get(key, ()))

    def kept_in_journal(self, path: Path) -> set[bytes]:
        """Those of the removed artifacts' objects that this journal needs nevertheless."""
        kept: set[bytes] = set()
        for line in journal.lines(path):
            if (found := mentioned(line.content, self.digests)) and not self._only_tells(line.event):
                kept |= found
        return kept

    def _only_tells(self, event: object) -> bool:
        if isinstance(event, ArtifactLogged):
            return (event.run_id, event.path) in self._artifacts
        if type(event) in (FileRead, FileWritten):  # not what inherits from them: that is kept
            assert isinstance(event, (FileRead, FileWritten))  # noqa: S101 - for the type checker
            return not event.path.endswith(("/", "\\"))
        return False

    def kept_in_object(self, path: Path, found: set[bytes]) -> set[bytes]:
        """Of the objects found in this one, those that it needs."""
        removed = found & self.digests
        if removed:
            try:
                if manifest.decode(read_regular(path)):
                    return found - removed
            except msgspec.DecodeError:
                pass
        return found

    def kept_in_file(self, home: Home, path: Path, found: set[bytes]) -> set[bytes]:
        """Of the objects found in another file of the home, those that it needs."""
        in_rerun = path.is_relative_to(home.reruns) and path.name != _PLAN
        return found - self.digests if in_rerun else found


def logged_in(
    home: Home, sessions: Iterable[str], wanted: AbstractSet[tuple[str, str]]
) -> dict[tuple[str, str], set[bytes]]:
    """Every content that these sessions logged under the given run ids and paths, also those logged over later.

    Raises:
        CannotMark: a journal cannot be read.
    """
    found: dict[tuple[str, str], set[bytes]] = {key: set() for key in wanted}
    for session_id in sessions:
        try:
            for line in journal.lines(home.events(session_id)):
                event = line.event
                if isinstance(event, ArtifactLogged) and (key := (event.run_id, event.path)) in found:
                    found[key].add(event.digest.encode())
        except (OSError, JournalFormatError) as error:
            raise CannotMark(f"{home.events(session_id)}: {error}") from error
    return found


def needed(home: Home, there: AbstractSet[bytes], roots: AbstractSet[bytes], gone: Gone) -> set[bytes]:
    """The objects that a file of the home speaks of, directly or through other objects.

    Args:
        home: the home.
        there: the digests of all its objects.
        roots: those of them that are needed in any case.
        gone: what retention removed.

    Raises:
        CannotMark: a file or an object cannot be read.
    """
    found = set(roots)
    try:
        for path in speaking(home):
            found |= _in_file(home, path, there, gone)
    except OSError as error:
        raise CannotMark(f"{error.filename or home.path}: {error.strerror or error}") from error
    waiting = list(found)
    while waiting:
        path = home.objects / waiting.pop().decode()
        try:
            inside = mentioned_in(path, there, is_object=True) - found
        except FileNotFoundError:
            continue
        except OSError as error:
            raise CannotMark(f"{path}: {error.strerror or error}") from error
        new = gone.kept_in_object(path, inside)
        found |= new
        waiting += new
    return found


def _in_file(home: Home, path: Path, there: AbstractSet[bytes], gone: Gone) -> set[bytes]:
    try:
        if not path.is_file():
            return set()  # a pipe or a socket is no record of anything
        found = mentioned_in(path, there)
        if found.isdisjoint(gone.digests):
            return found
        if path.name == _JOURNAL and path.is_relative_to(home.sessions):
            return (found - gone.digests) | gone.kept_in_journal(path)
    except FileNotFoundError:
        return set()  # moved or deleted meanwhile; what is moved is found where it lies now
    except JournalFormatError as error:
        raise CannotMark(f"{path}: {error}") from error
    return gone.kept_in_file(home, path, found)
