"""What was around a run, from a real kernel through a real server: code, files, outputs, lineage."""

import base64
import json
from pathlib import Path

import pytest

from runlore import events as ev
from tests.server.contract import checked

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CABzGMSjNgCRYAt8pjnQuW8k0AAAAASUVORK5CYII="
SHOWING = f"""%%track showing
import base64, sys, runlore
from IPython.display import Image, display, JSON
print("\\x1b[31mred\\x1b[0m <b>bold</b>")
print("aside", file=sys.stderr)
display(Image(base64.b64decode("{PNG}")))
display({{"application/json": {{"a": [1, 2]}}, "text/plain": "json"}}, raw=True)
display({{"text/html": "<p>" + "x" * 3_000_000, "text/plain": "long"}}, raw=True)
rate = 0.1
open("model.bin", "w").write(f"weights {{rate}} {{len(rows)}}")
runlore.log_artifact("model.bin")
1 / 0
"""


@pytest.fixture(scope="module")
def runs(shared_notebook, tmp_path_factory):
    """Ids by name: one run wrote what another read, and cells were executed that neither needs."""
    cwd = tmp_path_factory.mktemp("work")
    assert shared_notebook.run(f"import os; os.chdir({str(cwd)!r})").ok
    assert shared_notebook.run("open('rows.csv', 'w').write('x,y\\n1,2\\n')").ok
    found = {}
    for name, source in (
        ("first", "%%track first\nopen('clean.csv', 'w').write(open('rows.csv').read() + '3,4\\n')"),
        ("unneeded", None),
        ("second", "%%track second\nrows = open('clean.csv').readlines()"),
        ("showing", SHOWING),
    ):
        shared_notebook.run(source or "nobody = 'needs this'")
        if source is not None:
            found[name] = shared_notebook.last_run().run_id
    assert shared_notebook.run("%%track user\nopen('model.bin').read()").ok
    found["user"] = shared_notebook.last_run().run_id
    return found


@pytest.fixture(scope="module")
def server(shared_notebook, runs, start_server):
    return start_server(shared_notebook.home)


@pytest.fixture(scope="module")
def fetch(server):
    """What the server says, held against its document."""

    def call(path, status=200, **params):
        return checked(server, "get", path, status=status, params=params)

    return call


def test_cells_that_the_run_needs_are_told_with_the_reason(fetch, runs):
    cells = {cell["ordinal"]: cell for cell in fetch(f"/runlore/runs/{runs['showing']}")["cells"]}
    code = fetch(f"/runlore/runs/{runs['showing']}/code")
    assert [mark["ordinal"] for mark in code["cells"]] == list(cells)
    needed = {cells[mark["ordinal"]]["source"]: mark["needed"] for mark in code["cells"]}
    assert needed["nobody = 'needs this'"] is None
    assert needed[SHOWING] == "the run itself"
    assert "rows" in next(why for source, why in needed.items() if source.startswith("%%track second"))
    assert code["slice_unknown"] is None
    assert "nobody told which notebook" in code["notebook_unknown"]
    assert {mark["now"] for mark in code["cells"]} == {None}


