"""Backward slices: the cells that are left out change nothing, whatever the session does."""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import re
import resource
import signal
import string
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import psutil
import pytest

from runlore import events as ev
from runlore.record import CellFacts, CellRecord
from runlore_server.slice.slice import Slice, backward_slice
from tests.server.programs import Programs
from tests.server.sessions import SESSIONS

PROGRAMS = int(os.environ.get("RUNLORE_TEST_SESSIONS", "300"))

_OUTSIDE = dict(vars(string))


_PROCESS = psutil.Process()
_MOST_MEMORY = 2 << 30
"""Bytes that a session may add to the process."""


class _TooLong(BaseException):
    pass


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, stop)
    memory = resource.getrlimit(resource.RLIMIT_AS)
    in_use = _PROCESS.memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (in_use + _MOST_MEMORY, memory[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.05)  # again, where a cell swallowed it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, memory)
        signal.signal(signal.SIGPROF, before)


def execute(cells: Sequence[tuple[int, str]]) -> tuple[str, dict[int, Exception | None]]:
    """Run cells in a new namespace; what they leave in ``result``, and how each ended."""
    for name in vars(string).keys() - _OUTSIDE.keys():
        del vars(string)[name]  # this module and the environment are all that sessions share here
    vars(string).update(_OUTSIDE)
    os.environ.pop("QQ", None)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    ends: dict[int, Exception | None] = {}
    with _limited(0.5), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ordinal, source in cells:
            try:
                exec(compile(source, "cell", "exec"), namespace)
                ends[ordinal] = None
            except MemoryError:
                raise _TooLong from None
            except Exception as error:  # noqa: BLE001 - a cell may raise anything
                ends[ordinal] = error
    return re.sub("0x[0-9a-f]+", "0x", str(namespace.get("result"))), ends


def history(cells: Sequence[str], ends: dict[int, Exception | None] | None = None) -> list[CellRecord]:
    made = []
    for ordinal, source in enumerate(cells):
        error = (ends or {}).get(ordinal)
        told = None if error is None else ev.ErrorInfo(name=type(error).__name__, message=str(error), traceback="")
        made.append(
            CellRecord(
                ordinal=ordinal,
                source=source,
                started=0.0,
                execution_count=ordinal + 1,
                outcome="ok" if error is None else "error",
                error=told,
            )
        )
    return made


def sliced(*cells: str) -> list[int]:
    """The ordinals that the last cell needs."""
    return [cell.ordinal for cell in backward_slice(history(cells), {len(cells) - 1}).cells]


@pytest.mark.filterwarnings("ignore")
def test_random_sessions_come_out_the_same_without_the_cells_left_out() -> None:
    def fails(cells: list[str]) -> bool:
        try:
            return execute(list(enumerate(cells)))[1][len(cells) - 1] is not None
        except (_TooLong, RecursionError):
            return True

    kept = executed = compared = 0
    for seed in range(PROGRAMS):
        cells = Programs(seed).session(fails)
        last = len(cells) - 1
        try:
            whole, ends = execute(list(enumerate(cells)))
            found = backward_slice(history(cells, ends), {last})
            part, again = execute([(cell.ordinal, cell.source) for cell in found.cells])
        except (_TooLong, RecursionError):
            continue
        assert (part, type(again[last])) == (whole, type(ends[last])), (seed, cells, found.left_out)
        kept, executed, compared = kept + len(found.cells), executed + len(cells), compared + 1
    assert compared > 0.95 * PROGRAMS
    assert kept < 0.75 * executed  # it does leave something out


IMPORTS = "import numpy as np, pandas as pd, torch, random\nimport matplotlib.pyplot as plt"
DATA = "df = pd.DataFrame({'x': [1.0, 2.0], 'y': [0, 1]})\nX, y = df[['x']].values, df['y'].values"


@pytest.mark.parametrize(
    ("cells", "needed"),
    [
        pytest.param(["a = [1]", "b = a", "b.append(2)", "c = 5", "a"], [0, 1, 2, 4], id="alias"),
        pytest.param(["x = 1", "def f(): return x", "x = 2", "y = x", "f()"], [1, 2, 4], id="globals when called"),
        pytest.param(["x = 1", "x = 2", "x"], [1, 2], id="overwritten"),
        pytest.param(["x = 1", "if False: x = 2", "x"], [0, 1, 2], id="perhaps overwritten"),
        pytest.param(["x = [3]", "del x", "x = 1", "x"], [2, 3], id="deleted and bound again"),
        pytest.param(["a = 1", "a + 1", "b = 7", "_"], [0, 1, 3], id="the last result"),
        pytest.param(["a = 1", "a + 1", "b = 7", "Out[2] + _2"], [0, 1, 3], id="a numbered result"),
        pytest.param(["a = 1", "b = 2", "exec(In[1])", "c = 3", "a"], [0, 1, 2, 4], id="a cell's text"),
        pytest.param(["a = 1", "b = 2", "eval('a')"], [0, 1, 2], id="eval"),
        pytest.param(["import os", "os.environ['A'] = '1'", "x = 3", "x"], [0, 1, 2, 3], id="environment"),
        pytest.param(["%matplotlib inline", "!ls", "%cd ..", "x = 1", "y = 2", "x"], [0, 1, 2, 3, 5], id="magics"),
        pytest.param(["%%time\nx = 1\nz = 3", "%time y = x", "x = 5", "y"], [0, 1, 3], id="wrapped code"),
        pytest.param(["s = 'a'", "files = !echo {s}", "n = 1", "files"], [0, 1, 3], id="a shell line's variable"),
        pytest.param(["%load_ext x", "x = 1", "%run other.py", "y = 1", "x"], [0, 1, 2, 4], id="run"),
        pytest.param([IMPORTS, "np.random.seed(0)", "q = np.random.rand()", "1"], [0, 1, 3], id="seeds"),
        pytest.param(
            [
                IMPORTS,
                DATA,
                "df.head()",
                "plt.plot(df.x); plt.show()",
                "print(df.describe())",
                "df['x'].mean()",
                "X.sum()",
            ],
            [0, 1, 6],
            id="exploration",
        ),
        pytest.param(
            [IMPORTS, DATA, "df['z'] = 1", "df.drop(columns='x', inplace=True)", "df"],
            [0, 1, 2, 3, 4],
            id="a table changed",
        ),
        pytest.param(
            [IMPORTS, DATA, "random.shuffle(y)", "X"], [0, 1, 2, 3], id="one shuffled that shares its table"
        ),
        pytest.param(
            [
                "from sklearn.linear_model import Ridge",
                IMPORTS,
                DATA,
                "m = Ridge().fit(X, y)",
                "m.score(X, y)",
                "m = Ridge(2)\nm.fit(X, y)\nm.score(X, y)",
            ],
            [0, 1, 2, 5],
            id="an earlier estimator",
        ),
        pytest.param(
            [
                IMPORTS,
                "X = torch.ones(3)",
                "def train(d, lr):\n    m = torch.nn.Linear(3, 1)\n"
                "    o = torch.optim.SGD(m.parameters(), lr)\n    for _ in range(2):\n        l = m(d).sum()\n"
                "        o.zero_grad(); l.backward(); o.step()\n    return m, l.item()",
                "m1, l1 = train(X, 0.1)",
                "m2, l2 = train(X, 0.2)",
                "m2(X)",
            ],
            [0, 1, 2, 4, 5],
            id="an earlier training",
        ),
        pytest.param(
            ["import helper", "a = [1]", "helper.set_up()", "b = 2", "a"], [0, 1, 2, 4], id="a local module"
        ),
        pytest.param(["import warnings", "warnings.simplefilter('error')", "1"], [0, 1, 2], id="warnings"),
        pytest.param(
            ["import threading", "t = threading.Thread(target=print); t.start()", "1"], [0, 1, 2], id="threads"
        ),
        pytest.param(["from math import *", "x = pi", "y = 2", "x"], [0, 1, 3], id="star import"),
        pytest.param(["x = (", "y = 2", "y"], [1, 2], id="never compiled"),
        pytest.param(
            ["%track on", "import runlore\nrunlore.log(a=1); b = 3", "%track off", "b"],
            [0, 1, 3],
            id="a span that a needed cell logs to",
        ),
        pytest.param(
            [IMPORTS, DATA, "limit = 1", "other = 2", "df.query('x > @limit')"], [0, 1, 2, 4], id="query"
        ),
        pytest.param(["it = iter([1, 2])", "next(it)", "list(it)"], [0, 1, 2], id="an iterator used up"),
        pytest.param(
            ["import functools", "@functools.lru_cache\ndef f(n): return n", "f(1)", "g = 2", "f(1)"],
            [0, 1, 4],
            id="a cached function",
        ),
    ],
)
def test_what_is_needed(cells: list[str], needed: list[int]) -> None:
    if cells[0].startswith("x = ("):
        records = history(cells, {0: SyntaxError("'(' was never closed")})
        assert [cell.ordinal for cell in backward_slice(records, {2}).cells] == needed
    else:
        assert sliced(*cells) == needed


def with_files(**files: tuple[list[str], list[str]]) -> Slice:
    """A session of cells ``cell_0 ...`` that read and wrote the given files; what the last one needs."""
    records = history([f"x{number} = work({number})" for number in range(len(files))])
    for record, (reads, writes) in zip(records, files.values(), strict=True):
        record.source = "import pandas as pd\npd.DataFrame().to_csv('f')" if writes else "1"
        known = {"time": 0.0, "ordinal": record.ordinal, "digest": "d", "size": 1, "seen_by": "audit"}
        record.facts = CellFacts(
            reads=[ev.FileRead(path=path, **known) for path in reads],  # type: ignore[arg-type]
            writes=[ev.FileWritten(path=path, **known) for path in writes],  # type: ignore[arg-type]
        )
    return backward_slice(records, {len(records) - 1})


def test_files_lead_from_reader_to_writer() -> None:
    found = with_files(a=([], ["/a"]), b=(["/a"], ["/b"]), c=([], ["/c"]), d=(["/b"], []))
    assert [cell.ordinal for cell in found.cells] == [0, 1, 3]
    assert found.reasons[1] == "cell 3 reads the file /b"


def test_a_script_that_a_process_reads_leads_to_the_cell_that_wrote_it() -> None:
    records = history(
        ["open('train.py', 'w')", "pd.DataFrame().to_csv('f')", "subprocess.run(['python', 'train.py'])"]
    )
    known = {"time": 0.0, "digest": "d", "size": 1, "seen_by": "fanotify"}
    for record in records[:2]:
        record.facts.writes.append(ev.FileWritten(path="/f", ordinal=record.ordinal, **known))  # type: ignore[arg-type]
    records[2].facts.scripts.append(ev.ScriptRead(path="/train.py", ordinal=2, writer=0, **known))  # type: ignore[arg-type]
    found = backward_slice(records, {2})
    assert found.reasons[0] == "cell 2 reads the file /train.py"


def test_a_cell_that_looks_like_writing_stays_where_nothing_watched_files() -> None:
    cells = ["import pandas as pd", "pd.DataFrame().to_csv('a.csv')", "x = 1", "pd.read_csv('a.csv')"]
    assert sliced(*cells) == [0, 1, 3]


def test_a_failed_cell_is_needed_for_what_it_did_before() -> None:
    cells = ["a = []", "a.append(1); 1 / 0", "b = 1; 1 / 0", "b = 2", "a"]
    records = history(cells, {1: ZeroDivisionError(), 2: ZeroDivisionError()})
    assert [cell.ordinal for cell in backward_slice(records, {4}).cells] == [0, 1, 4]


def test_the_reasons_name_the_variable() -> None:
    found = backward_slice(history(["a = 1", "b = 2", "import os; os.chdir('.')", "a"]), {3})
    assert found.reasons == {0: "cell 3 reads a", 2: "calls os.chdir", 3: "the run itself"}
    assert found.left_out == [1]
    assert found.imports == {"os"}


@pytest.fixture(scope="module")
def libraries() -> None:
    """Imported once, and before anything else is timed."""
    for name in ("numpy", "pandas", "sklearn.linear_model", "sklearn.model_selection", "sklearn.ensemble"):
        importlib.import_module(name)


def replay(cells: Sequence[tuple[int, str]], states: dict[int, Any]) -> tuple[Any, dict[int, Exception | None]]:
    """Run cells, each from the random states of its first execution; ``states`` is filled where it has none."""
    import numpy as np

    namespace: dict[str, Any] = {"__name__": "__main__"}
    ends: dict[int, Exception | None] = {}
    for ordinal, source in cells:
        python, arrays = states.setdefault(ordinal, (random.getstate(), np.random.get_state()))
        random.setstate(python)
        np.random.set_state(arrays)
        try:
            exec(compile(source, "cell", "exec"), namespace)
            ends[ordinal] = None
        except Exception as error:  # noqa: BLE001 - a cell may raise anything
            ends[ordinal] = error
    return namespace["result"], ends


RATIOS: dict[str, float] = {}


@pytest.mark.parametrize("name", SESSIONS)
@pytest.mark.filterwarnings("ignore")
def test_real_sessions_come_out_the_same(name: str, libraries: None, capsys: pytest.CaptureFixture[str]) -> None:
    cells = SESSIONS[name]
    states: dict[int, Any] = {}
    whole, ends = replay(list(enumerate(cells)), states)
    found = backward_slice(history(cells, ends), {len(cells) - 1})
    part, _ = replay([(cell.ordinal, cell.source) for cell in found.cells], states)
    assert repr(part) == repr(whole)
    RATIOS[name] = len(found.cells) / len(cells)


def test_slices_of_real_sessions_are_shorter(libraries: None) -> None:
    if len(RATIOS) == len(SESSIONS):
        assert sum(RATIOS.values()) / len(RATIOS) < 0.75, RATIOS
