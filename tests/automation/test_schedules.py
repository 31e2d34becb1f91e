"""Reruns by the clock and by the hash: a real queue that nobody works, and clocks that the tests set."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runlore.home import Home
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.scheduler import Scheduler
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from tests.automation.test_bundle import run
from tests.rerun.conftest import Recorded

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86_400.0


class Clock:
    """Unix seconds, as the test has them."""

    now = datetime(2031, 3, 3, 12, 0, tzinfo=BERLIN).timestamp()

    def __call__(self) -> float:
        return self.now

    def to(self, *moment: int, fold: int = 0) -> None:
        self.now = datetime(*moment, tzinfo=BERLIN, fold=fold).timestamp()  # type: ignore[misc,arg-type]


class Place:
    """A home with a recorded run, its queue, and schedules."""

    def __init__(self, home: Home, run_id: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.run_id, self.capsys = home, run_id, capsys
        self.clock = Clock()
        self.store = RunStore(home)
        self.store.refresh()
        self.jobs = JobQueue(home, self.store, lambda _: None)
        self.notes = AutomationNotes(home)

    def schedule(self, *arguments: str) -> str:
        """The id of a new schedule, which was looked at last when the test's clock begins."""
        code, found = run(self.capsys, "schedule", self.run_id, *arguments, "--home", str(self.home.path))
        assert code == 0, found
        made = self.notes.schedule(found["id"])
        import msgspec

        assert self.notes.change_schedule(made, msgspec.structs.replace(made, looked=self.clock.now))
        return made.id

    def scheduler(self) -> Scheduler:
        return Scheduler(self.home, self.jobs, clock=self.clock)

    def started(self) -> int:
        """How many reruns are in the queue."""
        return len(self.jobs.jobs())


