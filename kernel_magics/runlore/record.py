"""What a journal says of its cells and runs; ``session_record`` folds it into these.

Everything here can be rebuilt from ``events.jsonl`` at any time; nothing here is ever written.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from runlore import events as ev
from runlore.checkpoint_folder import FOLDER

RunStatus = Literal["running", "finished", "failed", "interrupted", "killed"]


@dataclass
class CellFacts:
    """What was seen while a cell ran, in the order in which it was seen."""

    modules: list[ev.ModuleLoaded] = field(default_factory=list)
    reads: list[ev.FileRead] = field(default_factory=list)
    scripts: list[ev.ScriptRead] = field(default_factory=list)
    writes: list[ev.FileWritten] = field(default_factory=list)
    uncontrolled: list[ev.UncontrolledUsed] = field(default_factory=list)


@dataclass
class CellRecord:
    """One execution of one cell. ``outcome`` is ``None`` while it runs, and for ever if its kernel died."""

    ordinal: int
    source: str
    started: float
    cell_id: str | None = None
    execution_count: int | None = None
    store_history: bool = True
    rng: dict[str, str] = field(default_factory=dict)
    generators: dict[str, str] = field(default_factory=dict)
    entropy: str | None = None
    imported_rng: dict[str, str] = field(default_factory=dict)
    replays: int | None = None
    outcome: ev.Outcome | None = None
    duration: float | None = None
    error: ev.ErrorInfo | None = None
    outputs: str | None = None
    variables: str | None = None
    snapshot: ev.Snapshot | None = None
    interrupted: bool | None = None
    opened: bool = False
    data_recorded: bool = False
    facts: CellFacts = field(default_factory=CellFacts)


@dataclass
class Artifact:
    """A file of a run; its content is an object of the home. It was logged at ``time``, in Unix seconds."""

    path: str
    digest: str
    size: int
    media_type: str
    time: float


@dataclass
class RunRecord:
    """One run. ``metrics`` maps a metric's name to its curve file in ``directory``, see ``add_curve``.

    ``system`` maps those of the machine's load to theirs: no results, which nobody compares.
    ``devices`` names the GPUs that it could use, see ``events.DevicesFound``; empty where nobody could tell.
    ``reported`` is what MLflow said last of the metrics of a run of its own, whose files may not be there yet.

    ``checkpoint`` is what it goes on from; ``None`` for a run that never asked for the folder of its checkpoint.
    ``cell_id`` is the front-end's id of the cell that opened the run, where it said one.
    ``last_cell`` is the ordinal in which the run ended; ``None`` while it is open.
    ``rerun_of`` names the run that it repeats; ``prefix`` is explained at ``events.RunStarted``.
    """

    run_id: str
    session_id: str
    directory: Path
    name: str
    experiment: str
    kind: ev.RunKind
    started: float
    cell: int | None
    index: int
    seed: int | None
    watch: list[str]
    rerun_of: str | None
    prefix: bool
    cell_id: str | None = None
    status: RunStatus = "running"
    duration: float | None = None
    last_cell: int | None = None
    error: ev.ErrorInfo | None = None
    params: dict[str, Any] = field(default_factory=dict)
    param_sources: dict[str, ev.ParamSource] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    metrics: MutableMapping[str, Path] = field(default_factory=dict)
    system: dict[str, Path] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    reported: dict[str, ev.LastPoint] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    checkpoint: ev.CheckpointAsked | None = None
    git: ev.GitCaptured | None = None
    environment: str | None = None
    not_captured: list[ev.NotCaptured] = field(default_factory=list)
    writers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def curves(self) -> Mapping[str, Path]:
        """All curve files by metric: what the run logged, then the machine's load, called otherwise if need be."""
        metrics = self.metrics
        load = {f"machine/{name}" if name in metrics else name: path for name, path in self.system.items()}
        return ChainMap(load, metrics)  # it iterates over the last one first

    @property
    def gpu(self) -> str | None:
        """Of which kinds its devices are; ``None`` without any."""
        return ", ".join(dict.fromkeys(self.devices)) or None

    @property
    def gpus(self) -> int | None:
        """How many devices it could use; ``None`` without any."""
        return len(self.devices) or None

    @property
    def checkpoint_files(self) -> dict[str, str]:
        """The files of the checkpoint that it left: their names in its folder, and their digests."""
        if self.checkpoint is None:
            return {}
        start = f"{FOLDER}/"
        found = (artifact for artifact in self.artifacts.values() if artifact.path.startswith(start))
        return {artifact.path.removeprefix(start): artifact.digest for artifact in found}

    def add_curve(self, metric: str, process: str, path: Path) -> None:
        """Name a curve: as its metric where one process alone logs that, ``worker-N/METRIC`` for forked ones else.

        Points of several processes are never joined: their order is the system's choice. N is the number of the
        fork (see ``events.MetricStarted``), so a rerun gives the same names whichever process is faster.
        """
        writers = self.writers.setdefault(metric, {})
        if process in writers:
            return
        for other, name in list(writers.items()):
            if other and name == metric:  # it was the only one so far
                writers[other] = self._place(f"worker-{other}", metric, self.metrics.pop(name))
        prefix = f"worker-{process}" if process and writers else ""
        writers[process] = self._place(prefix, metric, path)

    def _place(self, prefix: str, metric: str, path: Path) -> str:
        name = f"{prefix}/{metric}" if prefix else metric
        while name in self.metrics:  # another metric is called so
            name = f"{prefix or 'kernel'}/{name}"
        self.metrics[name] = path
        return name
