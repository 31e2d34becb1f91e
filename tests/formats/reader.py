"""A reader of homes that knows what docs/formats.md says, and nothing of Runlore: no line here imports it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blake3 import blake3

RECORD = struct.Struct("<qdd")
UNWRITTEN = (0x7FF4524C4E4F4E45).to_bytes(8, "little")
FORMATS = {"jobs.sqlite": 3, "filters.sqlite": 1, "retention.sqlite": 1}


class LaterFormat(Exception):
    """A file has a format that the page does not describe."""


def events(journal: Path) -> Iterator[dict[str, Any]]:
    """The events of a journal; damaged lines and a last one without newline are left out."""
    for line in journal.read_bytes().split(b"\n")[:-1]:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event["type"] == "session_started" and event["format"] != 1:
            raise LaterFormat(journal)
        yield event


def curve(path: Path) -> list[tuple[int, float, float]]:
    """The points of a curve file."""
    content = path.read_bytes()
    if content[:8] != b"RUNLORE\0" or struct.unpack_from("<I", content, 8) != (1,):
        raise LaterFormat(path)
    whole = (len(content) - 24) // 24 * 24
    records = (content[at : at + 24] for at in range(24, 24 + whole, 24))
    return [RECORD.unpack(record) for record in records if record[16:] != UNWRITTEN]


def archived(folder: Path) -> dict[str, list[tuple[int, float, float]]]:
    """The curves of a run's archive, by the name of the curve file."""
    from pyarrow import parquet

    path = folder / "curves.parquet"
    if not path.exists():
        return {}
    table = parquet.read_table(path)
    index = json.loads(parquet.read_metadata(path).metadata[b"runlore"])
    if index["format"] != 1:
        raise LaterFormat(path)
    times = table.column("time").to_pylist()
    if str(table.schema.field("time").type) == "int64":
        times = [time / 2**22 for time in times]
    rows = list(zip(table.column("step").to_pylist(), times, table.column("value").to_pylist(), strict=True))
    found = {}
    for one in index["curves"]:
        points = rows[one["first"] : one["first"] + one["rows"]]
        assert blake3(b"".join(RECORD.pack(*point) for point in points)).hexdigest() == one["digest"]
        found[one["file"]] = points
    return found


def states(path: Path) -> dict[str, bytes]:
    """Random states, by their digests."""
    content = path.read_bytes()
    if content[:8] != b"RLSTATES" or struct.unpack_from("<I", content, 8) != (1,):
        raise LaterFormat(path)
    found, at = {}, 16
    while at + 36 <= len(content):
        length, digest = struct.unpack_from("<I32s", content, at)
        if not length or at + 36 + length > len(content):
            break
        state = content[at + 36 : at + 36 + length]
        assert blake3(state).digest() == digest
        found[digest.hex()] = state
        at += 36 + length
    return found


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query gives."""
    connection = sqlite3.connect(database)
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] > FORMATS[database.name]:
            raise LaterFormat(database)
        return connection.execute(query).fetchall()
    finally:
        connection.close()


class Reader:
    """All runs of a home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.runs: dict[str, dict[str, Any]] = {}
        for session in sorted((home / "sessions").iterdir()):
            self._read(session)

    def object(self, digest: str) -> bytes:
        """The content of an object."""
        content = (self._home / "objects" / digest).read_bytes()
        assert blake3(content).hexdigest() == digest
        return content

    def sum(self, digest: str | None) -> str | None:
        """A short sum of an object's content."""
        return None if digest is None else hashlib.sha256(self.object(digest)).hexdigest()[:16]

    def document(self, path: str) -> dict[str, Any]:
        """A JSON file of the home."""
        found: dict[str, Any] = json.loads((self._home / path).read_bytes())
        if found.get("format", 1) != 1:
            raise LaterFormat(path)
        return found

    def _read(self, session: Path) -> None:
        cells: dict[int, dict[str, Any]] = {}
        ended, runs = False, {}
        kept = states(session / "states.bin") if (session / "states.bin").exists() else {}
        for event in events(session / "events.jsonl"):
            match event["type"]:
                case "session_ended":
                    ended = True
                case "cell_started":
                    cells[event["ordinal"]] = {"source": event["source"], "outcome": None, "outputs": None}
                    cells[event["ordinal"]]["rng"] = {
                        name: hashlib.sha256(kept[digest]).hexdigest()[:16]
                        for name, digest in event["rng"].items()
                    }
                case "cell_finished":
                    told = {"outcome": event["outcome"], "outputs": self.sum(event["outputs"])}
                    cells[event["ordinal"]].update(told)
                case "run_started":
                    runs[event["run_id"]] = {
                        "name": event["name"], "experiment": event["experiment"], "seed": event["seed"],
                        "status": None, "params": {}, "tags": {}, "notes": [], "curves": {}, "artifacts": {},
                        "rerun_of": event["rerun_of"], "prefix": event["prefix"], "cells": cells,
                    }  # fmt: skip
                case _ if "run_id" in event and event["run_id"] in runs:
                    self._follow(session, runs[event["run_id"]], event)
        for run in runs.values():
            run["status"] = run["status"] or ("running" if ended else "killed")
        self.runs |= {run_id: run for run_id, run in runs.items() if not run.pop("prefix")}

    def _follow(self, session: Path, run: dict[str, Any], event: dict[str, Any]) -> None:
        match event["type"]:
            case "params_logged":
                run["params"] |= event["params"]
            case "tags_set":
                run["tags"] |= event["tags"]
            case "note_added":
                run["notes"].append(event["text"])
            case "artifact_logged":
                run["artifacts"][event["path"]] = self.sum(event["digest"])
            case "metric_started":
                folder = session / "runs" / event["run_id"]
                file = folder / event["file"]
                points = curve(file) if file.exists() else archived(folder).get(event["file"], [])
                run["curves"][event["metric"]] = points
            case "run_finished":
                run["status"] = event["status"]
