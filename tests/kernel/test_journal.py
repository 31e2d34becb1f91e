"""The journal's format: whatever is cut or garbled, what stands before and after is read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlore import events as ev
from runlore.errors import JournalFormatError
from runlore.journal import JournalWriter, read
from runlore.process import current_process

text = st.text(max_size=40)
events = st.one_of(
    st.builds(ev.CellStarted, time=st.floats(0, 2e9), ordinal=st.integers(-5, 50), source=text),
    st.builds(
        ev.CellFinished,
        time=st.floats(0, 2e9),
        ordinal=st.integers(0, 50),
        outcome=st.sampled_from(["ok", "error", "interrupted"]),
        duration=st.floats(0, 1e6),
        error=st.none() | st.builds(ev.ErrorInfo, name=text, message=text, traceback=text),
    ),
    st.builds(ev.NoteAdded, time=st.floats(0, 2e9), run_id=text, text=text),
    st.builds(
        ev.ParamsLogged,
        time=st.floats(0, 2e9),
        run_id=text,
        params=st.dictionaries(text, st.none() | st.booleans() | st.integers(-(2**63), 2**63) | text),
        source=st.just("user"),
    ),
)


@given(written=st.lists(events, max_size=8), cut=st.integers(0, 4000))
def test_a_journal_cut_anywhere_gives_all_whole_events(
    tmp_path_factory: pytest.TempPathFactory, written: list[ev.AnyEvent], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "events.jsonl"
    lines = [ev.encode(event) for event in written]
    whole = b"".join(lines)
    path.write_bytes(whole[:cut])
    reading = read(path)
    assert reading.damaged == 0
    assert reading.events == written[: len(reading.events)]
    assert reading.offset <= cut
    assert len(whole[:cut][reading.offset :].splitlines()) <= 1
    path.write_bytes(whole)
    assert reading.events + read(path, reading.offset).events == written


@given(written=st.lists(events, min_size=1, max_size=5), garbage=st.binary(min_size=1, max_size=60))
def test_garbage_between_events_loses_only_itself(
    tmp_path_factory: pytest.TempPathFactory, written: list[ev.AnyEvent], garbage: bytes
) -> None:
    path = tmp_path_factory.mktemp("journal") / "events.jsonl"
    path.write_bytes(ev.encode(written[0]) + garbage + b"\n" + b"".join(map(ev.encode, written[1:])))
    found = read(path).events
    assert found[0] == written[0]
    assert found[len(found) - len(written) + 1 :] == written[1:]


def test_unknown_events_and_fields_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    known = ev.SessionEnded(time=5.0)
    path.write_bytes(
        b'{"type":"from_the_future","time":1.0}\n' + ev.encode(known).replace(b'"time"', b'"new":[1],"time"')
    )
    assert read(path).events == [known]


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    started = ev.SessionStarted(
        time=1.0, format=ev.FORMAT + 1, session_id="s", process=current_process(), runlore="9", python="3",
        executable="python", cwd="/",
    )  # fmt: skip
    path.write_bytes(ev.encode(started))
    with pytest.raises(JournalFormatError, match="upgrade Runlore"):
        read(path)


def test_text_that_is_no_unicode_is_still_written(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "events.jsonl")
    writer.append(ev.CellStarted(time=1.0, ordinal=0, source="x = '\ud800'"))
    (event,) = read(tmp_path / "events.jsonl").events
    assert isinstance(event, ev.CellStarted)
    assert event.source == "x = '\\ud800'"


def test_an_absent_journal_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere").events == []


def test_every_event_survives_the_way_through_json() -> None:
    for event in (
        ev.MetricStarted(time=1.0, run_id="r", metric="a/b", file="a%2Fb.curve"),
        ev.GitCaptured(time=1.0, run_id="r", root="/r", commit=None, branch=None, dirty=True),
    ):
        assert ev.decode(ev.encode(event)) == event
    with pytest.raises(msgspec.DecodeError):
        ev.decode(b'{"type":"note_added"}')
