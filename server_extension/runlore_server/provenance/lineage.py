"""Where a run comes from and what became of it: the files between runs, its original and its reruns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Literal

import msgspec

from runlore.record import RunRecord, RunStatus
from runlore_server.provenance.files import RunFile
from runlore_server.provenance.traces import Trace, Traces
from runlore_server.registry.version import ModelVersion
from runlore_server.store.annotations import NOTHING
from runlore_server.store.pruned import pruned_at
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Word, read_verdict

MOST_FILES, MOST_RUNS = 24, 24
"""Files in and out, and runs of one kind, that are named; the rest is counted."""

_MOST_LOOKED = 200
"""Runs, the last ones, of those that wrote or read one content, that are looked at."""

Kind = Literal["run", "file", "artifact", "cell", "model"]
Tie = Literal["read", "wrote", "repeats", "registered"]


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A run, a content of a file, a cell of a notebook outside of any run, or a version of a registered model.

    Attributes:
        id: names it within the graph.
        name: the run's, the file's without its folder, or the notebook's.
        run_id: of a run.
        path: of a file or artifact; of a model the artifact that it is.
        digest, size: of a file or artifact.
        version: of a model.
        cell: ordinal of a cell.
        status, verdict: of a run.
        pruned_at: of a run that its sweep stopped, the step at which that was decided.
        changed: parameters that a rerun was given other values of.
    """

    id: str
    kind: Kind
    name: str
    run_id: str | None = None
    path: str | None = None
    digest: str | None = None
    size: int | None = None
    cell: int | None = None
    status: RunStatus | None = None
    pruned_at: int | None = None
    verdict: Word | None = None
    changed: list[str] = []
    version: str | None = None


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """From what was there first: a run ``read`` a file, or ``wrote`` it; a rerun ``repeats`` a run;
    a model of a run is ``registered``."""

    source: str
    target: str
    tie: Tie


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """The graph around one run. ``left_out`` counts files and runs that are not in it."""

    center: str
    nodes: list[Node]
    edges: list[Edge]
    left_out_files: int
    left_out_runs: int


def lineage(
    store: RunStore,
    traces: Traces,
    run: RunRecord,
    files: Iterable[RunFile],
    versions: Iterable[ModelVersion] = (),
) -> Lineage:
    """Everything within one step of a run, and the runs behind the files that it read or left."""
    return _Graph(store, traces, run).drawn(list(files), list(versions))


