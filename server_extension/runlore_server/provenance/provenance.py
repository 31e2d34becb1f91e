"""What was around runs, for one home: their code, files, outputs, artifacts and relatives."""

from __future__ import annotations

from collections.abc import Iterable

from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.provenance.code import CodeMarks, code_marks
from runlore_server.provenance.contents import Contents
from runlore_server.provenance.files import RunFile, run_files
from runlore_server.provenance.lineage import Lineage, lineage
from runlore_server.provenance.outputs import CellOutputs, cell_outputs
from runlore_server.provenance.slices import Slices
from runlore_server.provenance.traces import Traces
from runlore_server.registry.version import ModelVersion
from runlore_server.store.runs import RunStore


class Provenance:
    """Answers from the journals; what is expensive is kept. Safe to use from several threads; every method blocks.

    Each raises ``RunNotFound`` where the run's session was deleted meanwhile.
    """

    def __init__(self, home: Home, store: RunStore) -> None:
        self._store = store
        self._home = home
        self._slices = Slices()
        self._traces = Traces(home)
        self.contents = Contents(ObjectStore(home.objects))

    def code(self, run: RunRecord) -> CodeMarks:
        """What of its code the run needs, and what became of it in the notebook."""
        session = self._store.session(run)
        return code_marks(run, session, self._slices.of(run, session))

    def files(self, run: RunRecord) -> list[RunFile]:
        """The files that were read and written up to the run's end."""
        session = self._store.session(run)
        return run_files(run, session, self._slices.of(run, session))

    def outputs(self, run: RunRecord, ordinal: int, *, whole: bool) -> CellOutputs:
        """What one of its cells showed; see ``cell_outputs``."""
        return cell_outputs(run, self._store.session(run), ordinal, self._home, whole=whole)

    def lineage(self, run: RunRecord, versions: Iterable[ModelVersion] = ()) -> Lineage:
        """Where the run comes from and what became of it; ``versions`` are those of its models."""
        self._traces.refresh()
        return lineage(self._store, self._traces, run, self.files(run), versions)
