"""What the user says of runs: kept, searched, grouped, shown, and read back by every process of the home."""

import json
import sqlite3
import subprocess
import sys

import pytest

from runlore import events as ev
from runlore_server.cli import main
from runlore_server.errors import ChangedMeanwhile, InvalidRequest
from runlore_server.export.describer import Describer
from runlore_server.filter.order import parse_order
from runlore_server.filter.parser import parse
from runlore_server.filter.tree import Field
from runlore_server.store.annotations import Annotations, Change, Seen
from runlore_server.store.runs import RunStore
from runlore_server.store.search import Query


@pytest.fixture
def runs(home, kernel):
    """Ids by name of three runs of a closed session and one of an open one."""
    session = kernel()
    found = {}
    for name, rate, loss in (("first", 0.1, 3.0), ("second", 0.2, 1.0), ("third", 0.1, 2.0)):
        found[name] = session.start_run(name, experiment="digits")
        session.params(found[name], lr=rate)
        session.write(ev.TagsSet(time=1.0, run_id=found[name], tags={"team": "vision"}))
        session.log(found[name], "loss", [(0, 5.0), (1, loss)])
        session.finish_run(found[name])
    session.end()
    live = kernel()
    found["live"] = live.start_run("live", experiment="digits", rerun_of=found["first"])
    return found


@pytest.fixture
def store(home, runs):
    store = RunStore(home)
    store.refresh()
    yield store
    store.close()


def found(store, where, order=""):
    return [run.name for run in store.search(Query(where=parse(where), order=parse_order(order))).runs]


def test_a_run_has_the_name_and_the_tags_that_it_was_given_wherever_it_lies(store, runs):
    for name in ("second", "live"):
        store.annotations.change([runs[name]], Change(name=f" my {name} ", tags={"stage": "final", "team": None}))
    assert store.find(runs["second"]).name == "my second"
    assert store.find(runs["second"]).tags == {"stage": "final"}
    assert found(store, "name like 'my %'") == ["my live", "my second"]
    assert found(store, "my") == ["my live", "my second"]
    assert found(store, "tags.stage = 'final' and tags.team is null") == ["my live", "my second"]
    assert found(store, "name = 'second'") == []
    store.annotations.change([runs["second"]], Change(name=None, tags={"team": "robots"}))
    assert (store.find(runs["second"]).name, store.find(runs["second"]).tags) == (
        "second",
        {"stage": "final", "team": "robots"},
    )


def test_pinned_runs_stand_on_top_and_deleted_ones_are_found_only_when_asked_for(store, runs):
    store.annotations.change([runs["first"]], Change(pinned=True))
    store.annotations.change([runs["third"], runs["live"]], Change(deleted=True))
    assert found(store, "", "pinned DESC") == ["first", "second"]
    assert found(store, "deleted = yes") == ["live", "third"]
    assert found(store, "deleted = yes or pinned = yes") == ["live", "third", "first"]
    assert set(store.ids()) == set(runs.values()), "what works on all runs goes on working on deleted ones"
    store.annotations.change([runs["third"]], Change(deleted=False))
    assert found(store, "") == ["third", "second", "first"]


def test_notes_and_hypothesis_are_searched(store, runs):
    store.annotations.change([runs["first"]], Change(notes="# Why\nwarm-up matters", hypothesis="beats 0.9"))
    assert found(store, "notes ilike '%WARM%'") == ["first"]
    assert found(store, "hypothesis is not null") == ["first"]


def test_a_text_that_somebody_else_changed_is_not_replaced(store, runs):
    run_ids = list(runs.values())
    store.annotations.change(run_ids[:1], Change(notes="theirs"))
    with pytest.raises(ChangedMeanwhile, match="notes"):
        store.annotations.change(run_ids, Change(notes="mine"), Seen(notes=""))
    assert {run_id: said.notes for run_id, said in store.annotations.all().items()} == {run_ids[0]: "theirs"}
    store.annotations.change(run_ids[:1], Change(notes="mine"), Seen(notes="theirs", hypothesis=""))
    assert store.annotations.all()[run_ids[0]].notes == "mine"


