"""The vocabulary of the journal: one typed event a line of ``events.jsonl``.

A reader of this version understands every event below, skips the types it does not know and ignores
fields it does not know, so an older reader can follow a newer writer as long as ``FORMAT`` is the same.
``FORMAT`` is raised only when the meaning of something already written changes.

All times are Unix seconds, all durations seconds, all digests BLAKE3 in lower-case hexadecimal.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

import msgspec

from runlore.process import ProcessIdentity

FORMAT = 1

Outcome = Literal["ok", "error", "interrupted", "unknown"]
"""How a cell ended; ``unknown`` for cells that ran before Runlore was loaded."""

RunOutcome = Literal["finished", "failed", "interrupted", "killed"]
"""How a run ended, as far as its kernel could still say.

``killed`` is never written of a kernel's run, only concluded; MLflow says it of runs of its own.
"""

RunKind = Literal["cell", "span", "script", "mlflow"]
"""``%%track`` on one cell, ``%track on`` .. ``%track off``, ``runlore.start_run()``; or logged by plain MLflow."""

ParamSource = Literal["literal", "option", "user"]
"""Found as a literal in the notebook, given with ``-p``, or given by a call."""


UncontrolledKind = Literal[
    "clock",
    "uuid",
    "urandom",
    "network",
    "subprocess",
    "directory listing",
    "directory contents",
    "address order",
    "environment variable",
    "environment copy",
    "process id",
    "file time",
    "temporary path",
    "machine state",
    "schedule",
]
"""What a cell used that no replay can give back.

The detail of ``environment variable`` is the name and a digest of the value under the home's key, or ``unset``; of
``environment copy`` the digest of the object with such digests by name as JSON, and who got them all; of
``directory contents`` the digest of the object with the sorted names as a JSON array, and the directory.
"""


class ErrorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An exception as the user saw it; ``traceback`` is plain text without terminal colours."""

    name: str
    message: str
    traceback: str


Moment = Annotated[float, msgspec.Meta(ge=0, le=2**37)]
"""A time that every calendar knows, up to the year 6325: a line with another one is damaged."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every event has."""

    time: Moment


class SessionStarted(Event, frozen=True, kw_only=True, tag="session_started"):
    """The first event of every journal.

    ``kernel_name`` is the kernelspec's name, ``None`` outside Jupyter. ``rerun_of`` is the run that this
    session replays and ``rerun`` the run that the replay will produce, both ``None`` in a session of a user.
    ``hash_seed`` is the ``PYTHONHASHSEED`` that the process was started with, ``None`` where it chose its own.
    """

    format: int
    session_id: str
    process: ProcessIdentity
    runlore: str
    python: str
    executable: str
    cwd: str
    kernel_name: str | None = None
    notebook: str | None = None
    user: str | None = None
    rerun_of: str | None = None
    rerun: str | None = None
    hash_seed: str | None = None


class SessionEnded(Event, frozen=True, kw_only=True, tag="session_ended"):
    """The kernel shut down in an orderly way. A killed kernel leaves none."""


class CellStarted(Event, frozen=True, kw_only=True, tag="cell_started"):
    """A cell is about to run.

    ``ordinal`` counts executions in this session: 0 is the first cell executed after ``%load_ext runlore``;
    the cell that held the ``%load_ext`` and those before it have negative ordinals. ``source`` is what the
    user ran, magics and all. ``rng`` maps a library (``python``, ``numpy``, ``torch``) to the digest of its
    state at this moment, ``generators`` the path of a generator object in the user's namespace (``rng``,
    ``loaders['train'].generator``) to the digest of its state; the states are in the session's state file.
    ``entropy`` is the root of the seeds that libraries took from the operating system while it ran (see
    ``runlore.capture.entropy``). ``replays`` is the ordinal in the original session, in a rerun.
    """

    ordinal: int
    source: str
    cell_id: str | None = None
    execution_count: int | None = None
    store_history: bool = True
    rng: dict[str, str] = {}
    generators: dict[str, str] = {}
    entropy: str | None = None
    replays: int | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """User variables as they stood, as object ``digest``.

    ``signature`` is made with the key of the home: the object is in a format that can execute code, so it is read
    only where that signature is right. ``missing`` maps each variable that could not be kept to why.
    """

    digest: str
    signature: str
    missing: dict[str, str] = {}


