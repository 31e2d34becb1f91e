"""Which cells of a notebook are recorded: by its path, by the cards that it shows, and what counts as its runs."""

import pytest

from runlore_server.store.notebook import MOST_OF_A_CELL, recorded_notebook
from runlore_server.store.runs import RunStore


@pytest.fixture
def store(home):
    store = RunStore(home)
    yield store
    store.close()


def track(session, cell_id, source, name="train", **fields):
    cell = session.cell(source, cell_id=cell_id)
    run = session.start_run(name, cell=cell, kind="cell", **fields)
    session.finish_run(run, cell=cell)
    return run


def cells(store, *names, others=()):
    store.refresh()
    found = recorded_notebook(store, names, others)
    return {cell.cell_id: (cell.source, [run.run_id for run in cell.runs]) for cell in found.cells}


@pytest.mark.parametrize("closed", [True, False])
def test_a_cell_has_its_runs_and_the_source_of_the_newest(store, kernel, closed):
    first = kernel(notebook="/home/ada/a.ipynb")
    old = track(first, "c1", "%%track\nx = 1")
    first.end()
    session = kernel(notebook="/home/ada/a.ipynb")
    new = track(session, "c1", "%%track\nx = 2")
    other = track(session, "c2", "%%track\ny = 1")
    track(kernel(notebook="/home/ada/b.ipynb"), "c1", "%%track\nelsewhere")
    if closed:
        session.end()
    assert cells(store, "/home/ada/a.ipynb", "a.ipynb") == {
        "c2": ("%%track\ny = 1", [other]),
        "c1": ("%%track\nx = 2", [new, old]),
    }
    found = recorded_notebook(store, ["/home/ada/a.ipynb"])
    assert (found.total, found.newest.run_id) == (3, other)


def test_what_is_read_again_from_the_index_is_the_same(home, store, kernel):
    session = kernel(notebook="a.ipynb")
    run = track(session, "c1", "x")
    session.end()
    before = cells(store, "a.ipynb")
    again = RunStore(home)
    assert cells(again, "a.ipynb") == before == {"c1": ("x", [run])}
    again.close()


def test_reruns_and_deleted_runs_do_not_count(store, kernel):
    session = kernel(notebook="a.ipynb")
    kept, gone = (track(session, "c1", source) for source in ("x = 1", "x = 2"))
    track(kernel(notebook="a.ipynb"), "c1", "x = 3", rerun_of=kept)
    store.refresh()
    from runlore_server.store.annotations import Change

    store.annotations.change([gone], Change(deleted=True))
    assert cells(store, "a.ipynb") == {"c1": ("x = 1", [kept])}


def test_a_run_over_several_cells_is_recorded_in_each(store, kernel):
    session = kernel(notebook="a.ipynb")
    first = session.cell("%track on", cell_id="c1")
    run = session.start_run("whole", cell=first, kind="span")
    session.cell("x = 1", cell_id="c2")
    session.cell("x = 2", cell_id="c2")
    session.cell("no front-end")
    last = session.cell("%track off", cell_id="c3")
    session.finish_run(run, cell=last)
    session.cell("after", cell_id="c4")
    assert cells(store, "a.ipynb") == {
        "c1": ("%track on", [run]),
        "c2": ("x = 2", [run]),
        "c3": ("%track off", [run]),
    }


def test_runs_whose_cards_it_shows_count_wherever_they_were_recorded(store, kernel):
    run = track(kernel(notebook="/before/renaming.ipynb"), "c1", "x = 1")
    assert cells(store, "/home/ada/a.ipynb") == {}
    assert cells(store, "/home/ada/a.ipynb", others=[run, "unknown-one", "../x"]) == {"c1": ("x = 1", [run])}


def test_a_front_end_without_cell_ids_has_a_cell_a_run(store, kernel):
    session = kernel(notebook="a.ipynb")
    runs = [track(session, None, source) for source in ("x = 1", "x = 2")]
    store.refresh()
    found = recorded_notebook(store, ["a.ipynb"]).cells
    assert [(cell.cell_id, cell.source, cell.runs[0].run_id) for cell in found] == [
        (None, "x = 2", runs[1]),
        (None, "x = 1", runs[0]),
    ]


def test_of_many_runs_the_newest_are_told_and_all_are_counted(store, kernel):
    session = kernel(notebook="a.ipynb")
    runs = [track(session, "c1", "x") for _ in range(MOST_OF_A_CELL + 5)]
    store.refresh()
    (cell,) = recorded_notebook(store, ["a.ipynb"]).cells
    assert cell.count == len(runs)
    assert [run.run_id for run in cell.runs] == runs[:4:-1]