def test_every_store_of_the_home_hears_of_a_change_once(home, store, runs):
    other = RunStore(home)
    other.refresh()
    store.annotations.change([runs["first"]], Change(starred=True))
    assert (store.refresh(), other.refresh()) == ({runs["first"]}, {runs["first"]})
    assert (store.refresh(), other.refresh()) == (set(), set())
    assert found(other, "starred = yes") == ["first"]
    other.annotations.change([runs["first"]], Change(starred=False))
    assert store.refresh() == {runs["first"]}
    assert found(store, "starred = yes") == []
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        Change(name=""),
        Change(name="a\nb"),
        Change(name="x" * 251),
        Change(color=10),
        Change(color=-1),
        Change(notes="x" * 100_001),
        Change(tags={"": "x"}),
        Change(tags={"x": "y" * 5_001}),
        Change(tags={f"t{number}": "x" for number in range(201)}),
    ],
)
def test_what_cannot_be_kept_is_refused_and_changes_nothing(store, runs, change):
    store.annotations.change([runs["first"]], Change(notes="kept"))
    with pytest.raises(InvalidRequest):
        store.annotations.change(list(runs.values()), change)
    assert {run_id: said.notes for run_id, said in store.annotations.all().items()} == {runs["first"]: "kept"}


def test_a_damaged_file_hides_no_run(home, store, runs):
    store.annotations.change([runs["first"]], Change(name="renamed"))
    assert found(store, "renamed") == ["renamed"]
    (home.path / "annotations.sqlite").write_bytes(b"no database" * 1000)
    assert len(found(store, "")) == 4
    fresh = RunStore(home)
    fresh.refresh()
    assert sorted(found(fresh, "")) == ["first", "live", "second", "third"]
    with pytest.raises(sqlite3.DatabaseError):
        Annotations(home).all()
    fresh.close()


def test_reading_a_home_writes_nothing_into_it(home, store):
    assert store.annotations.known == {}
    assert not (home.path / "annotations.sqlite").exists()


def test_groups_hold_every_run_once_with_the_best_of_each(store, runs):
    groups = store.groups(Query(), Field("param", "lr"), Field("metric", "loss", "best"))
    assert [(group.value, group.count, group.best) for group in groups.groups] == [
        (None, 1, None),
        ("0.1", 2, 2.0),
        ("0.2", 1, 1.0),
    ]
    assert (groups.total, groups.runs) == (3, 4)
    for group in groups.groups:
        assert store.search(Query(where=group.where)).total == group.count


def test_a_run_is_grouped_with_its_reruns(store, runs):
    groups = store.groups(Query(), Field("attribute", "rerun_of"), None)
    assert [(group.value, group.count) for group in groups.groups] == [(runs["first"], 2), (None, 2)]
    assert [found(store, str(group.where)) for group in groups.groups] == [["live", "first"], ["third", "second"]]


def test_groups_are_those_of_what_is_searched(store, runs):
    store.annotations.change([runs["third"]], Change(deleted=True))
    groups = store.groups(Query(where=parse("params.lr = 0.1")), Field("attribute", "experiment"), None)
    assert [(group.value, group.count) for group in groups.groups] == [("digits", 1)]


def test_mlflow_is_told_again(home, store, runs):
    run = store.find(runs["first"])
    before = Describer(home).describe(run, store.session_info(run))
    store.annotations.change(
        [run.run_id], Change(name="renamed", tags={"stage": "final"}, notes="because", hypothesis="it works")
    )
    run = store.find(run.run_id)
    after = Describer(home).describe(run, store.session_info(run))
    assert (after.name, after.tags["stage"]) == ("renamed", "final")
    assert after.tags["mlflow.note.content"] == "it works\n\nbecause"
    assert after.fingerprint != before.fingerprint
    assert after.content == before.content, "curves and artifacts need not be sent again"


def test_the_command_line_shows_it(home, store, runs, capsys, monkeypatch):
    monkeypatch.setenv("RUNLORE_HOME", str(home.path))
    store.annotations.change(
        [runs["first"]], Change(name="renamed", starred=True, notes="line one\nline two", hypothesis="beats 0.9")
    )
    assert main(["show", runs["first"]]) == 0
    text = capsys.readouterr().out
    assert all(words in text for words in ("renamed", "starred", "  line two", "  beats 0.9"))
    assert main(["show", runs["first"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["starred"], told["notes"]) == ("renamed", True, "line one\nline two")
    assert main(["runs", "--filter", "starred = yes", "--json"]) == 0
    assert [run["name"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["renamed"]


WRITING = """
import sys, threading
from runlore.home import Home
from runlore_server.store.annotations import Annotations, Change

notes = Annotations(Home(sys.argv[1]))
def write(thread):
    for number in range(20):
        notes.change([f"{sys.argv[2]}-{thread}-{number}"], Change(name="x"))
def read():
    while any(writer.is_alive() for writer in writers):
        notes.known
writers = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
threads = [*writers, threading.Thread(target=read)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_of_two_processes_that_write_and_read_at_once_lose_nothing(home):
    command = [sys.executable, "-c", WRITING, str(home.path)]
    processes = [
        subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("one", "other")
    ]
    assert [process.communicate()[1] for process in processes] == ["", ""]
    assert len(Annotations(home).all()) == 2 * 3 * 20
