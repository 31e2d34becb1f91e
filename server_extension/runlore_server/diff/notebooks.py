"""Two runs as notebooks, with what their cells showed, for nbdime to compare."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from runlore.errors import ObjectMissing, PackageMissing
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore.untrusted import from_json
from runlore_server.diff.cells import CellDiff
from runlore_server.diff.diff import Side
from runlore_server.diff.text import printable

_TEXT = ("text/", "application/", "image/svg+xml")
_NO_DIFFERENCE = "The cells and what they showed are the same."


def rendered(a: Side, b: Side, cells: list[CellDiff], objects: ObjectStore) -> str:
    """What nbdime says of the executed cells of both, without colour.

    Args:
        a: the one run.
        b: the other.
        cells: how their cells are aligned.
        objects: where their outputs are.

    Raises:
        PackageMissing: nbdime is not installed.
    """
    if find_spec("nbdime") is None:
        raise PackageMissing("nbdime", "shows two runs as notebooks")
    with tempfile.TemporaryDirectory(prefix="runlore-", ignore_cleanup_errors=True) as folder:
        for name, side in (("a", a), ("b", b)):
            notebook = _notebook(side, name, cells, objects)
            Path(folder, f"{name}.ipynb").write_text(
                json.dumps(notebook), encoding="utf-8", errors="backslashreplace"
            )
        aside = ("--ignore-metadata", "--ignore-id", "--ignore-details")
        done = subprocess.run(  # noqa: S603 - nbdime of this environment
            [sys.executable, "-m", "nbdime.nbdiffapp", *aside, "--no-color", "a.ipynb", "b.ipynb"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    # The first lines name the two files, whose times say nothing.
    lines = done.stdout.splitlines()[3:] if done.returncode in (0, 1) else [done.stderr.strip()]
    text = "\n".join(printable(line) for line in lines).strip()
    return f"a  {a.run.run_id}  {a.run.name}\nb  {b.run.run_id}  {b.run.name}\n\n{text or _NO_DIFFERENCE}"


def _notebook(side: Side, name: str, cells: list[CellDiff], objects: ObjectStore) -> dict[str, Any]:
    found = []
    for place, pair in enumerate(cells):
        ordinal = pair.a if name == "a" else pair.b
        if ordinal is not None:
            # Cells that stand opposite each other have one id: nbdime goes by it.
            found.append(_cell(side.session.cells[ordinal], f"cell-{place}", objects))
    return {"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: CellRecord, cell_id: str, objects: ObjectStore) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": cell_id,
        "metadata": {},
        "outputs": list(_outputs(cell, objects)),
        "source": cell.source,
    }


def _outputs(cell: CellRecord, objects: ObjectStore) -> Iterator[dict[str, Any]]:
    """The recorded outputs (see ``runlore.capture.outputs``) in the notebook's format."""
    try:
        entries = from_json(objects.get(cell.outputs), list[dict[str, Any]]) if cell.outputs is not None else []
    except (ObjectMissing, msgspec.DecodeError):
        entries = [{"type": "stream", "name": "stderr", "text": "(what this cell showed is lost)"}]
    for entry in entries:
        kind = entry.get("type")
        if kind == "stream":
            yield {"output_type": kind, "name": str(entry.get("name")), "text": str(entry.get("text"))}
        elif kind == "error":
            traceback = [str(line) for line in entry.get("traceback") or []]
            told = {name: str(entry.get(name)) for name in ("ename", "evalue")}
            yield {"output_type": kind, **told, "traceback": traceback}
        elif isinstance(entry.get("data"), dict):
            count = {"execution_count": None} if kind == "execute_result" else {}
            data = {mime: _value(mime, value, objects) for mime, value in entry["data"].items()}
            output_type = kind if kind == "execute_result" else "display_data"
            yield {"output_type": output_type, "metadata": {}, **count, "data": data}


def _value(mime: str, value: Any, objects: ObjectStore) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or "blake3" not in value:
        return json.dumps(value, sort_keys=True)
    try:
        content = objects.get(str(value["blake3"]))
    except (ObjectMissing, ValueError):
        return f"(not kept, {value.get('size')} bytes, hash {value['blake3']})"
    return content.decode(errors="replace") if mime.startswith(_TEXT) else base64.b64encode(content).decode()
