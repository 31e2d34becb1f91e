"""A recorded session shows what it would show otherwise: numbers, history, tracebacks, hooks of the user's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Notebook

CELLS = [
    "x = 41",
    "x + 1",
    "_, __, ___, _i, _ii, _ih[-3:], Out, len(In)",
    "1/0",
    "%history -n 2-5",
    "%rerun 2",
    "%recall 2",
    "%macro again 3",
    "again",
    "ip = get_ipython()\n_ = ip.run_cell('x = 7; x')",
    "_ = ip.run_cell('ip.run_cell(\"y = 5; y\")')",
    "_ = ip.run_cell('1/0')",
    "_ = ip.run_cell('x', store_history=True)",
    "_ = ip.run_cell('x', silent=True)",
    "del _\nip.execution_count, len(In), In[-2]",
    "import warnings; warnings.simplefilter('error')",
    "x",
    "warnings.simplefilter('default')",
    "import sys; sys.setrecursionlimit(150)",
    "x",
    "sys.setrecursionlimit(1000)",
    "raise SystemExit",
    "sys.exit('bye')",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise BaseException('b')",
    "def traced(frame, event, arg): return None\nsys.settrace(traced)",
    "sys.gettrace() is traced",
    "sys.settrace(None)",
    "def f():\n    a = 1\n    raise ValueError('x')\nf()",
    "%xmode Plain",
    "f()",
    "%xmode Context",
    "x ===",
    "%%capture c\nprint('hi')",
    "c.stdout",
    "import gc; gc.disable()",
    "gc.isenabled(), gc.enable()",
    "sys.excepthook = lambda *error: None",
    "1/0",
    "sys.excepthook = sys.__excepthook__",
    "import io\nold = sys.stdout; sys.stdout = io.StringIO()\nprint('one')",
    "print('two')",
    "said = sys.stdout.getvalue(); sys.stdout = old; said",
    "shown = sys.displayhook\nsys.displayhook = lambda value: print('mine', value)",
    "5",
    "sys.displayhook = shown",
    "import builtins, time\nkept = builtins.open, time.time\nbuiltins.open = None; time.time = lambda: 0",
    "1",
    "builtins.open, time.time = kept",
    "print = get_ipython = runlore = None",
    "runlore",
    "del print, get_ipython, runlore",
    "import os\nif (pid := os.fork()) == 0: os._exit(0)\nos.waitpid(pid, 0)[1]",
    "import asyncio\nawait asyncio.sleep(0)\n9",
    "task = asyncio.ensure_future(asyncio.sleep(0, 'later'))",
    "await task",
    "from IPython.display import HTML, JSON, Latex, clear_output, display\nh = display('one', display_id='d1')",
    "h.update('two')",
    "display('three', display_id='d1', update=True)",
    "print('a'); clear_output(); print('b')",
    "display(HTML('<script>alert(1)</script>'), Latex('$x$'), JSON({'a': 1}))",
    "display({'application/octet-stream': b'123', 'text/plain': 't'}, raw=True)",
    "import logging; logging.warning('warned')",
    "!echo shell",
    "%%writefile alike.py\nz = 3",
    "%run alike.py",
    "z",
    "%load alike.py",
    "%reset -f",
    "'x' in globals(), 'In' in globals()",
    "for name in [name for name in dir() if not name.startswith('_')]: del globals()[name]",
    "11",
    "%reset -f in out",
    "12",
    "In, Out",
]


def shown(notebook: Notebook, source: str) -> list[Any]:
    """Everything that a front-end gets for the cell; streams as one text, however they were cut."""
    result = notebook.run(source)
    found: list[Any] = [result.reply["status"], result.reply.get("execution_count"), result.reply.get("payload")]
    streams: dict[str, str] = {}
    for output in result.outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
        else:
            found.append({key: value for key, value in output.items() if key != "transient"})
    return [re.sub(r"0x[0-9a-f]+|object at [0-9a-f]+|ipykernel_\d+|/\d+\.py", "..", repr([found, streams]))]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="some of these cells need it")
def test_a_session_shows_what_it_shows_unrecorded(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    recorded, plain = open_notebook(), open_notebook(cwd=tmp_path / "plain")
    for notebook, first in ((recorded, "%load_ext runlore"), (plain, "None")):
        notebook.run(first)
    for source in CELLS:
        assert shown(recorded, source) == shown(plain, source), source
    session = recorded.session()
    assert [cell.source for ordinal, cell in session.cells.items() if ordinal >= 0] == CELLS
    assert all(cell.outcome is not None for cell in session.cells.values())
    assert session.damaged_lines == 0
