"""Which objects must be there for what an event says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import NamedTuple

from runlore import events as ev


class Reference(NamedTuple):
    """An object that an event names: what it holds, of which run (``None``: of a cell), and its size if told."""

    digest: str
    what: str
    run_id: str | None = None
    size: int | None = None


@singledispatch
def required(event: ev.AnyEvent) -> Iterator[Reference]:  # noqa: ARG001 - most events name none
    """The objects without which something that the event tells of is lost.

    The digests of files that were only hashed name none, and those of random states are in the session's own file.
    """
    yield from ()


@required.register
def _(event: ev.CellFinished) -> Iterator[Reference]:
    if event.outputs:
        yield Reference(event.outputs, f"outputs of cell {event.ordinal}")
    if event.variables:
        yield Reference(event.variables, f"fingerprints of the variables after cell {event.ordinal}")
    if event.snapshot:
        yield Reference(event.snapshot.digest, f"variables that the interrupt of cell {event.ordinal} left")


@required.register
def _(event: ev.ModuleLoaded) -> Iterator[Reference]:
    yield Reference(event.digest, f"source of module {event.module}")


@required.register
def _(event: ev.FileRead) -> Iterator[Reference]:
    if event.digest and event.path.endswith(("/", "\\")) and event.version.get("files"):
        yield Reference(event.digest, f"list of the files read in {event.path}")


@required.register
def _(event: ev.FileWritten) -> Iterator[Reference]:
    if event.digest and event.path.endswith(("/", "\\")):
        yield Reference(event.digest, f"list of the files written in {event.path}")


@required.register
def _(event: ev.ArtifactLogged) -> Iterator[Reference]:
    yield Reference(event.digest, f"artifact {event.path}", event.run_id, event.size)


@required.register
def _(event: ev.CheckpointAsked) -> Iterator[Reference]:
    for name, digest in event.files.items():
        yield Reference(digest, f"checkpoint's file {name}", event.run_id)


@required.register
def _(event: ev.GitCaptured) -> Iterator[Reference]:
    if event.patch:
        yield Reference(event.patch, "uncommitted changes of the repository", event.run_id)


@required.register
def _(event: ev.EnvironmentCaptured) -> Iterator[Reference]:
    yield Reference(event.digest, "environment", event.run_id)