def test_what_a_cell_showed_is_told_as_notebooks_do(fetch, runs):
    run = fetch(f"/runlore/runs/{runs['showing']}")
    shows = {cell["ordinal"]: cell["shows"] for cell in run["cells"]}
    assert shows[run["cell"]] is True
    assert False in shows.values(), "cells that showed nothing are told from those whose outputs nobody knows"
    found = fetch(f"/runlore/runs/{runs['showing']}/outputs/{run['cell']}")
    out, err, image, data, long, error = found["outputs"]
    assert out == {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m <b>bold</b>\n"}
    assert err["name"] == "stderr"
    assert base64.b64decode(image["data"]["image/png"]) == base64.b64decode(PNG)
    assert data["data"]["application/json"] == {"a": [1, 2]}
    assert long["left_out"] == {"text/html": 3_000_003}
    assert long["data"] == {"text/plain": "long"}
    assert (error["output_type"], error["ename"]) == ("error", "ZeroDivisionError")
    whole = fetch(f"/runlore/runs/{runs['showing']}/outputs/{run['cell']}", whole=1)
    assert len(whole["outputs"][4]["data"]["text/html"]) == 3_000_003
    assert fetch(f"/runlore/runs/{runs['showing']}/outputs/9999", 404)["reason"] == "RunNotFound"
    assert fetch(f"/runlore/runs/{runs['first']}/outputs/{run['cell']}", 404)["reason"] == "RunNotFound"
    assert fetch(f"/runlore/runs/{runs['first']}/outputs/no", 400)["reason"] == "InvalidRequest"


def test_files_are_told_with_hash_and_size(fetch, runs):
    files = fetch(f"/runlore/runs/{runs['second']}/files")
    by_name = {(file["use"], Path(file["path"]).name): file for file in files["files"]}
    clean = by_name["read", "clean.csv"]
    assert (clean["size"], clean["of_run"], len(clean["digest"])) == (12, True, 64)
    assert by_name["wrote", "clean.csv"]["digest"] == clean["digest"]
    assert by_name["wrote", "clean.csv"]["of_run"] is False
    assert files["left_out"] == 0


def test_lineage_leads_from_run_to_run_through_files(fetch, runs):
    def graph(name):
        found = fetch(f"/runlore/runs/{runs[name]}/lineage")
        names = {node["id"]: (node["kind"], node["name"]) for node in found["nodes"]}
        return {(names[edge["source"]], edge["tie"], names[edge["target"]]) for edge in found["edges"]}

    second, clean = ("run", "second"), ("file", "clean.csv")
    assert {(("run", "first"), "wrote", clean), (clean, "read", second)} <= graph("second")
    model = "artifact", "model.bin"
    assert {(("run", "showing"), "wrote", model), (model, "read", ("run", "user"))} <= graph("showing")
    assert (("run", "showing"), "wrote", ("file", "model.bin")) in graph("user")
    rows = "file", "rows.csv"
    assert (rows, "read", ("run", "first")) in graph("first")


@pytest.fixture(scope="module")
def marked(tmp_path_factory, fake_kernel, start_server):
    """A server on a run of a notebook that was edited since, with a rerun."""
    directory = tmp_path_factory.mktemp("marked")
    from runlore.home import Home

    home = Home(directory / "home")
    session = fake_kernel(home, notebook="train.ipynb", cwd=str(directory))
    for ordinal, (cell_id, source) in enumerate(
        (("kept", "x = 1"), ("edited", "y = 2"), ("deleted", "z = 3"), (None, "x = 1"), ("run", "print(x)"))
    ):
        session.write(ev.CellStarted(time=1.0, ordinal=ordinal, source=source, cell_id=cell_id))
        session.finish_cell(ordinal)
    session.run("marked", run_id="aaaa000000000001", cell=4, kind="cell")
    session.run("again", run_id="aaaa000000000002", rerun_of="aaaa000000000001")
    saved = [("kept", "x = 1"), ("edited", ["y = ", "3"]), ("run", "print(x)\n")]
    cells = [{"id": cell_id, "cell_type": "code", "source": source} for cell_id, source in saved]
    (directory / "train.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    return start_server(home), directory


def test_cells_that_were_edited_or_deleted_since_are_told(marked):
    server, directory = marked

    def code():
        return server.call("GET", "/runlore/runs/aaaa000000000001/code").json()

    assert [mark["now"] for mark in code()["cells"]] == ["same", "edited", "deleted", "same", "same"]
    assert code()["notebook"] == str(directory / "train.ipynb")
    (directory / "train.ipynb").write_text("no notebook")
    assert "is no notebook" in code()["notebook_unknown"]
    (directory / "train.ipynb").unlink()
    assert "no longer there" in code()["notebook_unknown"]


def test_originals_and_reruns_are_relatives(marked):
    server, _ = marked
    found = server.call("GET", "/runlore/runs/aaaa000000000002/lineage").json()
    tie = {"source": "aaaa000000000001", "target": "aaaa000000000002", "tie": "repeats"}
    assert tie in found["edges"]
    assert tie in server.call("GET", "/runlore/runs/aaaa000000000001/lineage").json()["edges"]