class _Graph:
    def __init__(self, store: RunStore, traces: Traces, run: RunRecord) -> None:
        self._store = store
        self._traces = traces
        self._run = run
        self._nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}
        self._left_files = self._left_runs = 0

    def drawn(self, files: list[RunFile], versions: list[ModelVersion]) -> Lineage:
        center = self._run_node(self._run)
        self._relatives(center)
        self._inputs(
            center, [file for file in files if file.use == "read" and file.needed and not self._is_own(file)]
        )
        self._results(center, [file for file in files if file.use == "wrote" and file.of_run])
        self._models(center, versions)
        return Lineage(
            center=center,
            nodes=list(self._nodes.values()),
            edges=list(self._edges),
            left_out_files=self._left_files,
            left_out_runs=self._left_runs,
        )

    def _is_own(self, file: RunFile) -> bool:
        """Whether the run itself had written what it read."""
        return file.writer is not None and self._run.cell is not None and file.writer >= self._run.cell

    def _relatives(self, center: str) -> None:
        """The original, and the reruns: those that came last."""
        if self._run.rerun_of is not None and self._run.rerun_of in self._store:
            original = self._run_node(self._store.find(self._run.rerun_of))
            self._tie(original, center, "repeats")
        reruns = self._store.reruns_of(self._run.run_id)
        self._left_runs += max(len(reruns) - MOST_RUNS, 0)
        for rerun in reruns[:MOST_RUNS]:
            self._tie(center, self._run_node(rerun), "repeats")

    def _inputs(self, center: str, read: list[RunFile]) -> None:
        self._left_files += max(len(read) - MOST_FILES, 0)
        read = read[:MOST_FILES]
        writers = self._traces.writers(file.digest for file in read if file.digest is not None)
        for file in read:
            node = self._file_node(file.path, file.digest, file.size, "file")
            self._tie(node, center, "read")
            self._written(node, file, writers.get(file.digest or "", []))

    def _written(self, node: str, file: RunFile, writers: list[Trace]) -> None:
        """Who wrote the file that was read: of several with this content the last before, at best in its place."""
        before: list[tuple[bool, float, Trace, RunRecord | None]] = []
        for trace in writers[-_MOST_LOOKED:]:
            if trace.run_id is None:
                if trace.path == file.path:
                    before.append((True, 0.0, trace, None))
            elif trace.run_id != self._run.run_id and (writer := self._known(trace.run_id)) is not None:
                is_earlier = writer.started < self._run.started
                if is_earlier and writer.rerun_of is None:
                    before.append((trace.path == file.path, writer.started, trace, writer))
        if not before:
            return
        _, _, trace, writer = max(before, key=lambda one: one[:2])
        source = self._run_node(writer) if writer is not None else self._cell_node(trace)
        self._tie(source, node, "wrote")

    def _results(self, center: str, wrote: list[RunFile]) -> None:
        """What the run left, each content once, and who read it. A file that was logged is an artifact."""
        artifacts = list({artifact.digest: artifact for artifact in self._run.artifacts.values()}.values())
        logged = {artifact.digest for artifact in artifacts}
        rest = list({file.digest or file.path: file for file in wrote if file.digest not in logged}.values())
        room = max(MOST_FILES - len(artifacts), 0)
        self._left_files += max(len(artifacts) - MOST_FILES, 0) + max(len(rest) - room, 0)
        left: dict[str, str] = {}
        for artifact in artifacts[:MOST_FILES]:
            left[artifact.digest] = self._file_node(artifact.path, artifact.digest, artifact.size, "artifact")
        for file in rest[:room]:
            node = self._file_node(file.path, file.digest, file.size, "file")
            left[file.digest or node] = node
        for node in left.values():
            self._tie(center, node, "wrote")
        self._used(left)

    def _models(self, center: str, versions: list[ModelVersion]) -> None:
        """What was registered of the run; what came last is named first."""
        self._left_files += max(len(versions) - MOST_FILES, 0)
        for one in versions[:MOST_FILES]:
            name = f"model {one.name} {one.version}"
            self._nodes[name] = Node(id=name, kind="model", name=one.name, path=one.path, version=one.version)
            self._tie(center, name, "registered")

    def _used(self, left: dict[str, str]) -> None:
        users: dict[str, tuple[RunRecord, str]] = {}
        for digest, traces in self._traces.readers(left).items():
            for run_id in {
                trace.run_id for trace in traces[-_MOST_LOOKED:] if trace.run_id not in (None, self._run.run_id)
            }:
                user = self._known(run_id)
                if user is not None and user.rerun_of is None and user.started > self._run.started:
                    users[f"{user.run_id} {digest}"] = user, left[digest]
        ids = sorted({user.run_id: user.started for user, _ in users.values()}.items(), key=lambda one: -one[1])
        shown = {run_id for run_id, _ in ids[:MOST_RUNS]}
        self._left_runs += len(ids) - len(shown)
        for user, node in users.values():
            if user.run_id in shown:
                self._tie(node, self._run_node(user), "read")

    # -- nodes and edges --------------------------------------------------------------------------------------

    def _known(self, run_id: str | None) -> RunRecord | None:
        return self._store.find(run_id) if run_id is not None and run_id in self._store else None

    def _run_node(self, run: RunRecord) -> str:
        if run.run_id not in self._nodes:
            said = read_verdict(self._store.home, run.run_id) if run.rerun_of is not None else None
            self._nodes[run.run_id] = Node(
                id=run.run_id,
                kind="run",
                name=run.name,
                run_id=run.run_id,
                status=run.status,
                pruned_at=pruned_at(self._store.annotations.known.get(run.run_id, NOTHING), run.status),
                verdict=said.verdict if said is not None else None,
                changed=said.changed if said is not None else [],
            )
        return run.run_id

    def _file_node(
        self, path: str, digest: str | None, size: int | None, kind: Literal["file", "artifact"]
    ) -> str:
        name = f"{kind} {digest} {path}"
        self._nodes[name] = Node(
            id=name, kind=kind, name=PurePath(path).name or path, path=path, digest=digest, size=size
        )
        return name

    def _cell_node(self, trace: Trace) -> str:
        name = f"cell {trace.session_id} {trace.ordinal}"
        notebook = self._traces.notebook(trace.session_id)
        self._nodes[name] = Node(
            id=name, kind="cell", name=PurePath(notebook).name if notebook else "", cell=trace.ordinal
        )
        return name

    def _tie(self, source: str, target: str, tie: Tie) -> None:
        if source != target:
            self._edges[Edge(source=source, target=target, tie=tie)] = None
