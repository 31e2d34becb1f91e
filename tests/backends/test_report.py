"""What an attempt tells of itself, however much that is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore_server.backends.report import Report, ReportReader
from runlore_server.queue.backend import Ended, Event, Lost, Progressed, Staged

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
EVENTS = st.one_of(
    st.builds(Staged, handle=st.just("h"), text=TEXTS | st.none()),
    st.builds(Progressed, handle=st.just("h"), done=st.integers(0, 99), total=st.just(99), cell=st.none()),
    st.builds(Lost, handle=st.just("h"), why=TEXTS),
    st.builds(Ended, handle=st.just("h"), error=TEXTS),
)


@settings(deadline=None)
@given(st.lists(EVENTS))
def test_every_event_arrives_as_it_was_told(tmp_path_factory: pytest.TempPathFactory, told: list[Event]) -> None:
    path = tmp_path_factory.mktemp("report") / "report"
    report, reader = Report(path), ReportReader(path, "h")
    read: list[Event] = []
    for event in told:
        report.tell(event)
        read += reader.read()
    assert read == told
    assert ReportReader(path, "h").read() == told


def test_an_error_of_any_length_ends_an_attempt(tmp_path: Path) -> None:
    Report(tmp_path / "report").tell(Ended("", error="broken " * 1_000_000))
    (event,) = ReportReader(tmp_path / "report", "h").read()
    assert isinstance(event, Ended)
    assert event.error is not None
    assert event.error.startswith("broken broken")
    assert len(event.error) < 100_000


def test_a_line_without_end_hides_nothing_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"x" * 3_000_000 + b"\n")
    Report(path).tell(Ended("", stopped=True))
    reader, read = ReportReader(path, "h"), list[Event]()
    for _ in range(10):
        read += reader.read()
    assert read == [Ended("h", stopped=True)]