@pytest.fixture
def place(recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    home = Home(tmp_path / "home")
    shutil.copytree(recorded.home.path, home.path)
    found = Place(home, recorded.runs["train"].run_id, capsys)
    yield found
    found.jobs.shutdown()
    found.store.close()


@pytest.fixture
def look(place: Place) -> Iterator[Callable[[], None]]:
    """One look of a scheduler that stays."""
    scheduler = place.scheduler()
    yield scheduler.look
    scheduler.shutdown()


MONDAY_AT_SIX = ("--cron", "0 6 * * 1", "--zone", "Europe/Berlin")


def test_each_time_starts_one_rerun_and_missed_ones_are_made_up_for_once(
    place: Place, look: Callable[[], None]
) -> None:
    schedule_id = place.schedule(*MONDAY_AT_SIX, "-p", "rate=0.25", "--priority", "3")
    place.clock.to(2031, 3, 10, 5, 59)
    look()
    assert place.started() == 0
    place.clock.to(2031, 3, 10, 6, 0)
    for _ in range(3):
        look()
    [job] = place.jobs.jobs()
    assert (job.rerun_of, job.priority) == (place.run_id, 3)
    known = place.notes.schedule(schedule_id)
    assert (known.last, known.fired) == (job.run_id, place.clock.now)
    assert known.note is not None
    assert "late" not in known.note
    place.clock.to(2031, 4, 1, 12, 0)  # three Mondays went by
    look()
    look()
    assert place.started() == 2
    assert "late: 3 time(s)" in (place.notes.schedule(schedule_id).note or "")


def test_clocks_that_jump(place: Place, look: Callable[[], None]) -> None:
    schedule_id = place.schedule("--cron", "0 6 * * *", "--zone", "Europe/Berlin")
    place.clock.to(2031, 3, 4, 6, 0)
    look()
    place.clock.now -= 600  # set right: six o'clock comes once more
    look()
    place.clock.now += 900
    look()
    assert place.started() == 1
    place.clock.now += 400 * DAY  # a year that was never there
    look()
    assert place.started() == 2
    place.clock.to(2031, 3, 5, 5, 0)
    look()
    assert "set back" in (place.notes.schedule(schedule_id).note or "")
    place.clock.to(2031, 3, 5, 6, 0)
    look()
    assert place.started() == 3


@pytest.mark.parametrize(
    ("before", "hours"),
    [
        ((2031, 3, 29, 23, 0), 8),  # two o'clock is left out that night
        ((2031, 10, 25, 23, 0), 8),  # and comes twice that one
    ],
)
def test_an_hour_that_is_left_out_or_comes_twice_is_one_time(
    place: Place, look: Callable[[], None], before: tuple[int, ...], hours: int
) -> None:
    place.clock.to(*before)
    place.schedule("--cron", "30 2 * * *", "--zone", "Europe/Berlin")
    for _ in range(hours * 12):
        place.clock.now += 300
        look()
    assert place.started() == 1


def test_several_servers_start_it_once(place: Place) -> None:
    place.schedule(*MONDAY_AT_SIX)
    place.clock.to(2031, 3, 10, 6, 0)
    from concurrent.futures import ThreadPoolExecutor

    schedulers = [place.scheduler() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(one.look) for one in schedulers for _ in range(3)]:
            done.result()
    for one in schedulers:
        one.shutdown()
    assert place.started() == 1


KILLED = """
import os, signal, sys
from runlore.home import Home
from runlore_server.automation.scheduler import Scheduler
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore

home, now, when = Home(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
store = RunStore(home)
store.refresh()


class Killed(JobQueue):
    def submit(self, request, run_id=None):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().submit(request, run_id)
        os.kill(os.getpid(), signal.SIGKILL)


Scheduler(home, Killed(home, store, lambda _: None), clock=lambda: now).look()
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_is_killed_in_the_middle_starts_neither_none_nor_two(
    place: Place, look: Callable[[], None], when: str
) -> None:
    place.schedule(*MONDAY_AT_SIX)
    place.clock.to(2031, 3, 10, 6, 0)
    arguments = [str(place.home.path), str(place.clock.now), when]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert place.started() == (when == "after")
    [left] = place.notes.schedules()
    assert left.firing is not None
    look()
    [job] = place.jobs.jobs()
    assert job.run_id == left.firing.run_id
    look()
    assert place.started() == 1


def test_a_file_counts_when_its_content_has_changed_and_it_is_at_rest(
    place: Place, look: Callable[[], None], tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("1\n")
    schedule_id = place.schedule("--on-change", str(file), str(tmp_path / "later.csv"))
    os.utime(file, (1, 1))  # touched, but the same
    for _ in range(3):
        look()
    assert place.started() == 0
    for size in range(3):  # it is being written
        file.write_text("1\n" * (size + 2))
        look()
    assert place.started() == 0
    look()
    assert place.started() == 1
    file.unlink()
    look()
    look()
    assert place.started() == 1
    (tmp_path / "later.csv").write_text("came into being")
    for _ in range(3):
        look()
    assert place.started() == 2
    assert f"{tmp_path / 'later.csv'} changed" in (place.notes.schedule(schedule_id).note or "")


def test_the_files_that_the_run_read(place: Place, recorded: Recorded) -> None:
    schedule_id = place.schedule("--on-change")
    assert [one.path for one in place.notes.schedule(schedule_id).watched] == [str(recorded.cwd / "rows.csv")]


def test_pausing_and_what_cannot_be_started(
    place: Place, look: Callable[[], None], recorded: Recorded, tmp_path: Path
) -> None:
    where = ("--home", str(place.home.path))
    schedule_id = place.schedule(*MONDAY_AT_SIX)
    code, found = run(place.capsys, "schedules", "--pause", schedule_id[:4], *where)
    assert (code, found["schedules"][0]["paused"], found["schedules"][0]["next"]) == (0, True, None)
    place.clock.to(2031, 3, 11, 6, 0)
    look()
    assert place.started() == 0
    assert run(place.capsys, "schedules", "--resume", schedule_id, *where)[0] == 0
    # The run is gone when its time comes: that is said, and the next time is tried again.
    shutil.rmtree(place.home.sessions)
    place.store.refresh()
    import msgspec

    paused = place.notes.schedule(schedule_id)
    place.notes.change_schedule(paused, msgspec.structs.replace(paused, looked=place.clock.now))
    place.clock.to(2031, 3, 17, 6, 0)
    look()
    known = place.notes.schedule(schedule_id)
    assert "could not be started" in (known.note or "")
    assert known.firing is None
    assert place.started() == 0
    assert run(place.capsys, "schedules", "--remove", schedule_id, *where)[1] == {"schedules": []}
    code, found = run(place.capsys, "schedules", "--remove", schedule_id, *where)
    assert (code, found["error"]["reason"]) == (2, "ScheduleNotFound")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "InvalidRequest"),
        (("--cron", "every day"), "InvalidRequest"),
        (("--cron", "0 0 31 2 *"), "InvalidRequest"),
        (("--cron", "61 * * * *"), "InvalidRequest"),
        (("--cron", "0 6 * * *", "--zone", "Middle/Earth"), "InvalidRequest"),
        (("--cron", "0 6 * * *", "--zone", "../../etc/passwd"), "InvalidRequest"),
        (("--on-change", "/"), "InvalidRequest"),
        (("--cron", "0 6 * * *", "-p", "nothing=1"), "ParameterRefused"),
        (("--cron", "0 6 * * *", "--kernel", "no-such-kernel"), "KernelMissing"),
        (("--cron", "0 6 * * *", "--priority", "99999999"), "OptionsRefused"),
    ],
)
def test_what_is_no_schedule_is_refused(place: Place, arguments: tuple[str, ...], reason: str) -> None:
    code, found = run(place.capsys, "schedule", place.run_id, *arguments, "--home", str(place.home.path))
    assert (code, found["error"]["reason"]) == (2, reason), found
    assert place.notes.schedules() == []


def test_the_doctor_knows_the_file_and_tells_of_a_damaged_one(place: Place) -> None:
    place.schedule(*MONDAY_AT_SIX)
    code, found = run(place.capsys, "doctor", "--home", str(place.home.path))
    assert "automation" not in json.dumps(found["findings"]), found
    file = place.home.path / "automation.sqlite"
    content = bytearray(file.read_bytes())
    content[100:4096] = bytes(3996)
    file.write_bytes(content)
    code, found = run(place.capsys, "doctor", "--home", str(place.home.path))
    assert code == 1
    assert "automation.sqlite" in json.dumps(found)
    code, found = run(place.capsys, "schedules", "--home", str(place.home.path))
    assert (code, found["error"]["reason"]) == (2, "JournalFormatError")
    assert file.read_bytes() == content
