"""Fingerprints of variables: the same in every process, different when the value is, taken without user code."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from runlore.capture.fingerprint import FULL, fingerprint
from runlore.capture.variables import compare
from tests.conftest import Notebook
from tests.kernel.test_outputs import stored

HOSTILE = """
def trap(*args): raise SystemExit('user code ran')
names = ['repr', 'str', 'eq', 'reduce', 'reduce_ex', 'len', 'iter', 'bool', 'format', 'getattr', 'getattribute',
         'buffer', 'array', 'sizeof', 'dir', 'getstate']
traps = {f'__{name}__': trap for name in names} | {'__hash__': lambda self: 1}
Hostile = type('Hostile', (), traps)
tricks = ('getattribute', 'eq', 'repr', 'instancecheck', 'subclasscheck', 'hash')
Meta = type('Meta', (type,), {f'__{name}__': trap for name in tricks})
Odd = Meta('Odd', (), {})
Property = type('Property', (), {'__dict__': property(trap)})
class Mine(list):
    __iter__ = __len__ = __getitem__ = trap
class Mapping(dict):
    items = keys = __iter__ = __len__ = trap
class Number(int):
    __int__ = __index__ = __str__ = __repr__ = __format__ = trap
bare, odd, listed, mapped, number = object.__new__(Hostile), object.__new__(Odd), Mine(), Mapping(), Number(3)
prop = object.__new__(Property)
inside = [bare, odd, {'key': number, 'other': [listed, mapped, prop]}, (Hostile, Odd)]
"""


def taken(notebook: Notebook, source: str) -> dict[str, str]:
    """Run a cell; the fingerprints of its end."""
    assert notebook.run(source).ok
    cells = notebook.session().cells
    digest = cells[max(cells)].variables
    assert digest is not None
    found = json.loads(stored(notebook, digest))
    assert isinstance(found, dict)
    return found


def looked_at(notebook: Notebook, source: str, *names: str) -> dict[str, str]:
    """Run a cell, once more where the machine left no time to look at these names; the fingerprints."""
    for _ in range(10):
        found = taken(notebook, source)
        if found.keys() >= set(names):
            return found
    pytest.fail(f"of {names} only {sorted(found)} were ever looked at")


def test_what_a_cell_binds_mentions_or_reaches_is_looked_at(shared_notebook: Notebook) -> None:
    run = shared_notebook
    bound = "a, b, c = 1, [1, 2], {'k': {3, 4}}\npassword = 'x'; _hidden = 2; import time"
    first = looked_at(run, bound, "a", "b", "c")
    assert first["a"] == "int:1"
    assert first.keys().isdisjoint({"password", "_hidden", "In", "Out", "exit", "time"})
    assert looked_at(run, "b.append(3)", "b")["b"] != first["b"]
    taken(run, "def touch():\n    return inner()\ndef inner():\n    c['k'].add(5)")
    assert looked_at(run, "touch()", "c")["c"] != first["c"]
    assert looked_at(run, "globals()['a'] = 2.5", "a")["a"] == "float:0x1.4000000000000p+1"
    alias = looked_at(run, "alias = b", "alias", "b")
    assert alias["alias"] == alias["b"]
    # What nobody mentions is found in turn.
    run.run("hidden_way = globals()['b'].append")
    assert any("b" in taken(run, "hidden_way(9)") for _ in range(100))


def test_no_code_of_the_users_runs() -> None:
    made: dict[str, Any] = {"__name__": "__main__"}
    exec(HOSTILE, made)
    taken = {
        name: fingerprint(made[name], FULL) for name in ("bare", "inside", "listed", "mapped", "number", "prop")
    }
    assert [name for name, found in taken.items() if found is None] == ["listed", "mapped", "number", "prop"]
    assert "?" in (taken["inside"] or "")  # it holds some that are more than their attributes, or hide them


class Point(NamedTuple):
    x: int
    y: int


VALUES: dict[str, tuple[Any, Any]] = {
    "integer": (2**70, 2**70 + 1),
    "text": ("a", "b"),
    "bytes": (b"a", bytearray(b"a")),
    "type": ([1], (1,)),
    "truth": ([1], [True]),
    "nested": ({"a": [1, (2.0, None)]}, {"a": [1, (2.5, None)]}),
    "zero": ([0.0], [-0.0]),
    "order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "array": (np.arange(6), np.arange(6).reshape(2, 3)),
    "dtype": (np.zeros(2, "f4"), np.zeros(2, "i4")),
    "objects": (np.array(["a", None], dtype=object), np.array(["a", 1], dtype=object)),
    "times": (np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-02"], "M8[D]")),
    "scalar": (np.float64(1.5), np.float32(1.5)),
    "frame": (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})),
    "index": (pd.DataFrame({"a": [1]}, index=["p"]), pd.DataFrame({"a": [1]}, index=["q"])),
    "columns": (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    "category": (pd.Series(["a", "b"], dtype="category"), pd.Series(["a", "a"], dtype="category")),
    "missing": (pd.Series([1, None], dtype="Int64"), pd.Series([1, 2], dtype="Int64")),
    "large": (np.arange(1e6), np.arange(1e6) + 1),
    "long": (list(range(10_000)), list(range(1, 10_001))),
    "set": ({"a"}, {"b"}),
    "named tuple": (Point(1, 2), Point(1, 3)),
    "attributes": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=2)),
}


@pytest.mark.parametrize("name", VALUES)
def test_different_values_have_different_fingerprints(name: str) -> None:
    one, other = VALUES[name]
    assert fingerprint(one) is not None
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one, FULL) != fingerprint(other, FULL)


def test_equal_values_have_equal_ones_however_they_lie_in_memory() -> None:
    array = np.random.default_rng(0).random((300, 400))
    assert fingerprint(array[:20, :20].T) == fingerprint(array[:20, :20].T.copy())
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert fingerprint(frame) == fingerprint(pd.concat([frame[["a"]], frame[["b"]]], axis=1))
    cycle: list[Any] = [1]
    cycle.append(cycle)
    assert fingerprint(cycle) is not None
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    assert fingerprint(deep, FULL) is not None


def test_a_change_that_sampling_misses_is_seen_in_full() -> None:
    one, other = np.zeros(10**6), np.zeros(10**6)
    other[600] = 1
    sampled, again = fingerprint(one), fingerprint(other)
    assert sampled is not None
    assert again is not None
    assert "~" in sampled
    assert compare(sampled, again) == "same as sampled"
    assert compare(f"{sampled}/{fingerprint(one, FULL)}", f"{again}/{fingerprint(other, FULL)}") == "different"
    assert compare(f"{sampled}/{fingerprint(one, FULL)}", sampled) == "same as sampled"


def test_two_processes_agree_except_on_the_order_of_sets(tmp_path: Path) -> None:
    code = (
        "import decimal, datetime, pathlib, collections\nfrom runlore.capture.fingerprint import fingerprint\n"
        "class P:\n    def __init__(self): self.a = {'x': [1]}\n"
        "print([fingerprint(v) for v in ({'a': 1.5, 'b': None}, P(), decimal.Decimal('1.5'), pathlib.Path('/a'),"
        " datetime.datetime(2020, 1, 1), collections.Counter('aab'), {c: 1 for c in 'abcdefgh'})])\n"
        "print(fingerprint({'w': set('abcdefghijklm')}))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for seed in ("1", "2")
    ]
    assert told[0][0] == told[1][0]
    assert "None" not in told[0][0]
    assert compare(told[0][1], told[1][1]) == "other order"
