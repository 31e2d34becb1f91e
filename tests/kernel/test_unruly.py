"""Objects of the user's that raise, hang or lie: recording neither stumbles over them nor wakes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Notebook

UNRULY = """
import time
LOG = []
def raising(name):
    def method(self, *args, **kwargs):
        LOG.append(name)
        raise RuntimeError(name)
    return method
NAMES = (
    "__repr__ __str__ __format__ __eq__ __hash__ __len__ __bool__ __iter__ __next__ __contains__ __getitem__ "
    "__call__ __getattr__ __dir__ __sizeof__ __int__ __float__ __index__ __copy__ __deepcopy__ __reduce__ "
    "__reduce_ex__ __getstate__ __array__ __array_interface__ __torch_function__ dtype shape nbytes values"
).split()
METHODS = {name: raising(name) for name in NAMES}
Unruly = type("Unruly", (), METHODS | {"__class__": property(raising("__class__"))})
class Asked(type):
    def __getattribute__(cls, name):
        LOG.append("class." + name)
        return type.__getattribute__(cls, name)
    __eq__, __instancecheck__ = raising("class =="), raising("isinstance")
    def __hash__(cls):
        LOG.append("class hash")
        return 1
class Listening(metaclass=Asked):
    def __getattribute__(self, name):
        LOG.append(name)
        return object.__getattribute__(self, name)
class Number(int):
    __eq__, __repr__, __hash__ = raising("int =="), raising("int repr"), raising("int hash")
class Words(dict):
    items, keys, __iter__, __len__ = raising("items"), raising("keys"), raising("iter"), raising("len")
class Row(list):
    __iter__, __len__, __getitem__ = raising("list iter"), raising("list len"), raising("list item")
class Hanging:
    def __reduce_ex__(self, protocol):
        try:
            time.sleep(600)
        finally:
            LOG.append("woken")
"""
MADE = (
    "unruly, listening, number, words, row = Unruly(), Listening(), Number(5), Words(a=1), Row([1])\n"
    "config = dict(unruly=unruly); config['itself'] = config\n"
    "nested = [unruly, listening, number, {'words': words, 'row': row}]\n"
    "LOG.clear()"
)


@pytest.fixture
def notebook(open_notebook: Callable[..., Notebook]) -> Notebook:
    opened = open_notebook().load()
    assert opened.run(UNRULY).ok
    assert opened.run(MADE).ok
    return opened


def test_nothing_of_theirs_is_called(notebook: Notebook) -> None:
    for source in (
        "x = 1",
        "y = nested[0] is unruly, number is listening, words is row",
        "%%track a --watch loss\nloss = 1",
    ):
        assert notebook.run(source).ok
    assert notebook.run("LOG").text == "[]"


def test_a_run_that_uses_them_runs(notebook: Notebook) -> None:
    tracked = notebook.run(
        "%%track hyper\nimport runlore\nlr = 0.5\nfor one in (unruly, config, words, row, number): one is None\n"
        "runlore.log(x=lr)\n'computed'"
    )
    assert tracked.ok, tracked.text
    assert "'computed'" in tracked.text
    assert notebook.last_run().status == "finished"
    assert notebook.last_run().params["lr"] == 0.5


@pytest.mark.thorough
def test_keeping_variables_after_an_interrupt_ends_in_time(notebook: Notebook) -> None:
    notebook.run("hanging = Hanging()")
    notebook.start("print('on', flush=True)\ntime.sleep(600)")
    notebook.wait_for_output("on")
    notebook.interrupt()
    began = time.monotonic()
    assert notebook.run("LOG[-1]").text == "'woken'"
    assert time.monotonic() - began < 60  # and not the ten minutes that it would hang
    assert notebook.run("import signal; time.sleep(1.5); signal.getsignal(signal.SIGINT)").ok
    notes = [(note.what, note.why) for note in notebook.session().not_captured]
    assert any("as the interrupt of cell" in what and "more than 10 seconds" in why for what, why in notes), notes


def test_files_that_a_kill_left_unhashed_are_known_to_be_missing(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    (tmp_path / "small.csv").write_text("a")
    with (tmp_path / "large.bin").open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    notebook = open_notebook().load()
    notebook.run("x = open('small.csv').read()")
    while not notebook.session().cells[0].data_recorded:
        time.sleep(0.02)
    notebook.start(
        "import os, signal\n"
        "for n in range(30): os.link('large.bin', f'{n}.bin'); open(f'{n}.bin', 'rb').close()\n"
        "get_ipython().events.register('post_run_cell', lambda _: os.kill(os.getpid(), signal.SIGKILL))"
    )
    while not notebook.session().died:
        time.sleep(0.05)
    first, last = notebook.session().cells[0], notebook.session().cells[1]
    assert first.opened
    assert first.data_recorded
    assert last.opened
    assert not last.data_recorded
