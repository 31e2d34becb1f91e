"""Cells that are unusual, hostile or broken: they run as without Runlore, and recording goes on after them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from runlore.capture.params import literal_params
from runlore.curve import points, read_records
from tests.conftest import Notebook


def values(notebook: Notebook, metric: str) -> list[float]:
    return [value for _, _, value in points(read_records(notebook.last_run().metrics[metric]))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("n = 3\nwhile (loss := n) > 0:\n    n -= 1\nloss", [3.0, 2.0, 1.0, 0.0]),
        ("[(loss := x) for x in range(3)]", [0.0, 1.0, 2.0]),
        (
            "def f(x):\n    if (loss := x) > 1:\n        return 'early'\n    return (loss := x * 10)\nf(2), f(1)",
            [2, 1, 10],
        ),
        ("parts = [lambda: (loss := 4.5)]\nparts[0](), f'{(loss := 1)}'", [4.5, 1.0]),
        ("match [1, 2.5]:\n    case [_, loss]:\n        pass\nloss", [2.5]),
        ("loss: float\nloss: float = 3.5\nloss", [3.5]),
        ("v = 3\nif v == 0: pass\n" + "".join(f"elif v == {n}: loss = {n}\n" for n in range(1, 700)), [3.0]),
    ],
    ids=["while", "comprehension", "return", "lambda", "case", "annotation", "deep"],
)
def test_watch_sees_every_binding_and_changes_no_result(
    shared_notebook: Notebook, body: str, expected: list[float]
) -> None:
    shared_notebook.run("del globals()['loss']" if "loss" in shared_notebook.run("dir()").text else "")
    plain = shared_notebook.run(body)
    shared_notebook.run("loss = None; del loss")
    tracked = shared_notebook.run(f"%%track --watch loss\n{body}")
    assert tracked.ok, tracked.text
    results = [
        [output["data"]["text/plain"] for output in result.outputs if output["output_type"] == "execute_result"]
        for result in (plain, tracked)
    ]
    assert results[0] == results[1]
    assert values(shared_notebook, "loss") == expected


@pytest.mark.parametrize("body", ["   x = 3\n   x", "\n  if True:\n    print(3)", ">>> x = 3\n>>> x", "In [1]: 3"])
def test_a_body_is_cleaned_as_ipython_does(shared_notebook: Notebook, body: str) -> None:
    _, shown = shared_notebook.run(f"%%track\n{body}").outputs  # the card is the first
    assert (shown.get("text") or shown["data"]["text/plain"]).strip() == "3"


def test_an_exception_that_cannot_be_shown_does_not_end_the_recording(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook().load()
    notebook.run("class Broken(Exception):\n    def __str__(self): raise ValueError('no text')")
    assert not notebook.run("%%track broken\nimport runlore\nrunlore.log(x=1)\nraise Broken").ok
    assert notebook.last_run().status == "failed"
    assert notebook.run("%%track after\nrunlore.log(x=2)").card() is not None
    assert [run.name for run in notebook.session().runs.values()] == ["broken", "after"]
    assert [cell.outcome for cell in notebook.session().cells.values()] == ["ok", "ok", "error", "ok"]


def test_cells_tracked_within_a_cell_end_one_by_one(shared_notebook: Notebook) -> None:
    shared_notebook.run(
        "import runlore\n"
        "for n in range(2):\n"
        "    get_ipython().run_cell_magic('track', f'good{n}', f'runlore.log(v={n})')\n"
        "    try:\n"
        "        get_ipython().run_cell_magic('track', f'bad{n}', '1/0')\n"
        "    except ZeroDivisionError:\n"
        "        pass\n"
        "runlore.start_run('still open')"
    )
    runs = list(shared_notebook.session().runs.values())[-5:]
    assert [run.status for run in runs] == ["finished", "failed", "finished", "failed", "running"]
    shared_notebook.run("_.finish()")


def test_warnings_turned_into_errors_are_not_ours(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("import warnings, runlore; warnings.simplefilter('error')")
    tracked = notebook.run("%%track a --watch never text\ntext = 'x'\nrunlore.log(x=1)\n'computed'")
    assert tracked.ok, tracked.text
    assert "'computed'" in tracked.text
    assert "never assigns 'never'" in tracked.text
    assert notebook.run("%%track b --watch y\ny = 1.5").ok
    assert values(notebook, "y") == [1.5]


def test_names_parameters_and_seeds_of_other_types(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track types\n"
        "import enum, numpy as np, runlore\n"
        "class Name(str, enum.Enum):\n    A = 'a name'\n"
        "class Broken:\n    def __repr__(self): raise ValueError\n"
        "for _ in range(2): runlore.log({Name.A: 1, np.str_('b'): np.float32(2)})\n"
        "runlore.log_params({'lr': np.float64(0.5), 'n': np.int64(3), 's': np.str_('x'), 'o': Broken()})\n"
        "runlore.log_params({'a/b': 1}, depth=3); runlore.set_tags(team='vision')\n"
        "with runlore.start_run(np.str_('inner'), seed=np.int64(3)): pass\n"
    )
    assert result.ok, result.text
    *_, run, inner = shared_notebook.session().runs.values()
    assert list(run.metrics) == ["a name", "b"]
    assert (run.params["lr"], run.params["n"], run.params["s"]) == (0.5, 3, "x")
    assert "Broken" in run.params["o"]
    assert (run.params["a/b"], run.params["depth"], run.tags) == (1, 3, {"team": "vision"})
    assert (inner.name, inner.seed) == ("inner", 3)
    assert shared_notebook.session().damaged_lines == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("runlore.start_run(5)", "TypeError: a run's name must be text, not 5"),
        ("runlore.start_run(experiment=5)", "TypeError: an experiment's name must be text, not 5"),
        ("runlore.start_run(seed='x')", "TypeError: a seed must be a whole number, not 'x'"),
        ("runlore.start_run(seed=-1)", "ValueError: a seed must be from 0"),
        ("runlore.log({'\\ud800': 1})", "MetricError: a metric's name must be Unicode text"),
        ("runlore.log(**{'': 1})", "MetricError: a metric's name must be a non-empty string"),
        ("runlore.log(x=np.array('1.5'))", "MetricError: metric 'x' must be a real number"),
        ("runlore.log(x=bytearray(b'1'))", "MetricError: metric 'x' must be a number"),
        ("runlore.log(x=1, step=2**63 - 1); runlore.log(x=1)", "MetricError: the next step of metric 'x'"),
    ],
)
def test_bad_input_is_said_where_it_is_given(shared_notebook: Notebook, call: str, said: str) -> None:
    runs = len(shared_notebook.session().runs)
    result = shared_notebook.run(f"%%track\nimport numpy as np, runlore\n{call}")
    error = result.outputs[-2] if result.outputs[-1]["output_type"] != "error" else result.outputs[-1]
    assert f"{error['ename']}: {error['evalue']}".startswith(said)
    assert shared_notebook.session().damaged_lines == 0
    assert len(shared_notebook.session().runs) == runs + 1


def test_a_generator_that_is_broken_or_not_the_library_costs_only_its_state(
    open_notebook: Callable[..., Notebook], tmp_path: object
) -> None:
    notebook = open_notebook()
    notebook.run("open('torch.py', 'w').write('def get_num_threads(): return 1')")
    notebook.run("%load_ext runlore")
    notebook.run("import random, runlore, torch\ntaken, random.getstate = random.getstate, None")
    assert "callback" not in notebook.run("%%track a\nrunlore.log(x=1)").text
    notebook.run("random.getstate = taken")
    notebook.run("%%track b\nrunlore.log(x=1)")
    session = notebook.session()
    assert [run.status for run in session.runs.values()] == ["finished", "finished"]
    assert [note.what for note in session.not_captured] == ["random state of python"]
    assert "python" in session.cells[3].rng


def test_a_journal_that_was_deleted_is_said(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("import os, shutil")
    gone = notebook.run("shutil.rmtree(os.environ['RUNLORE_HOME'])\n'computed'")
    assert "'computed'" in gone.text
    later = notebook.run("%%track\nimport runlore\nrunlore.log(x=1)\n'more'")
    assert "'more'" in later.text
    assert (gone.text + later.text).count("its file was deleted") == 1


def test_runs_are_found_after_the_directory_changed(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(env={"RUNLORE_HOME": "relative"}).load()
    notebook.run("%%track here\nimport os, runlore\nrunlore.log(x=1.0)")
    notebook.run("os.mkdir('elsewhere'); os.chdir('elsewhere')")
    assert notebook.run("list(runlore.runs().name)").text == "['here']"
    assert notebook.run("len(runlore.curves(runlore.runs()))").text == "1"


def test_a_literal_is_compared_no_further_than_it_goes() -> None:
    class Unwilling:
        def __repr__(self) -> str:
            raise AssertionError("nobody asked for all of it")

    filled = {"seen": [Unwilling()] * 3, "size": {"a": 1, "b": Unwilling()}, "kept": {"a": [1, 2.0]}}
    history = ["seen = []", "size = {'a': 1}", "kept = {'a': [1, 2.0]}"]
    assert literal_params(history, "print(seen, size, kept)", filled) == {"kept": {"a": [1, 2.0]}}


def test_many_metrics_leave_the_process_its_files(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook()
    notebook.run("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))")
    notebook.load()
    result = notebook.run(
        "%%track many\nimport json, runlore\nfor step in range(3):\n"
        "    runlore.log({f'm{n}': n * step for n in range(1000)})\nopen('/dev/null').close()"
    )
    assert result.ok, result.text
    run = notebook.last_run()
    assert len(run.metrics) == 1000
    for name, path in run.metrics.items():
        number = int(name[1:])
        assert [value for _, _, value in points(read_records(path))] == [0, number, 2 * number], json.dumps(name)
