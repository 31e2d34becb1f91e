"""The random states of a session: taken before each cell, and put back in a replay."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from runlore import events as ev
from runlore.capture import generators, rng
from runlore.capture.entropy import ROOT_SIZE, Entropy
from runlore.capture.finder import Found, GeneratorFinder
from runlore.capture.imports import ImportWatcher
from runlore.capture.names import Variables
from runlore.reseed import FreshSeeds
from runlore.states import StateFile, StateWriter

if TYPE_CHECKING:
    from runlore.replay import ReplayCell
    from runlore.session import Session

_WORD = re.compile(r"\w+")
_Key = tuple[Literal["rng", "generators"], str]
"""The field of ``CellStarted`` in which a state stands, and its name there: a library, or a generator's path."""


_Take = Callable[[], bytes]


class _Latest(NamedTuple):
    """A state that was stored, and its digest."""

    state: bytes
    digest: str = ""


class Randomness:
    """What a session knows of the generators of its process.

    What cannot be taken or put back is written down as not captured, once for each generator.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._writer = StateWriter(session.home.states(session.session_id))
        plan = session.plan
        self._recorded = StateFile(session.home.states(plan.original)) if plan is not None else None
        self._finder = GeneratorFinder(session.users)
        self._entropy = Entropy()
        self._fresh = FreshSeeds(plan.reseed) if plan is not None and plan.reseed is not None else None
        self._told: set[tuple[str, str]] = set()
        self._latest: dict[_Key, _Latest] = {}

        self._imports = ImportWatcher(list(rng.MODULES), self._imported)
        self._imports.install()

    def close(self) -> None:
        self._imports.remove()
        self._entropy.end()
        if self._fresh is not None:
            self._fresh.close()
        self._writer.close()

    # -- taking --------------------------------------------------------------------------------------------

    def take(self, variables: Variables, named: str) -> dict[str, dict[str, str]]:
        """The present states, as digests of what the session's state file holds: fields of ``CellStarted``.

        Args:
            variables: below which generators are looked for.
            named: the code that ran last.
        """
        takers: dict[_Key, _Take] = {("rng", name): partial(rng.take, name) for name in rng.loaded()}
        for path, generator in self._found(variables, named):
            takers["generators", path] = partial(generators.take, generator)
        digests = self._digests(takers)
        fields: dict[str, dict[str, str]] = {"rng": {}, "generators": {}}
        for key in takers:
            if key in digests:
                fields[key[0]][key[1]] = digests[key]
        return fields

    def _found(self, variables: Variables, named: str) -> list[Found]:
        try:
            found = self._finder.find(variables, _WORD.findall(named))
        except Exception as error:  # noqa: BLE001 - it looks at objects of the user's, which another thread may change
            self._tell("generators in variables", f"{type(error).__name__}: {error}")
            return []
        for name in self._finder.cut_short:
            self._tell(f"generators in {name}", "it holds too many objects to look through all of them")
        if self._finder.put_off:
            self._tell("generators in variables", "too many were new to look through all of them before one cell")
        return found

    def _digests(self, takers: Mapping[_Key, _Take]) -> dict[_Key, str]:
        """What each gives; those that are not what they last were are stored, together in one write."""
        digests: dict[_Key, str] = {}
        changed: dict[_Key, _Latest] = {}
        for key, take in takers.items():
            latest = self._latest.get(key)
            try:
                state = take()
            except Exception as error:  # noqa: BLE001 - the user may have put any object in the generator's place
                why = f"it could not be taken: {type(error).__name__}: {error}"
                self._tell(f"random state of {key[1]}", why)
                continue
            if latest is not None and latest.state == state:
                digests[key] = latest.digest
            else:
                changed[key] = _Latest(state)
        if changed:
            states = [new.state for new in changed.values()]
            stored = self._session.store(lambda: self._writer.put_all(states)) or ()
            for (key, new), digest in zip(changed.items(), stored, strict=False):
                self._latest[key] = new._replace(digest=digest)
                digests[key] = digest
        return digests

    def note(self, library: str) -> None:
        """Record a library's state as of now, in the middle of a cell."""
        key: _Key = ("rng", library)
        digest = self._digests({key: partial(rng.take, library)}).get(key)
        cell = self._session.cell
        if cell is not None and digest is not None:
            self._session.append(
                ev.RngImported(time=time.time(), ordinal=cell.ordinal, library=library, digest=digest)
            )

    def _tell(self, what: str, why: str) -> None:
        if (what, why) not in self._told:
            self._told.add((what, why))
            self._session.not_captured(what, why)

    # -- putting back --------------------------------------------------------------------------------------

    def begin(self, root: str | None = None) -> str:
        """Let the seeds that libraries ask of the system come from this root, or a new one; return it."""
        root = self._fresh.root(root) if self._fresh is not None else root or os.urandom(ROOT_SIZE).hex()
        self._entropy.begin(root)
        return root

    def restore(self, states: Mapping[str, str]) -> None:
        """Put recorded states back, of the libraries that are loaded."""
        if self._fresh is not None:
            self._fresh.seed()
            return
        for library, digest in states.items():
            if rng.is_loaded(library):
                self._put(library, digest, partial(rng.put, library))

    def restore_generators(self, states: Mapping[str, str], namespace: Mapping[str, Any]) -> None:
        """Put recorded states back into the generators that are where their originals were.

        Of a variable that is not there at all nothing is said: who draws from it fails by itself.
        """
        for path, digest in states.items() if self._fresh is None else ():
            if path.partition(".")[0].partition("[")[0] in namespace:
                self._put(path, digest, partial(self._put_at, path, namespace))

    def _put_at(self, path: str, namespace: Mapping[str, Any], state: bytes) -> None:
        generators.put(self._finder.at(path, namespace), state)

    def _put(self, name: str, digest: str, put: Callable[[bytes], None]) -> None:
        assert self._recorded is not None  # noqa: S101 - only a replay restores
        try:
            put(self._recorded.get(digest))
        except Exception as error:  # noqa: BLE001 - whatever stands in the generator's place here may raise anything
            self._tell(f"random state of {name}", f"it could not be restored: {error}")

    def _imported(self, module: str) -> None:
        """A library with a random state was just imported: its fresh state is nobody's choice, so keep it."""
        library, session = rng.MODULES[module], self._session
        if not rng.is_there(library):
            return
        self._entropy.hook()
        replayed = self._replayed()
        if self._fresh is not None:
            self._fresh.seed_library(library)
        elif replayed is not None:
            states = {**replayed.rng, **replayed.imported_rng}
            if library in states:  # its import still counts as going on
                self._put(library, states[library], partial(rng.put, library))
        active = session.active_run
        if active is not None and active.info.seed is not None:
            rng.seed(library, active.info.seed)
        self.note(library)

    def _replayed(self) -> ReplayCell | None:
        plan, cell = self._session.plan, self._session.cell
        if plan is None or cell is None or cell.replays is None:
            return None
        return next((planned for planned in plan.cells if planned.ordinal == cell.replays), None)
