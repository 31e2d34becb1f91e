"""``--watch``: every assignment becomes a point, and the user's code notices nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions
from tests.conftest import Notebook


def values(notebook: Notebook, metric: str) -> list[float]:
    return [value for _, _, value in points(read_records(notebook.last_run().metrics[metric]))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("loss = 1.5", [1.5]),
        ("loss = 1\nloss += 1", [1, 2]),
        ("other, (loss, *rest) = 1, (2, 3)", [2]),
        ("a = loss = b = 4.5", [4.5]),
        ("loss: float = 2", [2]),
        ("loss = (loss := 3) + 1", [3, 4]),
        ("class Enumerated(__import__('enum').Enum):\n    loss = 2\nEnumerated.loss", [2]),
        ("class Counted:\n    loss = 2\n    loss += 1", [2, 3]),
        ("def f():\n    global loss\n    loss = 1\n    loss += 1\nf(); loss", [1, 2]),
        (
            "def outer():\n    loss = 1\n    def inner():\n        nonlocal loss\n        loss += 2\n    inner()\n"
            "    return loss, sorted(locals())\nouter()",
            [1, 3],
        ),
        ("def g():\n    while True:\n        loss = yield\nh = g(); next(h); h.send(5); h.send(6)", [5, 6]),
        (
            "import asyncio\nasync def f():\n    async for loss in ticks():\n        pass\n"
            "    loss = await asyncio.sleep(0, 9)\n"
            "async def ticks():\n    yield 1\n    yield 2\nawait f()",
            [1, 2, 9],
        ),
        ("from contextlib import nullcontext\nwith nullcontext(3) as loss: pass", [3]),
        ("for n, loss in enumerate([5, 6]): pass", [5, 6]),
        ("import numpy as np\nloss = np.zeros(2)\nsame = loss\nloss = loss.mean()\nsame.sum()", [0]),
        ("try:\n    loss = 1\n    loss = 1 / 0\nexcept ZeroDivisionError:\n    loss = 2", [1, 2]),
        ("[loss for loss in range(3)]\nloss = 7", [7]),
        (
            "def jit(f):\n    return f.__code__.co_names\n@jit\ndef f():\n    loss = abs(2)\nloss = 1; f",
            [1],
        ),
        ("f = lambda loss: loss\nf(1)\nloss = 8", [8]),
    ],
)
def test_a_watched_cell_gives_the_same_and_its_points(
    shared_notebook: Notebook, body: str, expected: list[float]
) -> None:
    plain = shared_notebook.run(body)
    tracked = shared_notebook.run(f"%%track --watch loss\n{body}")
    assert tracked.ok, tracked.text
    shown = [
        [output["data"]["text/plain"] for output in result.outputs if output["output_type"] == "execute_result"]
        for result in (plain, tracked)
    ]
    assert shown[0] == shown[1]
    assert values(shared_notebook, "loss") == expected


def test_a_shell_that_shows_assignments_shows_the_same(shared_notebook: Notebook) -> None:
    shared_notebook.run("%config InteractiveShell.ast_node_interactivity = 'last_expr_or_assign'")
    try:
        for body, shown in [("loss = 3", "3"), ("loss += 1", "4"), ("loss, other = 5, 6", ""), ("pass", "")]:
            result = shared_notebook.run(f"%%track --watch loss\n{body}")
            results = [out for out in result.outputs if out["output_type"] == "execute_result"]
            assert "".join(out["data"]["text/plain"] for out in results) == shown
    finally:
        shared_notebook.run("%config InteractiveShell.ast_node_interactivity = 'last_expr'")


def test_attributes_are_watched_without_being_asked_for_twice(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track --watch self.loss self.__hidden model.best\n"
        "reads = []\n"
        "class Model:\n"
        "    loss = property(lambda self: reads.append(1), lambda self, value: None)\n"
        "    def fit(self):\n"
        "        self.loss = 0.5\n"
        "        self.__hidden = 1\n"
        "        self.__hidden += 1\n"
        "        self.other = 3\n"
        "model = Model()\n"
        "model.fit()\n"
        "model.best = model.worst = 9\n"
        "reads"
    )
    assert result.ok, result.text
    assert "[]" in result.text
    assert values(shared_notebook, "self.loss") == [0.5]
    assert values(shared_notebook, "self.__hidden") == [1, 2]
    assert values(shared_notebook, "model.best") == [9]


def test_an_error_is_reported_at_the_same_place(shared_notebook: Notebook) -> None:
    body = "def f(x):\n    loss = 1\n    loss = 1 / x\n    return loss\nf(0)"

    def trace(head: str) -> list[int]:
        shared_notebook.run(f"{head}\n{body}")
        frames = "__import__('traceback').extract_tb(__import__('sys').last_traceback)"
        shown = shared_notebook.run(f"[(f.lineno, f.colno, f.end_colno) for f in {frames}][-2:]")
        return list(eval(shown.text))

    assert trace("#") == trace("%%track --watch loss")


def test_objects_of_the_users_own_are_not_asked_for_a_number(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track --watch odd\n"
        "asked = []\n"
        "class Odd:\n"
        "    def __getattr__(self, name): asked.append(name); raise RuntimeError\n"
        "    def __float__(self): asked.append('float'); return 1.0\n"
        "    def item(self): asked.append('item'); return 1.0\n"
        "class Number(float):\n"
        "    def __float__(self): raise KeyError\n"
        "odd = Odd()\nodd = Number(2)\nodd = 3\nasked"
    )
    assert result.ok, result.text
    assert "[]" in result.text
    assert values(shared_notebook, "odd") == [3]
    assert "--watch odd: 2 assigned value(s)" in result.text


def test_names_that_are_never_assigned_are_named(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("def earlier():\n    error = 1\n    return error")
    text = notebook.run(
        "%%track --watch error rare\nerror_rate = earlier()\nif not error_rate:\n    rare = 1"
    ).text
    assert (
        "--watch error: this cell never assigns 'error'; only assignments that stand in the tracked cell" in text
    )
    assert "--watch rare: never assigned while the cell ran" in text


def test_a_name_that_is_logged_and_watched_keeps_two_curves(shared_notebook: Notebook) -> None:
    result = shared_notebook.run(
        "%%track --watch loss\nimport runlore\nfor loss in (1.0, 2.0):\n    runlore.log(loss=loss, step=10)"
    )
    assert "kept apart as 'log/loss'" in result.text
    assert values(shared_notebook, "loss") == values(shared_notebook, "log/loss") == [1, 2]


DEVICE = textwrap.dedent(
    """
    import runlore, torch
    from torch.utils._pytree import tree_map

    class OnDevice(torch.Tensor):
        '''A tensor whose numbers lie elsewhere: reading them is counted.'''
        reads, broken = 0, False

        @staticmethod
        def __new__(cls, inner):
            made = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype, device="xpu:0")
            made.inner = inner
            return made

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            inner = lambda x: x.inner if isinstance(x, OnDevice) else x
            result = function(*tree_map(inner, args), **tree_map(inner, {**(kwargs or {}), "device": None} if
                              "device" in (kwargs or {}) else (kwargs or {})))
            if function.overloadpacket.__name__ in ("_local_scalar_dense", "_to_copy"):
                cls.reads += 1
                if cls.broken:
                    raise RuntimeError("device-side assert triggered")
                return result
            if function.overloadpacket.__name__.endswith("_"):
                return args[0]
            return tree_map(lambda x: OnDevice(x) if isinstance(x, torch.Tensor) else x, result)

    def device(number, dtype=torch.float32):
        return OnDevice(torch.tensor(number, dtype=dtype))
    """
)


def curves(run: RunRecord) -> dict[str, list[tuple[int, float]]]:
    return {
        name: [(step, value) for step, _, value in points(read_records(path))]
        for name, path in run.metrics.items()
    }


def test_values_on_a_device_are_read_in_batches_and_in_order(run_script: Callable[..., str], home: Home) -> None:
    printed = run_script(
        DEVICE + "with runlore.start_run('many'):\n"
        "    loss = device(0.1)\n"
        "    for step in range(200):\n"
        "        runlore.log(loss=loss, count=device(step, torch.int64))\n"
        "        loss.add_(1.0)\n"  # in place: what was logged stays what it was
        "    print('reads', OnDevice.reads)\n"
        "    runlore.log(loss=-1.0)\n"  # a number that is known must not overtake those that wait
        "    for bad in (device([1.0, 2.0]), device(1j, torch.complex64), torch.zeros((), device='meta')):\n"
        "        try:\n            runlore.log(loss=bad)\n"
        "        except runlore.errors.MetricError as error:\n            print(error)\n"
        "    runlore.log(loss=torch.tensor(7.0), weight=torch.nn.Parameter(torch.ones(1)))\n"
        "OnDevice.reads = 0\n"
        "with runlore.start_run('few'):\n"
        "    for step in range(60):\n        runlore.log(loss=device(float(step)))\n"
        "    print('during', OnDevice.reads)\n"
        "print('after', OnDevice.reads)\n"
        "with runlore.start_run('broken'):\n"
        "    runlore.log(loss=device(1.0))\n"
        "    OnDevice.broken = True\n"
        "    runlore.log(loss=2.0)\n"
    )
    assert 0 < int(printed.split("reads ")[1].split()[0]) <= 20
    assert "not a tensor of shape (2,)" in printed
    many, few, broken = (run for session in sessions(home) for run in session.runs.values())
    assert [step for step, _ in curves(many)["loss"]] == list(range(202))
    assert [round(value, 2) for _, value in curves(many)["loss"][:200]] == [round(0.1 + n, 2) for n in range(200)]
    assert [value for _, value in curves(many)["loss"][200:]] == [-1, 7]
    assert curves(many)["count"] == [(n, n) for n in range(200)]
    assert curves(many)["weight"] == [(0, 1)]
    assert "during 0" in printed
    assert "after 1" in printed
    assert curves(few)["loss"] == [(n, n) for n in range(60)]
    assert curves(broken)["loss"] == [(1, 2.0)]
    said = [note.why for note in broken.not_captured if "waited on a device" in note.what]
    assert said == ["RuntimeError: device-side assert triggered"]
