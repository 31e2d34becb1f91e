"""The difference of two recorded runs, on the command line and as the API serves it."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from runlore import events as ev
from runlore.home import Home
from runlore_server.cli import main
from tests.journals import ENVIRONMENT, FakeKernel
from tests.server.contract import checked

A, B = "aaaa111111111111", "bbbb222222222222"


def session(home: Home, run_id: str, cells: list[str], loss: list[float], **facts: Any) -> FakeKernel:
    kernel = FakeKernel(home, dead=True)
    if (loading := facts.get("loading")) is not None:
        kernel.write(ev.CellStarted(time=1.0, ordinal=-1, source=loading, rng={}))
        kernel.write(ev.CellFinished(time=1.0, ordinal=-1, outcome="unknown", duration=0.0))
    for source in cells[:-1]:
        kernel.cell(source)
    if "data" in facts:
        kernel.write(
            ev.FileRead(time=1.0, ordinal=0, path="/data/x.csv", digest=facts["data"], size=1, seen_by="audit")
        )
    if "module" in facts:
        kernel.write(
            ev.ModuleLoaded(time=1.0, ordinal=0, module="helper", path="/w/helper.py", digest=facts["module"])
        )
    cell = kernel.cell(cells[-1], outcome=None, rng={"numpy": facts.get("state", "0" * 64)})
    kernel.start_run(run_id=run_id, kind="cell", cell=cell)
    kernel.params(run_id, lr=facts.get("lr", 0.1), same=1)
    kernel.log(run_id, "loss", list(enumerate(loss)))
    kernel.log(run_id, "nan", [(0, float("nan"))])
    environment = {**ENVIRONMENT, "packages": {"numpy": facts.get("numpy", "2.0")}}
    environment["hardware"] = {"cpu": facts.get("cpu", "a")}
    digest = kernel.objects.put(json.dumps(environment).encode())
    kernel.write(ev.EnvironmentCaptured(time=1.0, run_id=run_id, digest=digest))
    kernel.finish_run(run_id, facts.get("status", "finished"), cell=cell, error=facts.get("error"))
    shown = [{"type": "stream", "name": "stdout", "text": facts.get("shown", "")}]
    outputs = kernel.objects.put(json.dumps(shown).encode())
    kernel.write(ev.CellFinished(time=2.0, ordinal=cell, outcome="ok", duration=0.1, outputs=outputs))
    kernel.end()
    return kernel


ONE = ["import numpy as np", "old = 1", "x = np.arange(3)\ny = x * 2", "%%track a\ntrain(x)"]
OTHER = ["import numpy as np", "x = np.arange(4)\ny = x * 2", "%%track a\ntrain(x)"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    session(home, A, ONE, [1.0, 0.5, 0.25], data="1" * 64, module="3" * 64, shown="0.5")
    session(
        home,
        B,
        OTHER,
        [1.0, 0.75, 0.3],
        data="2" * 64,
        module="4" * 64,
        lr=0.2,
        numpy="2.1",
        cpu="b",
        state="5" * 64,
        shown="0.75",
    )
    return home


def command(home: Home, *arguments: str) -> int:
    return main([*arguments, "--home", str(home.path)])


def test_every_part_that_differs_is_told(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(home, "diff", A, B, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["a"], found["b"], found["same"]) == (A, B, False)
    assert [(cell["status"], cell["a"], cell["b"]) for cell in found["cells"]] == [
        ("same", 0, 0),
        ("only a", 1, None),
        ("changed", 2, 1),
        ("same", 3, 2),
    ]
    assert "-x = np.arange(3)" in found["cells"][2]["diff"]
    assert "+x = np.arange(4)" in found["cells"][2]["diff"]
    assert found["outputs"] == [{"status": "changed", "a": 3, "b": 2}]
    assert found["parameters"] == [{"name": "lr", "a": 0.1, "b": 0.2}]
    assert found["environment"] == [{"name": "packages: numpy", "a": "2.0", "b": "2.1"}]
    assert found["hardware"] == [{"name": "cpu", "a": "a", "b": "b"}]
    assert found["data"] == [{"name": "/data/x.csv", "a": "1" * 64, "b": "2" * 64}]
    assert found["modules"] == [{"name": "helper", "a": "3" * 64, "b": "4" * 64}]
    assert found["random"] == [{"name": "numpy", "a": "0" * 64, "b": "5" * 64}]
    loss, nan = found["metrics"]
    assert (loss["step"], loss["a"], loss["b"], loss["last"]) == (1, 0.5, 0.75, [0.25, 0.3])
    assert (nan["step"], nan["last"]) == (None, ["NaN", "NaN"])
    assert (found["diverging"], found["unknown"]) == ("loss", [])


def test_the_text_says_the_same(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(home, "diff", A[:6], B[:6]) == 1
    text = capsys.readouterr().out
    for expected in (
        "2 of 4 cells are the same",
        f"a  {A}  train",
        "cell 1, in a only\n    -old = 1\n",
        "+x = np.arange(4)",
        "lr: 0.1 -> 0.2",
        "packages: numpy: 2.0 -> 2.1",
        "/data/x.csv: 11111111 -> 22222222",
        "loss: differs from step 1 on, the first to part: 0.5 -> 0.75",
    ):
        assert expected in text


def test_a_run_does_not_differ_from_itself(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(home, "diff", A, A) == 0
    assert "Nothing differs." in capsys.readouterr().out


def test_how_they_ended_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home(tmp_path / "home")
    error = ev.ErrorInfo(name="ValueError", message="nan", traceback="")
    session(home, A, ["%%track a\ntrain()"], [1.0])
    session(home, B, ["%%track a\ntrain()"], [1.0], status="failed", error=error)
    assert command(home, "diff", A, B) == 1
    text = capsys.readouterr().out
    assert "status: finished -> failed" in text
    assert "error: none -> ValueError: nan" in text


def test_a_cell_that_only_loads_runlore_is_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    for run_id, loading in ((A, "%load_ext runlore"), (B, None)):
        session(home, run_id, ["%%track a\ntrain()"], [1.0], loading=loading)
    assert command(home, "diff", A, B) == 0
    assert "Nothing differs." in capsys.readouterr().out


@pytest.mark.skipif(find_spec("nbdime") is None, reason="without nbdime")
def test_nbdime_shows_cells_that_stand_opposite_each_other_with_what_they_showed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    session(home, A, ["a = 1", "train(a)"], [1.0], shown="0.5")
    session(home, B, ["a = 1", "new()", "train(a)"], [1.0], shown="\x1b[2J0.75")
    assert command(home, "diff", A, B, "--notebook") == 1
    text = capsys.readouterr().out
    assert "new()" in text
    assert "0.75" in text
    assert "\x1b" not in text
    assert "train(a)" not in text, "the last cells are the same"


def test_what_is_damaged_is_told_and_hides_nothing_else(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for path in home.objects.iterdir():
        path.write_bytes(b"something else")
    next(home.sessions.glob(f"*/runs/{A}/loss.curve")).write_bytes(b"torn")
    assert command(home, "diff", A, B, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert len(found["unknown"]) == 3
    assert found["parameters"]


def test_control_characters_of_a_cell_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "odd")
    session(home, A, ["%%track a\nprint('\x1b[2J')"], [1.0])
    session(home, B, ["%%track a\nprint('\x1b[3J')"], [1.0])
    assert command(home, "diff", A, B) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_an_unknown_run_and_a_missing_nbdime_are_said(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(home, "diff", A, "none-such", "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "RunNotFound"
    if find_spec("nbdime") is None:
        assert command(home, "diff", A, B, "--notebook") == 2
        assert "pip install nbdime" in capsys.readouterr().err


def test_the_api_serves_it(home: Home, start_server: Any) -> None:
    server = start_server(home)
    assert checked(server, "get", f"/runlore/runs/{A}/diff/{B}")["diverging"] == "loss"
    assert server.call("GET", f"/runlore/runs/{A}/diff/none-such").status_code == 404
