"""What a cell showed is in the record as the front-end received it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3

from runlore.live_output import FILE
from runlore.objects import ObjectStore
from runlore_server.provenance.outputs import cell_outputs
from tests.conftest import Notebook

PIXEL = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def shown(notebook: Notebook, source: str, *, ordinal: int | None = None) -> list[dict[str, Any]]:
    """Run a cell; the recorded outputs of it, or of another one."""
    notebook.run(source)
    cells = notebook.session().cells
    digest = cells[max(cells) if ordinal is None else ordinal].outputs
    assert digest is not None
    outputs = json.loads(stored(notebook, digest))
    assert isinstance(outputs, list)
    return outputs


def stored(notebook: Notebook, digest: str) -> bytes:
    """An object, which is written a moment after the cell's end."""
    objects, deadline = ObjectStore(notebook.home.objects), time.monotonic() + 10
    while not objects.path(digest).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return objects.get(digest)


def test_text_results_and_errors_in_order(shared_notebook: Notebook) -> None:
    source = "import sys\nprint('a'); print('e', file=sys.stderr); print('b')\ndisplay(1)\nprint('c')\n2"
    assert shown(shared_notebook, source) == [
        {"type": "stream", "name": "stdout", "text": "a\nb\n"},
        {"type": "stream", "name": "stderr", "text": "e\n"},
        {"type": "display_data", "data": {"text/plain": "1"}},
        {"type": "stream", "name": "stdout", "text": "c\n"},
        {"type": "execute_result", "data": {"text/plain": "2"}},
    ]
    text, error = shown(shared_notebook, "print('before')\n{}['key']")
    assert text["text"] == "before\n"
    assert (error["type"], error["ename"], error["evalue"]) == ("error", "KeyError", "'key'")
    assert any("KeyError" in line for line in error["traceback"])
    assert shown(shared_notebook, "pass") == []
    assert shown(shared_notebook, "print('\\u2028')") == [{"type": "stream", "name": "stdout", "text": "\u2028\n"}]


