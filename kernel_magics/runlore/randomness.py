"""The random states of a session: taken before each cell, and put back in a replay."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from runlore import events as ev
from runlore.capture import generators, rng
from runlore.capture.entropy import ROOT_SIZE, Entropy
from runlore.capture.finder import GeneratorFinder
from runlore.capture.imports import ImportWatcher
from runlore.reseed import FreshSeeds
from runlore.states import StateFile, StateWriter

if TYPE_CHECKING:
    from runlore.replay import ReplayCell
    from runlore.session import Session

_WORD = re.compile(r"\w+")


class Randomness:
    """What a session knows of the generators of its process.

    What cannot be taken or put back is written down as not captured, once for each generator.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._writer = StateWriter(session.home.states(session.session_id))
        plan = session.plan
        self._recorded = StateFile(session.home.states(plan.original)) if plan is not None else None
        self._finder = GeneratorFinder()
        self._entropy = Entropy()
        self._fresh = FreshSeeds(plan.reseed) if plan is not None and plan.reseed is not None else None
        self._told: set[tuple[str, str]] = set()
        self._latest: dict[str, tuple[bytes, str]] = {}
        """The state last stored by each name, and its digest."""

        self._imports = ImportWatcher(list(rng.MODULES), self._imported)
        self._imports.install()

    def close(self) -> None:
        self._imports.remove()
        self._entropy.end()
        if self._fresh is not None:
            self._fresh.close()
        self._writer.close()

    # -- taking --------------------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """The present states by library, as digests of what the session's state file holds."""
        taken = {name: self._take(name, rng.take, name) for name in rng.loaded()}
        return {name: digest for name, digest in taken.items() if digest is not None}

    def generators(self, namespace: Mapping[str, Any], hidden: Container[str], named: str) -> dict[str, str]:
        """The present states of the generators below a namespace, by their paths; ``named`` is the last code."""
        try:
            found = self._finder.find(namespace, hidden, set(_WORD.findall(named)))
        except Exception as error:  # noqa: BLE001 - it looks at objects of the user's, which another thread may change
            self._tell("generators in variables", f"{type(error).__name__}: {error}")
            return {}
        for name in self._finder.cut_short:
            self._tell(f"generators in {name}", "it holds too many objects to look through all of them")
        taken = {path: self._take(path, generators.take, generator) for path, generator in found}
        return {path: digest for path, digest in taken.items() if digest is not None}

    def _take(self, name: str, take: Callable[[Any], bytes], what: Any) -> str | None:
        try:
            state = take(what)
            latest = self._latest.get(name)
            if latest is not None and latest[0] == state:
                return latest[1]
            digest = self._session.store(lambda: self._writer.put(state))
            if digest is not None:
                self._latest[name] = state, digest
            return digest
        except Exception as error:  # noqa: BLE001 - the user may have put any object in the generator's place
            self._tell(f"random state of {name}", f"it could not be taken: {type(error).__name__}: {error}")
            return None

    def note(self, library: str) -> None:
        """Record a library's state as of now, in the middle of a cell."""
        digest = self._take(library, rng.take, library)
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
