"""``runlore.compare``: what is drawn, that it follows a running run, and what stands where no widget can live."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter

import runlore
from runlore.comparison.lines import smooth
from runlore.errors import PackageMissing, RunNotFound
from runlore.home import Home
from tests.conftest import Notebook
from tests.journals import FakeKernel

NOISY = [(step, 1 / (step + 1) + (step % 7) / 50) for step in range(5000)]


@pytest.fixture
def compare(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``runlore.compare`` on the test's home."""
    monkeypatch.setenv("RUNLORE_HOME", str(home.path))
    return runlore.compare


def drawn(comparison: Any, metric: str, part: str = "line") -> list[Any]:
    return [trace for trace in comparison.figure.data if (trace.meta[0], trace.meta[2]) == (metric, part)]


def test_each_metric_has_a_chart_and_every_spike_is_in_it(home: Home, compare: Callable[..., Any]) -> None:
    kernel = FakeKernel(home)
    spiky = [(step, 99.0 if step == 3333 else value) for step, value in NOISY]
    first = kernel.run("wide", {"loss": spiky, "acc": [(0, 0.5)]})
    second = kernel.run("wide", {"loss": NOISY})
    third = kernel.run("<b>deep</b>", {"loss": NOISY, "only here": NOISY[:3]})
    kernel.end()
    found = compare([first, second[:12], third], points=200)
    assert [trace.meta[0] for trace in found.figure.data] == ["loss"] * 3 + ["acc", "only here"]
    names = [trace.name for trace in drawn(found, "loss")]
    assert names == [f"wide {first[:8]}", f"wide {second[:8]}", "&lt;b&gt;deep&lt;/b&gt;"]
    assert max(drawn(found, "loss")[0].y) == 99.0
    assert all(len(trace.x) <= 200 for trace in found.figure.data)
    assert len({trace.line.color for trace in drawn(found, "loss")}) == 3
    assert [trace.showlegend for trace in found.figure.data] == [True, True, True, False, False]
    assert [trace.meta[0] for trace in compare(runlore.runs(), "acc").figure.data] == ["acc"]
    assert compare([first]).view.x == "step"


def test_the_controls_draw_it_otherwise(home: Home, compare: Callable[..., Any]) -> None:
    kernel = FakeKernel(home)
    run = kernel.run(
        "train", {"loss": [*NOISY[:50], *NOISY[:50]], "bad": [(0, math.nan), (1, math.inf), (2, 1.0)]}
    )
    kernel.end()
    found = compare(run, smoothing=0.9, x="time", log_y=True)
    assert found.figure.layout.yaxis.type == "log"
    assert found.figure.layout.xaxis.title.text == "seconds since the start"
    (raw,), (line,) = drawn(found, "loss", "raw"), drawn(found, "loss")
    assert np.std(np.diff(line.y)) < np.std(np.diff(raw.y)) / 2
    controls = found.children[0].children
    controls[0].value, controls[1].value, controls[2].value = "step", 0.0, False
    assert not drawn(found, "loss", "raw")
    (line,) = drawn(found, "loss")
    assert np.isnan(line.x[50])  # the loop began again: another line, not one that runs back
    assert len(line.x) == 101
    assert found.figure.layout.yaxis.type == "linear"
    assert [math.isnan(value) for value in drawn(found, "bad")[0].y] == [True, True, False]


def test_smoothing_is_free_of_a_pull_towards_zero() -> None:
    assert smooth(np.full(5, 3.0), 0.9) == pytest.approx([3.0] * 5)
    gappy = smooth(np.array([1.0, math.nan, 2.0]), 0.5)
    assert math.isnan(gappy[1])
    assert gappy[2] == pytest.approx((0.25 + 1.0) / 0.75)


def test_it_follows_what_runs_and_takes_in_what_comes(
    home: Home, compare: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = FakeKernel(home)
    run = kernel.start_run("train")
    found = compare(run)
    assert "nothing is logged yet" in found.children[2].value
    for count in (1, 40):
        kernel.log(run, "loss", NOISY[:count])
        deadline = time.monotonic() + 20
        while not (lines := drawn(found, "loss")) or len(lines[0].x) < count:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert found.children[2].value == "1 run, 1 running"
    before = lines[0]
    kernel.finish_run(run)
    while found.children[2].value != "1 run":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert drawn(found, "loss")[0] is before  # the chart stays, with what is zoomed and hidden in it
    found.close()


def test_where_no_widget_lives_a_picture_stands(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = open_notebook().load()
    shown: list[dict[str, Any]] = []
    result = notebook.run(
        "%%track\nimport runlore\nfor step in range(50):\n"
        "    runlore.log({'loss': 1 / (step + 1), '<script>alert(1)</script>': step})\nrunlore.compare()",
        on_output=shown.append,
    )
    assert result.ok, result.text
    (bundle,) = [
        out["data"] for out in shown if "application/vnd.jupyter.widget-view+json" in out.get("data", {})
    ][:1]
    assert bundle["text/html"].count("<svg") == 2
    assert "<script>" not in bundle["text/html"]
    ended = notebook.run("comparison = runlore.compare(log_y=True)\ncomparison", on_output=shown.append)
    assert ended.ok
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("display_data", bundle)])]
    )
    exported, _ = HTMLExporter().from_notebook_node(made)
    assert exported.count("<path d=") >= 2
    assert "<script>alert" not in exported


def test_what_cannot_be_compared_is_said(
    home: Home, compare: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = FakeKernel(home)
    run = kernel.run("train", {"loss": NOISY[:3], "gone": NOISY[:3]})
    kernel.end()
    for given, error in (("nope", RunNotFound), (None, RunNotFound), ([], RunNotFound), (7, TypeError)):
        with pytest.raises(error):
            compare(given)
    for wrong in ({"x": "epoch"}, {"smoothing": 1.0}, {"points": 1}, {"columns": 0}):
        with pytest.raises(ValueError, match=r".+"):
            compare(run, **wrong)
    (home.curves(kernel.session_id, run) / "gone.curve").write_bytes(
        b"no curve at all, but long enough for a head"
    )
    found = compare(run)
    assert [trace.meta[0] for trace in found.figure.data] == ["loss"]
    assert f"{run[:8]} gone: " in found.children[2].value
    monkeypatch.setitem(__import__("sys").modules, "runlore.comparison.widget", None)
    with pytest.raises(PackageMissing):
        compare(run)
