"""What no replay gives back is noted: clocks, ids from chance, the network, other programs, directory listings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.capture.calls import uncontrolled_calls
from runlore.objects import ObjectStore
from tests.conftest import Notebook

Found = set[tuple[str, str]]


def used(notebook: Notebook, source: str) -> Found:
    """Run a cell; what it is said to have used."""
    notebook.run(source)
    cells = notebook.session().cells
    events = [(event.kind, event.detail) for event in cells[max(cells)].facts.uncontrolled]
    assert len(set(events)) == len(events)
    return set(events)


def test_clocks_and_chance_by_whatever_name(shared_notebook: Notebook) -> None:
    run = shared_notebook
    assert used(run, "import time\nfor _ in range(3):\n    s = time.time() - time.perf_counter()") == {
        ("clock", "time.time"),
        ("clock", "time.perf_counter"),
    }
    assert (
        used(run, "from time import time as now_is, sleep\nimport datetime as dt; from datetime import datetime")
        == set()
    )
    assert used(run, "now_is(); dt.datetime.now(); datetime.utcnow; sleep(0)") == {
        ("clock", "time.time"),
        ("clock", "datetime.datetime.now"),
    }
    assert used(
        run, "import uuid, os, secrets, random\nuuid.uuid4(); os.urandom(2); secrets.choice([1]); random.random()"
    ) == {
        ("uuid", "uuid.uuid4"),
        ("urandom", "os.urandom"),
        ("urandom", "secrets.choice"),
    }
    assert used(run, "random.SystemRandom().random()\norder = sorted([1, 2], key=id)") == {
        ("urandom", "random.SystemRandom"),
        ("address order", "id"),
    }
    assert used(run, "t = %timeit -o -q -n 1 -r 1 1") == {("clock", "%timeit")}
    assert used(run, "first = id(order)") == {("address order", "id")}
    assert (
        used(
            run,
            "class Timer:\n    def time(self): return 1\ntimer = Timer(); timer.time(); now = 3; 'time.time()'",
        )
        == set()
    )
    assert used(run, "%time x = 1") == {("clock", "%time")}
    assert used(run, "def broken(:\n    time.time()") == set()


def test_programs_are_named_without_their_arguments(shared_notebook: Notebook) -> None:
    run = shared_notebook
    found = used(
        run,
        "import subprocess, os\nsubprocess.run(['/bin/echo', 'token-1'], env={}); os.system('A=secret true -x')",
    )
    assert {pair for pair in found if pair[0] != "environment copy"} == {
        ("subprocess", "echo"),
        ("subprocess", "true"),
    }
    assert used(run, "!echo token-2\nfiles = !ls -a") >= {("subprocess", "echo"), ("subprocess", "ls")}
    assert ("subprocess", "bash") in used(run, "%%bash\necho hi; time.time()")
    details = [event.detail for cell in run.session().cells.values() for event in cell.facts.uncontrolled]
    assert not [detail for detail in details if "token" in detail or "A=" in detail]


def test_network_by_host_and_port_without_credentials(shared_notebook: Notebook) -> None:
    source = (
        "import socket, urllib.request\n"
        "def call(u):\n    try: urllib.request.urlopen(u, timeout=0.2)\n    except OSError: pass\n"
        "call('http://user:pw@nowhere.invalid:81/path?key=1')\n"
        "s = socket.socket(); s.settimeout(0.01)\n"
        "try: s.connect(('192.0.2.1', 82))\nexcept OSError: pass\n"
        "socket.socketpair()\nserver = socket.create_server(('127.0.0.1', 0))\n"
    )
    assert used(shared_notebook, source) == {("network", "nowhere.invalid:81"), ("network", "192.0.2.1:82")}
    (local,) = used(shared_notebook, "c = socket.create_connection(server.getsockname()); c.close()")
    assert local[0] == "network"
    assert local[1].startswith("127.0.0.1:")
    assert used(shared_notebook, "import asyncio; asyncio.new_event_loop().close()") == set()


def test_listings_of_directories_that_are_not_sorted(shared_notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    run = shared_notebook
    for listing in ("os.listdir(d)", "list(Path(d).iterdir())", "glob.glob(d + '/*')", "list(os.walk(d))"):
        found = used(
            run, f"import os, glob; from pathlib import Path\nd = {str(tmp_path)!r}\nfor f in {listing}: pass"
        )
        assert ("directory listing", str(tmp_path)) in found, listing
        found = used(run, f"x = sorted({listing})")
        assert {kind for kind, _ in found} == {"directory contents"}, listing
        digest, _, directory = min(detail for _, detail in found if detail.endswith(str(tmp_path))).partition(" ")
        assert directory == str(tmp_path)
        assert ObjectStore(shared_notebook.home.objects).get(digest) == b'["a"]'
    assert used(run, "import importlib.metadata, wave, colorsys; importlib.metadata.version('pip')") == set()


def test_only_the_names_that_a_pattern_matches_count(shared_notebook: Notebook, tmp_path: Path) -> None:
    source = (
        "import glob; from pathlib import Path\n"
        f"x = sorted(glob.glob({str(tmp_path)!r} + '/*.csv')), sorted(Path({str(tmp_path)!r}).glob('*.csv'))"
    )
    (tmp_path / "a.csv").touch()
    before = used(shared_notebook, source)
    (tmp_path / "plot.png").touch()
    assert used(shared_notebook, source) == before != set()
    (tmp_path / "b.csv").touch()
    assert used(shared_notebook, source) != before


def test_environment_variables_by_name_and_never_by_value(shared_notebook: Notebook) -> None:
    run = shared_notebook
    run.run("import os; from os import environ as env; os.environ['RATE'] = 'tr0ub4dor'; name = 'RATE'")
    ways = ("os.environ['RATE']", "env.get('RATE', 1)", "os.getenv(key) if (key := name) else 0", "env[name]")
    found = [used(run, way) for way in ways]
    assert found[0] == found[1] == found[2] == found[3]
    ((kind, detail),) = found[0]
    assert kind == "environment variable"
    assert detail.startswith("RATE ")
    assert "tr0ub4dor" not in detail
    assert used(run, "os.environ['RATE'] = 'another'; env.get('RATE')") not in (found[0], set())
    assert used(run, "os.getenv('NOT_THERE_AT_ALL')") == {("environment variable", "NOT_THERE_AT_ALL unset")}
    assert used(run, "env['WRITTEN'] = '1'; env.update(A='1'); del env['WRITTEN']; {}.get('RATE')") == set()
    ((_, present),) = used(run, "'RATE' in env")
    assert present.startswith("RATE ")


def test_whole_copies_of_the_environment_never_by_value(shared_notebook: Notebook) -> None:
    run = shared_notebook
    run.run("import os, subprocess; from os import environ as env; os.environ['RATE'] = 'tr0ub4dor'; name = 'a'")
    copies = ("dict(os.environ)", "{**env}", "env.copy()", "[v for v in env.values()]", "os.environ['R' + 'ATE']")
    found = [used(run, way) for way in copies]
    assert all(one == found[0] for one in found)
    ((kind, detail),) = found[0]
    digest, reader = detail.split(" ", 1)
    assert (kind, reader) == ("environment copy", "os.environ")
    assert {("environment copy", f"{digest} a subprocess")} < used(run, "subprocess.run(['true'])")
    assert {("environment copy", f"{digest} a subprocess")} > {
        pair for pair in used(run, "subprocess.run(['true'], env={'A': '1'})") if pair[1].startswith(digest)
    }
    kept = ObjectStore(run.home.objects).get(digest)
    assert b'"RATE":' in kept
    assert b"tr0ub4dor" not in kept
    assert used(run, "os.environ['RATE'] = 'another'; c = dict(env)") not in (found[0], set())


def test_objects_that_are_ordered_by_address(shared_notebook: Notebook) -> None:
    run = shared_notebook
    run.run(
        "import weakref, enum\nclass Node: pass\nclass Named(Node):\n    __hash__ = lambda self: 1\n"
        "class Graph: pass\nnodes, named = [Node(), Node()], [Named()]\n"
        "graph = Graph(); graph.edges = set(nodes); weak = weakref.WeakSet(nodes); mixed = {'a', None}"
    )
    node = {("address order", "objects of Node")}
    for ordered in ("set(nodes)", "{n for n in nodes}", "sorted(nodes, key=hash)", "list(weak)", "hash(nodes[0])"):
        assert used(run, f"x = {ordered}") == node, ordered
        run.run("del x")
    assert used(run, "for node in graph.edges: pass") == node
    assert used(run, "sorted(nodes, key=repr);") == node
    assert used(run, "list(mixed);") == {("address order", "objects of NoneType")}
    for harmless in ("nodes[0]", "set(named)", "[*nodes]", "set(['a', None])", "{1, 2}", "{'nodes': nodes}"):
        assert used(run, f"{harmless};") == set(), harmless


def test_threads_and_workers_that_race(shared_notebook: Notebook) -> None:
    run = shared_notebook
    threads, workers = ("schedule", "threads"), ("schedule", "worker processes")
    assert used(run, "import threading\nt = threading.Thread(target=int); t.start(); t.join()") == {threads}
    assert workers in used(
        run,
        "import multiprocessing as mp\np = mp.get_context('fork').Process(target=int); p.start(); p.join()",
    )
    assert workers in used(run, "p = mp.get_context('spawn').Process(target=int); p.start(); p.join()")
    finalizer = "class Held:\n    def __del__(self): print('gone')"
    assert used(run, finalizer) == {("schedule", "the garbage collector")}
    assert used(run, "sum(range(10));") == set()


def test_process_ids_and_times_of_files(shared_notebook: Notebook) -> None:
    run = shared_notebook
    found = used(
        run, "import os; from os.path import getmtime\nos.getpid(); getmtime('.'); os.stat('.').st_mtime_ns"
    )
    assert found == {
        ("process id", "os.getpid"),
        ("file time", "os.path.getmtime"),
        ("file time", "st_mtime_ns"),
    }


def test_modules_of_the_users_are_read_too(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = open_notebook().load()
    (tmp_path / "helpers.py").write_text(
        "from time import time as t\nimport os\ndef f():\n    return t()\ndef g():\n    return os.listdir('.')\n"
    )
    assert used(notebook, "import helpers") == {("clock", "time.time in module helpers")}
    found = used(notebook, "helpers.g();")
    assert {(kind, detail.rpartition(" ")[2]) for kind, detail in found} == {
        ("directory listing", str(tmp_path)),
        ("directory contents", str(tmp_path)),
    }
    notebook.run("from runlore.session import Session; Session.current().end()")
    notebook.run("import os; os.listdir('.')")
    assert len(notebook.session().cells[1].facts.uncontrolled) == 2


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import ssl\nssl.RAND_bytes(4)", ("urandom", "ssl.RAND_bytes")),
        ("%%track t\nimport os\nos.urandom(4)\n!echo", ("urandom", "os.urandom")),
        ("con.execute('select Random() from t')", ("urandom", "random() in SQL")),
        ("con.execute(\"insert into t values (date('now'))\")", ("clock", "date in SQL")),
        ("import numpy as np\nnp.datetime64('now')", ("clock", "numpy.datetime64")),
        ("import asyncio\nasyncio.get_running_loop().time()", ("clock", "the event loop's time")),
        ("import threading\nthreading.get_ident()", ("process id", "threading.get_ident")),
        ("import psutil\npsutil.virtual_memory().available", ("machine state", "psutil.virtual_memory")),
        ("open('/proc/self/stat').read()", ("machine state", "/proc/self/stat")),
        ("from tempfile import mkdtemp\nmkdtemp()", ("temporary path", "tempfile.mkdtemp")),
        ("np.datetime64('2024-01-01'); print('choose random() numbers')", None),
    ],
)
def test_what_else_is_new_each_time(source: str, found: tuple[str, str] | None) -> None:
    assert (found in uncontrolled_calls(source, {})) if found else uncontrolled_calls(source, {}) == []


@pytest.mark.parametrize("source", ["", "%%html\n<b>id()</b>", "x = 'time'", "\x00time.time()", "await time.time"])
def test_odd_sources(source: str) -> None:
    assert uncontrolled_calls(source, {}) == []