class CellFinished(Event, frozen=True, kw_only=True, tag="cell_finished"):
    """A cell has ended, in whichever way.

    ``outputs`` is the object that holds what the cell showed (see ``runlore.capture.outputs``), ``variables``
    the one with fingerprints of the user's variables as they are now (see ``runlore.capture.variables``), and
    ``snapshot`` the one with those variables themselves, taken after an interrupt (see ``runlore.snapshot``).
    ``interrupted`` says whether SIGINT came while it ran, also where the code caught it; ``None`` is not known.
    ``opened`` says whether it opened files; ``DataRecorded`` then tells that all of them are written down.
    """

    ordinal: int
    outcome: Outcome
    duration: float
    error: ErrorInfo | None = None
    outputs: str | None = None
    variables: str | None = None
    snapshot: Snapshot | None = None
    interrupted: bool | None = None
    opened: bool = False


class ModuleLoaded(Event, frozen=True, kw_only=True, tag="module_loaded"):
    """A module of the user's own was imported or reloaded; its source is the object ``digest``."""

    ordinal: int | None
    module: str
    path: str
    digest: str


class FileRead(Event, frozen=True, kw_only=True, tag="file_read"):
    """A cell (none in a script) opened a file or object for reading.

    ``path`` is absolute, or a URL without its secrets. ``digest`` is ``None`` where the content could not be
    hashed; ``why`` says why, or what else is doubtful. ``seen_by`` names the watcher. ``version`` are other
    identities of the same content: ``{"dvc": md5, "git": blob id, "etag": .., "repository": .., "path": ..,
    "commit": ..}``. ``writer`` is the earlier cell that wrote the file. A path that ends with a separator stands
    for many files of that directory, see ``runlore.capture.data.entries``.
    """

    ordinal: int | None
    path: str
    digest: str | None
    size: int | None
    seen_by: str
    version: dict[str, str] = {}
    why: str | None = None
    writer: int | None = None


class ScriptRead(FileRead, frozen=True, kw_only=True, tag="script_read"):
    """Another process than the kernel read a Python file of the user's while a cell (none in a script) ran.

    A ``.pyc`` file that was read in its place counts for its source. The fields are those of ``FileRead``; up to a
    limit in size, the content is the object ``digest``. ``writer`` is the last cell of this session to write it.
    """


class FileWritten(Event, frozen=True, kw_only=True, tag="file_written"):
    """A cell (none in a script) wrote a file; identity as of the cell's end, ``digest`` as in ``FileRead``.

    ``new`` says whether there was no such file before the cell wrote it, ``None`` where nobody looked in time.
    ``undated`` is the digest of the content apart from the moment at which it was made (``runlore.undated``), of
    formats that write that down.
    """

    ordinal: int | None
    path: str
    digest: str | None
    size: int | None
    seen_by: str
    why: str | None = None
    new: bool | None = None
    undated: str | None = None


class DataRecorded(Event, frozen=True, kw_only=True, tag="data_recorded"):
    """Every file that a cell opened has been written down; hashing them may take longer than its kernel lives."""

    ordinal: int


class UncontrolledUsed(Event, frozen=True, kw_only=True, tag="uncontrolled_used"):
    """A cell (none in a script) used what no replay gives back; ``detail`` says what, without secrets."""

    ordinal: int | None
    kind: UncontrolledKind
    detail: str


class RngImported(Event, frozen=True, kw_only=True, tag="rng_imported"):
    """A library with a random state was first imported in the middle of a cell; its state right after."""

    ordinal: int
    library: str
    digest: str


class RunStarted(Event, frozen=True, kw_only=True, tag="run_started"):
    """A run was opened; ``index`` says the how-manieth of its cell it is, from 0.

    ``prefix`` is true for a run that came about only because a rerun replayed a cell before its target.
    ``cell`` is ``None`` in a script.
    """

    run_id: str
    name: str
    experiment: str
    kind: RunKind
    cell: int | None = None
    index: int = 0
    seed: int | None = None
    watch: list[str] = []
    rerun_of: str | None = None
    prefix: bool = False


class ParamsLogged(Event, frozen=True, kw_only=True, tag="params_logged"):
    """Parameters of a run; a later value for the same name replaces an earlier one."""

    run_id: str
    params: dict[str, Any]
    source: ParamSource


class TagsSet(Event, frozen=True, kw_only=True, tag="tags_set"):
    """Tags of a run; a later value for the same key replaces an earlier one."""

    run_id: str
    tags: dict[str, str]


class NoteAdded(Event, frozen=True, kw_only=True, tag="note_added"):
    """A paragraph of the run's note."""

    run_id: str
    text: str


