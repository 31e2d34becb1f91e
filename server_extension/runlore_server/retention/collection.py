"""Removing what nothing needs: at any moment, beside kernels, servers and reruns that are at work."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from runlore.errors import PackageMissing
from runlore_server.config import Config
from runlore_server.errors import CollectedElsewhere, TrackingStoreAway
from runlore_server.ownership import Ownership
from runlore_server.rerun.environment import all_of
from runlore_server.rerun.environments import own_bytes, unused
from runlore_server.retention import spared
from runlore_server.retention.choice import SETTLED, choose
from runlore_server.retention.journals import JournaledRuns
from runlore_server.retention.kinds import KINDS, Kind
from runlore_server.retention.leftovers import Piece, leftovers, measured
from runlore_server.retention.marking import CannotMark, Gone, logged_in, needed
from runlore_server.retention.notes import RetentionNotes, Retired
from runlore_server.retention.survey import SeenRun, Survey, survey
from runlore_server.retention.sweeping import put_back, stored_objects, sweep
from runlore_server.store.curve_cache import CurveCache

DEFAULT_AGE = 14 * 86_400.0
"""Seconds for which what nothing needs is left alone."""

_NEED_JOURNALS: frozenset[Kind] = frozenset({"objects", "artifacts", "reruns", "pins", "curves"})

_LEAST_AGE = 3600.0
"""The same at the least: a clock may be wrong, and what is stored is named a moment later."""


@dataclass
class Removed:
    """What there was to remove of one kind: bytes, and the oldest time of change in Unix seconds."""

    count: int = 0
    bytes: int = 0
    oldest: float | None = None

    def add(self, size: int, changed: float) -> None:
        self.count += 1
        self.bytes += size
        self.oldest = changed if self.oldest is None else min(self.oldest, changed)


@dataclass
class Collected:
    """What a collection did, or would do.

    ``retired`` are the artifacts that rules let go this time. ``notes`` say what was left alone that could perhaps
    go; with ``incomplete`` that is much, and somebody should look.
    """

    kinds: dict[Kind, Removed] = field(default_factory=dict)
    retired: list[Retired] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    incomplete: bool = False
    seconds: float = 0.0


def collect(
    config: Config, *, older_than: float = DEFAULT_AGE, only: Collection[Kind] = KINDS, dry_run: bool = False
) -> Collected:
    """Remove what nothing needs and what the rules let go.

    Args:
        config: of which home, and which MLflow may have registered models of its runs.
        older_than: seconds for which it must have been left alone; the rules' artifacts go at once.
        only: kinds of things to remove.
        dry_run: only tell; nothing at all is written.

    Raises:
        CollectedElsewhere: another process does this now.
        OSError, sqlite3.Error, JournalFormatError, msgspec.DecodeError: the home or its rules cannot be read.
    """
    started = time.monotonic()
    ownership = Ownership(config.home.path / "gc.lock")
    # Only in a home that is there: a mistyped one is not made.
    if not dry_run and config.home.path.is_dir() and not ownership.acquire():
        raise CollectedElsewhere(
            f"another process is removing what nothing needs in {config.home.path}; it will be done shortly"
        )
    try:
        collection = _Collection(config, older_than, dry_run)
        collection.run(only)
    finally:
        ownership.release()
    collection.told.seconds = time.monotonic() - started
    return collection.told


class _Collection:
    def __init__(self, config: Config, older_than: float, dry_run: bool) -> None:
        self._config, self._home, self._dry_run = config, config.home, dry_run
        self._notes = RetentionNotes(config.home)
        self._age = older_than
        self._now = time.time()
        self.told = Collected()

    def run(self, only: Collection[Kind]) -> None:
        self.told.kinds = {kind: Removed() for kind in KINDS if kind in only}
        if not self._dry_run:
            self._notes.mend()
            put_back(self._home)
        seen = survey(self._home) if _NEED_JOURNALS & set(only) else Survey()
        if _NEED_JOURNALS - {"curves"} & set(only):
            self._by_journals(seen)
        if "curves" in only:
            self._curves(seen)
        if "temporary" in only:
            self._remove("temporary", leftovers(self._home, self._before(_LEAST_AGE)))
        if "environments" in only:
            self._environments()
        if "artifacts" in only and not self._dry_run and self._notes.rules():
            self._notes.note_applied(self._now)

    def _before(self, least: float) -> float:
        return self._now - max(self._age, least)

    # -- what journals decide ---------------------------------------------------------------------------------

    def _by_journals(self, seen: Survey) -> None:
        for session_id, why in seen.unknown.items():
            self.told.notes.append(
                f"objects that are newer than session {session_id} are kept: it may still be written, {why}. If "
                "its kernel is gone for good and you do not need its record, delete the session's folder"
            )
        if seen.unreadable:
            self._give_up(
                f"{self._home.session(session_id)}: {why}" for session_id, why in seen.unreadable.items()
            )
            return
        try:
            retired = self._retiring(seen) if "artifacts" in self.told.kinds else []
            if {"objects", "artifacts", "pins"} & self.told.kinds.keys():
                self._objects(seen, retired)
            if "reruns" in self.told.kinds:
                self._reruns(seen.run_sessions.keys() | spared.jobs(self._home)[0])
        except CannotMark as error:
            self._give_up([str(error)])
        except sqlite3.Error as error:
            self._give_up([f"{self._home.path / 'jobs.sqlite'} or what is known of the export: {error}"])

    def _give_up(self, reasons: Iterable[str]) -> None:
        self.told.incomplete = True
        self.told.notes += [
            f"{reason}. It may need anything, so no object, artifact or rerun is removed; see 'runlore doctor', "
            "or move it out of the home to give it up"
            for reason in reasons
        ]

    def _retiring(self, seen: Survey) -> list[Retired]:
        """What the rules let go now."""
        rules = self._notes.rules()
        if not rules:
            return []
        known = {(one.run_id, one.path) for one in self._notes.retired()}
        chosen = choose(seen.runs, rules, seen.originals | self._to_be_repeated(seen), known, self._now)
        losing = {one.run_id for one in chosen}
        held = self._held_by_mlflow([run for run in seen.runs if run.run_id in losing])
        return [one for one in chosen if one.run_id not in held]

    def _to_be_repeated(self, seen: Survey) -> set[str]:
        """The runs that reruns of the moment start from."""
        try:
            return spared.jobs(self._home)[1] | spared.prepared(self._home, seen.run_sessions)
        except OSError as error:
            raise CannotMark(f"{error.filename or self._home.reruns}: {error.strerror or error}") from error

    def _held_by_mlflow(self, runs: Iterable[SeenRun]) -> set[str]:
        """Those of the runs that are to be kept for MLflow, or may be."""
        exported = spared.in_mlflow(self._home)
        ids = {run.run_id: exported.get(run.run_id, set()) | run.mlflow_ids for run in runs}
        ids = {run_id: known for run_id, known in ids.items() if known}
        try:
            return spared.held_by_mlflow(self._config, ids)
        except (TrackingStoreAway, ImportError) as error:
            self.told.notes.append(
                f"{len(ids)} runs that MLflow has keep their artifacts for now: it cannot be asked for registered "
                f"models and tags ({error})"
            )
            return set(ids)

    def _objects(self, seen: Survey, retiring: list[Retired]) -> None:
        there = stored_objects(self._home)
        # What is lost was not removed by a rule, and nobody shall say so.
        retiring = [one for one in retiring if one.digest.encode() in there]
        before = self._notes.retired()
        keys = {(one.run_id, one.path) for one in (*before, *retiring)}
        sessions = {seen.run_sessions[run_id] for run_id, _ in keys if run_id in seen.run_sessions}
        digests = logged_in(self._home, sessions, keys)
        for one in (*before, *retiring):
            digests[one.run_id, one.path].add(one.digest.encode())
        gone = Gone(keys, digests)
        if gone.digests.isdisjoint(there) and not {"objects", "pins"} & self.told.kinds.keys():
            return  # the usual day of a server
        unneeded = min(self._before(_LEAST_AGE), seen.writing_since - _LEAST_AGE)
        let_go = min(self._now, seen.cell_since) - SETTLED
        since = {digest: let_go if digest in gone.digests else unneeded for digest in there}
        fresh = {digest for digest, stored in there.items() if stored.stored >= since[digest]}
        live = needed(self._home, there.keys(), fresh, gone)
        wanted = {digest for digest in there.keys() - live if self._kind(digest, gone) in self.told.kinds}
        if retiring and self._to_be_repeated(seen) & {one.run_id for one in retiring}:
            self.told.notes.append(
                "a run that was to lose artifacts is being repeated now; rules wait for next time"
            )
            retiring, wanted = [], wanted - gone.digests
        if retiring and not self._dry_run:
            self._notes.retire(retiring)  # before anything goes, or it would be missing without a reason
        self.told.retired = retiring
        removed = wanted if self._dry_run else sweep(self._home, ((digest, since[digest]) for digest in wanted))
        for digest in removed:
            self.told.kinds[self._kind(digest, gone)].add(there[digest].size, there[digest].stored)
        if "pins" in self.told.kinds:
            self._pins(live)

    @staticmethod
    def _kind(digest: bytes, gone: Gone) -> Kind:
        return "artifacts" if digest in gone.digests else "objects"

    # -- folders ----------------------------------------------------------------------------------------------

    def _pins(self, live: set[bytes]) -> None:
        """Pins of locks that no run was recorded with."""
        files = (path for path in (self._home.path / "pins").glob("*.json") if path.stem.encode() not in live)
        self._remove("pins", self._old(map(measured, files)))

    def _reruns(self, known: set[str]) -> None:
        """Folders of reruns that neither journals nor the queue know: of deleted sessions, and false starts."""
        folders = (path for path in self._home.reruns.glob("*") if path.is_dir() and path.name not in known)
        self._remove("reruns", self._old(map(measured, folders)))

    def _old(self, pieces: Iterable[Piece]) -> Iterable[Piece]:
        return (piece for piece in pieces if piece.changed < self._before(_LEAST_AGE))

    def _environments(self) -> None:
        try:
            for one in unused(all_of(self._home), max(self._age, _LEAST_AGE)):
                self.told.kinds["environments"].add(own_bytes(one.path), one.used)
                if not self._dry_run:
                    one.remove()
        except OSError as error:  # 'runlore environments --prune' may be at work
            self.told.notes.append(f"environments were left as they are: {error}")

    def _curves(self, seen: Survey) -> None:
        """Curve files beyond the size of their cache; their archives stay."""
        cache = CurveCache(JournaledRuns(self._home, seen.run_sessions), self._config.curve_cache)
        try:
            gone = list(cache.excess()) if self._dry_run else cache.trim()
        except PackageMissing as error:
            self.told.notes.append(f"the cache of curves is left as it is: {error}")
            return
        for cached in gone:
            self.told.kinds["curves"].add(cached.size, cached.used)

    def _remove(self, kind: Kind, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            try:
                if not self._dry_run:
                    piece.remove()
            except OSError as error:
                self.told.notes.append(f"{piece.path} cannot be removed: {error.strerror or error}")
                continue
            self.told.kinds[kind].add(piece.size, piece.changed)