def test_text_that_the_kernel_itself_cannot_send(open_notebook: Callable[..., Notebook]) -> None:
    """Half a surrogate pair: jupyter_client refuses it, and may then go deaf."""
    notebook = open_notebook().load()
    notebook.start("print('\\ud800 \\u2028')")
    deadline = time.monotonic() + 60
    while not (cells := [c for c in notebook.session().cells.values() if c.outputs and "ud800" in c.source]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(stored(notebook, str(cells[0].outputs)))[0]["text"].endswith("\u2028\n")


def test_text_of_a_long_cell_that_is_flushed_on_the_way(shared_notebook: Notebook) -> None:
    source = "import time\nfor i in range(30):\n    print(i); time.sleep(0.02)"
    assert shown(shared_notebook, source) == [
        {"type": "stream", "name": "stdout", "text": "".join(f"{i}\n" for i in range(30))}
    ]


def test_what_a_tracked_cell_prints_is_told_while_it_runs(shared_notebook: Notebook, tmp_path: Path) -> None:
    home, told = shared_notebook.home, []

    def so_far() -> str:
        session, run = shared_notebook.session(), shared_notebook.last_run()
        outputs = cell_outputs(run, session, max(session.cells), home, whole=False).outputs
        return "".join(output["text"] for output in outputs)

    def look(output: dict[str, Any]) -> None:
        if output["output_type"] == "stream":
            told.append(output["text"])
            deadline = time.monotonic() + 30
            while so_far() != output["text"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            (tmp_path / output["text"].strip()).touch()

    source = f"""
def show(text):
    print(text, flush=True)
    while not pathlib.Path({str(tmp_path)!r}, text).exists():
        time.sleep(0.02)
"""
    assert shared_notebook.run("import pathlib, time\nfrom IPython.display import clear_output" + source).ok
    result = shared_notebook.run("%%track\nshow('a')\nclear_output(wait=True)\nshow('b')", on_output=look)
    assert (result.ok, told) == (True, ["a\n", "b\n"])
    live = home.session(shared_notebook.session().session_id) / FILE
    deadline = time.monotonic() + 30
    while live.exists():
        assert time.monotonic() < deadline, "the record has it now"
        time.sleep(0.05)
    assert so_far() == "b\n"


def test_long_text_is_cut_with_its_hash(shared_notebook: Notebook) -> None:
    (stream,) = shown(shared_notebook, "for i in range(100):\n    print('x' * 9999, flush=True)")
    whole = ("x" * 9999 + "\n") * 100
    assert stream["text"] == whole[: 256 * 1024]
    assert stream["dropped"] == len(whole) - 256 * 1024
    assert stream["blake3"] == blake3(whole.encode()).hexdigest()


def test_large_and_binary_values_are_objects(shared_notebook: Notebook) -> None:
    source = f"from IPython.display import Image, HTML\nimport base64\ndisplay(Image(base64.b64decode({PIXEL!r})))"
    image, page = shown(shared_notebook, source + "\nHTML('<b>' + 'x' * 100_000)")
    assert stored(shared_notebook, image["data"]["image/png"]["blake3"]) == base64.b64decode(PIXEL)
    html = page["data"]["text/html"]
    assert html["size"] == 100_003
    assert stored(shared_notebook, html["blake3"]) == b"<b>" + b"x" * 100_000
    (huge,) = shown(shared_notebook, "HTML('y' * 5_000_000)")
    assert huge["data"]["text/html"] == {"blake3": blake3(b"y" * 5_000_000).hexdigest(), "size": 5_000_000}
    assert not ObjectStore(shared_notebook.home.objects).path(huge["data"]["text/html"]["blake3"]).exists()


def test_updates_and_clearing(shared_notebook: Notebook) -> None:
    (one,) = shown(shared_notebook, "handle = display('a', display_id=True)\nhandle.update('b')")
    assert one == {"type": "display_data", "data": {"text/plain": "'b'"}}
    first = max(shared_notebook.session().cells)
    shared_notebook.run("7")
    (update,) = shown(shared_notebook, "handle.update('c'); handle.update('d')")
    assert update == {"type": "update", "display": f"{first}.0", "data": {"text/plain": "'d'"}}
    source = "from IPython.display import clear_output\nprint(1); clear_output(); print(2)\n"
    assert shown(shared_notebook, source) == [{"type": "stream", "name": "stdout", "text": "2\n"}]
    assert shown(shared_notebook, source + "clear_output(wait=True)")[0]["text"] == "2\n"
    assert shown(shared_notebook, source + "clear_output(wait=True); print(3)")[0]["text"] == "3\n"


def test_widgets_are_named_by_cell_and_shown_with_their_state(shared_notebook: Notebook) -> None:
    source = (
        "import comm\n"
        "bar = comm.create_comm(target_name='jupyter.widget', data={'state': {'value': 0}})\n"
        "state = {'children': ['IPY_MODEL_' + bar.comm_id]}\n"
        "box = comm.create_comm(target_name='jupyter.widget', data={'state': state})\n"
        "view = {'application/vnd.jupyter.widget-view+json': {'model_id': box.comm_id}}\n"
        "display(view, raw=True)\n"
        "bar.send({'method': 'update', 'state': {'value': 9}})"
    )
    (output,) = shown(shared_notebook, source)
    cell = max(shared_notebook.session().cells)
    view = json.loads(output["data"]["application/vnd.jupyter.widget-view+json"])
    assert view == {
        "model": f"{cell}.1",
        "states": {f"{cell}.1": {"children": [f"IPY_MODEL_{cell}.0"]}, f"{cell}.0": {"value": 9}},
    }


def test_cards_and_captured_text_are_no_outputs(shared_notebook: Notebook) -> None:
    assert shown(shared_notebook, "%%track\nprint('in a run')") == [
        {"type": "stream", "name": "stdout", "text": "in a run\n"}
    ]
    assert shown(shared_notebook, "%%capture\nprint('kept back')\n1") == []


def test_text_of_programs_and_of_threads(shared_notebook: Notebook) -> None:
    source = (
        "import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n!echo shell"
    )
    text = "".join(output["text"] for output in shown(shared_notebook, source))
    assert text.split() == ["thread", "shell"]


def test_what_comes_too_late_or_from_a_forked_process_is_noted(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook().load()
    assert (
        shown(notebook, "import os\nif os.fork() == 0:\n    print('child', flush=True); os._exit(0)\nos.wait();")
        == []
    )
    notebook.run("import threading, time\nt = threading.Timer(0.3, print, ['late']); t.start()")
    late = max(notebook.session().cells)
    notebook.run("t.join(); sys = __import__('sys'); sys.stdout.flush()")
    notes = {(note.what, note.why.split(",")[0]) for note in notebook.session().not_captured}
    assert ("outputs of cell 0", "a forked process printed") in notes
    in_next = "late" in json.dumps(shown(notebook, "pass", ordinal=max(notebook.session().cells)))
    assert in_next or (f"outputs of cell {late}", "it came after the cell's end") in notes


def test_many_outputs_are_counted(shared_notebook: Notebook) -> None:
    outputs = shown(shared_notebook, "for i in range(2100):\n    display(i)")
    assert len(outputs) == 2001
    assert (outputs[-1]["type"], outputs[-1]["dropped"]) == ("more", 100)


def test_a_display_that_cannot_be_recorded_is_still_shown(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "from IPython.display import display\n"
        "display({'text/plain': 'fine', 'application/json': {'deep': [1.5, None]}}, raw=True)"
    )
    assert result.outputs[0]["data"]["text/plain"] == "fine"
    (output,) = shown(shared_notebook, "display({'application/json': {'deep': [1.5, None]}}, raw=True)")
    assert output["data"] == {"application/json": '{"deep":[1.5,null]}'}


def test_the_kernel_sends_as_before_when_the_session_has_ended(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("from runlore.session import Session\nsend = get_ipython().kernel.session.__dict__.get('send')")
    notebook.run("Session.current().end()")
    assert (
        "True" in notebook.run("print('send' not in get_ipython().kernel.session.__dict__, send is not None)").text
    )
