"""``%%track`` and ``%track`` in a real kernel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from runlore.curve import points, read_records
from tests.conftest import Notebook


def values(notebook: Notebook, metric: str) -> list[float]:
    return [value for _, _, value in points(read_records(notebook.last_run().metrics[metric]))]


def test_tracked_cell_is_a_run_with_everything_asked_for(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track first --seed 7 --experiment demo --watch loss -p lr=0.5 kind=adam --tag team=vision "
        "--note 'does it run?'\n"
        "import random, runlore\n"
        "for step in range(3):\n"
        "    loss = 1 / (step + 1)\n"
        "    runlore.log(accuracy=step / 10)\n"
        "drawn = random.random()\n"
        "'the result'"
    )
    assert result.ok
    assert "'the result'" in result.text
    run = shared_notebook.last_run()
    assert (run.name, run.experiment, run.kind, run.status, run.seed) == ("first", "demo", "cell", "finished", 7)
    assert run.params == {"lr": 0.5, "kind": "adam"}
    assert run.tags == {"team": "vision"}
    assert run.notes == ["does it run?"]
    assert values(shared_notebook, "loss") == [1.0, 1 / 2, 1 / 3]
    assert values(shared_notebook, "accuracy") == [0.0, 0.1, 0.2]
    assert shared_notebook.run("drawn == random.Random(7).random()").text == "True"


def test_card_is_an_output_of_its_own_with_text_and_html(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track '<b>bold</b>'\nimport runlore\nfor v in (3.0, float('nan'), 1.0): runlore.log(loss=v)\n41 + 1"
    )
    kinds = [output["output_type"] for output in result.outputs]
    assert kinds == ["display_data", "execute_result"]
    assert result.outputs[1]["data"]["text/plain"] == "42"
    card = result.card()
    assert card is not None
    data = card["application/vnd.runlore.run.v1+json"]
    assert data["run_id"] == shared_notebook.last_run().run_id
    assert data["metrics"] == [{"name": "loss", "last": 1.0, "spark": [3.0, None, 1.0]}]
    assert "finished in" in card["text/plain"]
    assert "<b>bold</b>" not in card["text/html"]
    assert "&lt;b&gt;bold" in card["text/html"]


def test_the_card_is_there_while_the_run_is_open_and_then_tells_its_outcome(shared_notebook: Notebook) -> None:
    shown: list[str] = []
    result = shared_notebook.run(
        "%%track live\nprint('within')",
        on_output=lambda output: shown.append(output.get("text") or card_data(output)["status"]),
    )
    assert shown == ["running", "within\n"]
    (card,) = (output for output in result.outputs if output["output_type"] == "display_data")
    assert card_data(card)["status"] == "finished"
    assert card_data(card)["started"] == pytest.approx(shared_notebook.last_run().started)


@pytest.mark.parametrize("wait", [True, False])
def test_a_card_that_the_cell_clears_is_shown_again_at_its_end(shared_notebook: Notebook, wait: bool) -> None:
    source = f"from IPython.display import clear_output\nclear_output(wait={wait})\nprint('after')"
    cards = [card_data(output) for output in shared_notebook.run("%%track\n" + source).outputs[1:]]
    assert [card["status"] for card in cards] == ["finished"]


def card_data(output: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = output["data"]["application/vnd.runlore.run.v1+json"]
    return data


def test_cell_computes_as_if_it_were_not_tracked(shared_notebook: Notebook) -> None:
    before = set(shared_notebook.run("sorted(globals())").text.split("'"))
    result = shared_notebook.run(
        "%%track --watch tracked_value\nfrom __future__ import annotations\nimport asyncio\n"
        "await asyncio.sleep(0)\ndef f() -> NotDefinedAnywhere: ...\ntracked_value = 5\n!echo shell\n%pwd\n_"
    )
    assert result.ok, result.text
    assert "shell" in result.text
    after = set(shared_notebook.run("sorted(globals())").text.split("'"))
    new = {name for name in after - before if name.isidentifier() and not name.startswith("_")}
    assert new == {"annotations", "asyncio", "f", "tracked_value"}


def test_tracked_cell_may_hold_another_cell_magic_and_be_held_by_one(shared_notebook: Notebook) -> None:
    assert "Wall time" in shared_notebook.run("%%track outer\n\n%%time\ninner_value = 1").text
    assert shared_notebook.last_run().name == "outer"
    held = shared_notebook.run("%%time\n%%track held\ninner_value += 1")
    assert held.ok
    assert shared_notebook.last_run().name == "held"
    assert shared_notebook.run("inner_value").text == "2"


def test_line_numbers_of_a_traceback_are_those_of_the_cell(shared_notebook: Notebook) -> None:
    result = shared_notebook.run("%%track boom\nx = 1\n1 / 0")
    assert not result.ok
    assert result.reply["ename"] == "ZeroDivisionError"
    assert "line 3" in "".join(result.reply["traceback"])
    run = shared_notebook.last_run()
    assert run.status == "failed"
    assert run.error is not None
    assert (run.error.name, run.error.message) == ("ZeroDivisionError", "division by zero")
    assert "1 / 0" in run.error.traceback or "line 3" in run.error.traceback
    card = result.card()
    assert card is not None
    assert card["application/vnd.runlore.run.v1+json"]["error"]["name"] == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--frobnicate", "unrecognized arguments: --frobnicate"),
        ("--seed many", "--seed"),
        ("--seed -1", "--seed"),
        ("--watch 2fast", "2fast"),
        ("--watch class", "class"),
        ("-p lr", "lr"),
        ("--tag team", "team"),
        ("name 'unbalanced", "No closing quotation"),
        ("one two", "unrecognized arguments: two"),
    ],
)
def test_wrong_options_are_said_and_the_cell_is_not_run(
    shared_notebook: Notebook, options: str, said: str
) -> None:
    shared_notebook.run("untouched = True")
    runs = len(shared_notebook.session().runs)
    result = shared_notebook.run(f"%%track {options}\nuntouched = False")
    assert not result.ok
    assert said in result.text
    assert "%track" in result.text
    assert shared_notebook.run("untouched").text == "True"
    assert len(shared_notebook.session().runs) == runs


@pytest.mark.parametrize("line", ["%track off", "%track sideways", "%track on --watch loss", "%track on --bad"])
def test_wrong_line_magics_are_said(shared_notebook: Notebook, line: str) -> None:
    result = shared_notebook.run(line)
    assert not result.ok
    assert "%track" in result.text


def test_span_covers_cells_until_off(shared_notebook: Notebook) -> None:
    opening = shared_notebook.run("%track on whole --tag kind=span").card()
    assert opening is not None
    assert opening["application/vnd.runlore.run.v1+json"]["status"] == "running"
    again = shared_notebook.run("%track on another")
    assert "open already" in again.text
    shared_notebook.run("import runlore; runlore.log(loss=2.0)")
    inner = shared_notebook.run("%%track inside\nrunlore.log(loss=9.0)")
    assert inner.card() is not None
    assert shared_notebook.run("runlore.log(loss=1.0)").card() is None
    closing = shared_notebook.run("%track off")
    card = closing.card()
    assert card is not None
    assert card["application/vnd.runlore.run.v1+json"]["name"] == "whole"
    run = next(run for run in shared_notebook.session().runs.values() if run.name == "whole")
    assert (run.kind, run.status) == ("span", "finished")
    assert run.cell is not None
    assert run.last_cell is not None
    assert run.last_cell - run.cell == 5
    assert [value for *_, value in points(read_records(run.metrics["loss"]))] == [2.0, 1.0]


def test_table_of_the_session(shared_notebook: Notebook) -> None:
    shared_notebook.run("%%track '<i>listed</i>'\nimport runlore\nrunlore.log(loss=0.25)")
    result = shared_notebook.run("%track")
    data = result.outputs[0]["data"]
    assert "<i>listed</i>" in data["text/plain"]
    assert "loss=0.25" in data["text/plain"]
    assert "<i>listed</i>" not in data["text/html"]


def test_watch_follows_every_kind_of_assignment(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track --watch a b c d e\n"
        "a = 1\na += 1\n"
        "for b in range(2): pass\n"
        "(c := 5)\n"
        "def f():\n    d = 7\n    if d:\n        d, other = 8, 9\n    return d\n"
        "f()\n"
        "try:\n    e = 1\nfinally:\n    e = None\n"
        "a = 'no number'\n"
        "match 3:\n    case 3: c = 6\n"
    )
    assert result.ok, result.text
    assert values(shared_notebook, "a") == [1, 2]
    assert values(shared_notebook, "b") == [0, 1]
    assert values(shared_notebook, "c") == [5, 6]
    assert values(shared_notebook, "d") == [7, 8]
    assert values(shared_notebook, "e") == [1]
    assert "--watch a: 1 assigned value(s)" in result.text


def test_watching_a_name_never_assigned_is_said(shared_notebook: Notebook) -> None:
    assert "never assigns 'los'" in shared_notebook.run("%%track --watch los\nloss = 1").text


def test_bad_metrics_raise_and_leave_the_rest(shared_notebook: Notebook) -> None:
    shared_notebook.run("%track on metrics")
    for call, said in [
        ("log(loss='0.5')", "must be a number, not '0.5'"),
        ("log(loss=None)", "must be a number"),
        ("log(loss=1j)", "must be a number"),
        ("log(loss=[1, 2])", "must be a number, not a list"),
        ("log(loss=__import__('numpy').ones(3))", "not an array of shape (3,)"),
        ("log(loss=10**400)", "beyond what a float can hold"),
        ("log({3: 1.0})", "name must be a non-empty string"),
        ("log([1.0])", "takes a dictionary or keywords"),
        ("log(loss=1.0, step=0.5)", "whole number"),
        ("log(loss=1.0, step=2**70)", "64 bits"),
        ("log(good=1.0, bad='x')", "must be a number"),
    ]:
        result = shared_notebook.run(f"import runlore; runlore.{call}")
        assert result.reply.get("ename") == "MetricError", call
        assert said in result.text, call
    shared_notebook.run(
        "import numpy as np, torch\n"
        "runlore.log(loss=np.float32(0.5)); runlore.log(loss=torch.tensor(0.25, requires_grad=True))\n"
        "runlore.log(loss=np.array([2.0])); runlore.log(loss=True, step=np.int64(10)); runlore.log(loss=7)\n"
        "for v in ('nan', 'inf', '-inf'): runlore.log(loss=float(v))"
    )
    shared_notebook.run("%track off")
    run = next(run for run in shared_notebook.session().runs.values() if run.name == "metrics")
    recorded = points(read_records(run.metrics["loss"]))
    assert [value for *_, value in recorded[:5]] == [0.5, 0.25, 2.0, 1.0, 7.0]
    assert [step for step, *_ in recorded] == [0, 1, 2, 10, 11, 12, 13, 14]
    assert math.isnan(recorded[5][2])
    assert [recorded[6][2], recorded[7][2]] == [math.inf, -math.inf]
    assert "good" not in run.metrics


def test_logging_without_a_run_says_what_to_do(shared_notebook: Notebook) -> None:
    result = shared_notebook.run("import runlore; runlore.log(loss=1)")
    assert result.reply["ename"] == "RunStateError"
    assert "%%track" in result.text


def test_interrupted_cell(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.start("%%track stopped\nimport time, runlore\nrunlore.log(loss=1.0); print('ready')\ntime.sleep(60)")
    notebook.wait_for_output("ready")
    notebook.interrupt()
    assert notebook.run("'still here'").text == "'still here'"
    run = notebook.last_run()
    assert run.status == "interrupted"
    assert notebook.session().cells[0].outcome == "interrupted"
    notebook.start("%%track\nimport asyncio\nprint('waiting')\nawait asyncio.sleep(60)")
    notebook.wait_for_output("waiting")
    notebook.interrupt()
    assert notebook.run("1").ok
    assert notebook.last_run().status == "interrupted"


def test_span_ends_with_the_kernel(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("%track on until-the-end")
    notebook.run("import runlore; runlore.log(loss=1.0)")
    notebook.run("1 / 0")
    notebook.close()
    session = notebook.session()
    run = notebook.last_run()
    assert session.ended is not None
    assert run.status == "failed"
    assert run.error is not None
    assert run.error.name == "ZeroDivisionError"


def test_unload_and_load_again_keeps_the_history(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("before = 1")
    notebook.run("%unload_ext runlore")
    notebook.run("meanwhile = 1")
    notebook.load()
    notebook.run("%reload_ext runlore")
    notebook.run("%%track after\nafter = 1")
    cells = notebook.session().cells
    assert [(cell.ordinal, cell.source, cell.outcome) for cell in cells.values()] == [
        (-1, "%load_ext runlore", "ok"),
        (0, "before = 1", "ok"),
        (1, "%unload_ext runlore", "unknown"),
        (2, "meanwhile = 1", "unknown"),
        (3, "%load_ext runlore", "ok"),
        (4, "%reload_ext runlore", "ok"),
        (5, "%%track after\nafter = 1", "ok"),
    ]
    assert notebook.last_run().status == "finished"
