"""Describing runs for MLflow with all that the home knows of them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import msgspec

from runlore.errors import ObjectMissing
from runlore.events import SessionStarted
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json
from runlore_server.export.description import Description, describe
from runlore_server.store.annotations import NOTHING, Annotations
from runlore_server.verdict.verdict import read_verdict


class Describer:
    """Describes runs of one home; any two of it say the same of the same run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._annotations = Annotations(home)
        self._objects = ObjectStore(home.objects)
        self._platform = lru_cache(maxsize=64)(self._read_platform)

    def describe(self, run: RunRecord, session: SessionStarted) -> Description:
        """The run as MLflow shall show it; ``session`` is how its session began."""
        platform = self._platform(run.environment) if run.environment is not None else None
        said = self._annotations.known.get(run.run_id, NOTHING)
        texts = [text for text in (said.hypothesis, said.notes) if text]
        if texts:
            run = replace(run, notes=[*run.notes, *texts])
        return describe(run, session, read_verdict(self._home, run.run_id), platform)

    def _read_platform(self, digest: str) -> str | None:
        try:
            environment = from_json(self._objects.get(digest), dict[str, object])
        except (ObjectMissing, msgspec.DecodeError):
            return None
        platform = environment.get("platform")
        return platform if isinstance(platform, str) else None