class MetricStarted(Event, frozen=True, kw_only=True, tag="metric_started"):
    """The process's first point of this metric comes next; ``file`` is the curve's name in the run's folder.

    ``process`` is empty for the kernel. One that was forked has the number of the fork among those of its parent
    since the run was opened, behind the parent's and a dot where that was forked too: ``1``, ``2``, ``2.1``.
    ``system`` says that it is of the machine's load (see ``runlore.capture.system``), not of the user's results.
    """

    run_id: str
    metric: str
    file: str
    process: str = ""
    system: bool = False


class DevicesFound(Event, frozen=True, kw_only=True, tag="devices_found"):
    """The names of the GPUs that the run's process may use, in the order in which CUDA counts them."""

    run_id: str
    devices: list[str]


class LastPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The last point of a curve; ``time`` in Unix seconds. JSON has words alone for NaN and the infinities."""

    step: int
    time: float
    value: float | Literal["nan", "inf", "-inf"]

    def is_after(self, time: float | None) -> bool:
        """Whether it came after what was logged at ``time``; MLflow counts in whole milliseconds."""
        return time is None or self.time > time + 0.001


class MetricsReported(Event, frozen=True, kw_only=True, tag="metrics_reported"):
    """What MLflow says of curves whose points are fetched when somebody looks at them, by metric."""

    run_id: str
    points: dict[str, LastPoint]


class ArtifactLogged(Event, frozen=True, kw_only=True, tag="artifact_logged"):
    """A file of the run; ``path`` is relative, with forward slashes; the content is object ``digest``."""

    run_id: str
    path: str
    digest: str
    size: int
    media_type: str


class CheckpointAsked(Event, frozen=True, kw_only=True, tag="checkpoint_asked"):
    """The run asked for the folder of its checkpoint. Where it goes on from that of the run ``source``, its
    ``files`` are the objects that were put there, by their names; what it leaves there are artifacts."""

    run_id: str
    source: str | None = None
    files: dict[str, str] = {}


class GitCaptured(Event, frozen=True, kw_only=True, tag="git_captured"):
    """The state of the repository that holds the working directory.

    ``patch`` is the object with ``git diff HEAD`` when the tree was dirty and the patch within its limit.
    ``root`` is the absolute path of the work tree. It is empty, ``dirty`` is ``None``, where MLflow does not say.
    """

    run_id: str
    root: str
    commit: str | None
    branch: str | None
    dirty: bool | None
    patch: str | None = None


class EnvironmentCaptured(Event, frozen=True, kw_only=True, tag="environment_captured"):
    """The environment of the run, as the JSON object ``digest`` (see ``runlore.capture.environment``)."""

    run_id: str
    digest: str


class NotCaptured(Event, frozen=True, kw_only=True, tag="not_captured"):
    """What the record lacks, and why; ``run_id`` is ``None`` when it concerns the whole session."""

    what: str
    why: str
    run_id: str | None = None


class RunFinished(Event, frozen=True, kw_only=True, tag="run_finished"):
    """A run was closed; ``cell`` is the ordinal in which that happened."""

    run_id: str
    status: RunOutcome
    duration: float
    cell: int | None = None
    error: ErrorInfo | None = None


AnyEvent = Union[
    SessionStarted,
    SessionEnded,
    CellStarted,
    CellFinished,
    ModuleLoaded,
    FileRead,
    ScriptRead,
    FileWritten,
    DataRecorded,
    UncontrolledUsed,
    RngImported,
    RunStarted,
    ParamsLogged,
    TagsSet,
    NoteAdded,
    MetricStarted,
    DevicesFound,
    MetricsReported,
    ArtifactLogged,
    CheckpointAsked,
    GitCaptured,
    EnvironmentCaptured,
    NotCaptured,
    RunFinished,
]

_KNOWN_TYPES = frozenset(str(cls.__struct_config__.tag) for cls in AnyEvent.__args__)  # type: ignore[attr-defined]
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class _Envelope(msgspec.Struct):
    type: str = ""


_envelope_decoder = msgspec.json.Decoder(_Envelope)


def encode(event: AnyEvent) -> bytes:
    """One journal line, with its newline. Text that is no Unicode (lone surrogates) is escaped."""
    try:
        return _encoder.encode(event) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_escape_surrogates(msgspec.to_builtins(event))) + b"\n"


def _escape_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_escape_surrogates(key): _escape_surrogates(item) for key, item in value.items()}
    return [_escape_surrogates(item) for item in value] if isinstance(value, list) else value


def decode(line: bytes) -> AnyEvent | None:
    """The event of one line; ``None`` for a type that this version does not know.

    Raises:
        msgspec.DecodeError: the line is no JSON, or an event of a known type without its fields.
    """
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError:
        if _envelope_decoder.decode(line).type not in _KNOWN_TYPES:
            return None
        raise
