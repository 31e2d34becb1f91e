"""The benchmarks measure what they say: small, with Runlore and the floors alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from benchmarks import page, plot
from benchmarks.measure import Row
from benchmarks.peers.contestant import Contestant
from benchmarks.peers.field import field
from benchmarks.peers.values import is_part
from benchmarks.plan import Plan
from benchmarks.results import Results, load
from benchmarks.viewers import beside

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
FLOORS = ("written", "mapped", "buffered")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of results of a quick run of the command."""
    file = tmp_path_factory.mktemp("results") / "results.json"
    command = [sys.executable, "-m", "benchmarks", "scalars", "durability", "curves", "--quick"]
    command += [
        "--only",
        ",".join(("runlore", *FLOORS, "trackio")),
        "--peers",
        str(file.parent),
        "--save",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "| log one number | runlore |" in done.stdout
    return file


@pytest.fixture
def results(measured: Path) -> Results:
    return load([measured])


def found(results: Results, suite: str, work: str) -> dict[str, Row]:
    return {row.contestant: row for row in results.sections[suite].rows if row.work == work and row.contestant}


@pytest.mark.parametrize("work", ["log one number", "log ten numbers", "points a second until they are safe"])
def test_everybody_who_is_installed_is_measured(results: Results, work: str) -> None:
    rows = found(results, "scalars", work)
    for name in ("runlore", *FLOORS):
        amount = rows[name].amount
        assert amount is not None
        assert amount > 0


def test_a_peer_that_is_not_installed_is_a_row(results: Results) -> None:
    row = found(results, "scalars", "log one number")["trackio"]
    assert (row.amount, row.note) == (None, "not installed")


def test_a_kill_leaves_what_it_must(results: Results) -> None:
    rows = found(results, "durability", "SIGKILL after 500 points, the fewest left")
    assert rows["runlore"].amount == rows["written"].amount == rows["mapped"].amount == 500
    assert rows["buffered"].amount is not None
    assert rows["buffered"].amount < 500  # the measure can tell loss


def test_curves_are_read_with_their_spikes_and_kept_in_few_bytes(results: Results) -> None:
    read = found(results, "curves", "1,000 points each of 4 curves of 2,000, in a new process")
    assert {"runlore", "written"} <= set(read)
    assert all("4 of 4 spikes" in row.who for row in read.values() if row.amount)
    kept = [row for row in results.sections["curves"].rows if row.work == "keep a point" and row.amount]
    sizes = {row.who: row.amount for row in kept}
    assert sizes["os.write of 24 bytes (floor)"] == 24
    assert sizes["runlore, archived"] < sizes["runlore"]


def test_points_that_differ_are_no_measurement(tmp_path: Path) -> None:
    contestant = Contestant("buffered", Path(sys.executable), tmp_path / "buffered")
    with contestant.opened() as process:
        process.ask("start", "run")
        process.ask("log", 100)
        process.ask("finish")
    content = bytearray((contestant.directory / "run" / "loss").read_bytes())
    content[24 * 50 + 16] ^= 1
    (contestant.directory / "run" / "loss").write_bytes(content)
    with contestant.opened() as process:
        process.ask("locate", ["run"])
        with pytest.raises(RuntimeError, match="gives other points"):
            process.ask("count", "run", 100)
    assert is_part([1.0, 3.0], [1.0, 2.0, 3.0])
    assert not is_part([3.0, 1.0], [1.0, 2.0, 3.0])


def test_a_tracker_that_fails_is_a_row_and_runlore_may_not_fail(tmp_path: Path) -> None:
    with field(Plan(quick=True, peers=tmp_path), ["runlore", "tensorboardx"]) as contestants:
        runlore, tracker = contestants.contestants
        with contestants.trying(tracker), tracker.process() as process:
            process.ask("start", "a run before anything is open")
        assert contestants.contestants == [runlore]
        (row,) = contestants.rows("work", {})
        assert (row.contestant, row.amount, row.note) == ("tensorboardx", None, "failed")
        refused = pytest.raises(RuntimeError, match="runlore failed at start")
        with refused, contestants.trying(runlore), runlore.process() as process:
            process.ask("start", "a run before anything is open")


def test_a_page_that_cannot_be_opened_is_a_row(tmp_path: Path) -> None:
    class Gone:
        """A browser that has ended: the same to a page as one that shows nothing."""

        def new_context(self, **_: object) -> None:
            raise OSError("the browser has ended")

    with field(Plan(quick=True, peers=tmp_path), ["tensorboard", "trackio"]) as contestants:
        rows = beside.rows(cast("Browser", Gone()), contestants, 1, 50, 1)
    told = {(row.who, row.amount, row.note) for row in rows if row.work == "1 curves of 50 in a page of its own"}
    assert told == {("TensorBoard", None, "failed"), ("trackio", None, "not installed")}


def test_the_picture_shows_each_ratio(results: Results, tmp_path: Path) -> None:
    picture = tmp_path / "ratios.svg"
    plot.draw(results, picture)
    drawn = picture.read_text()
    for text in ("log one number", "log ten numbers", "keep a point", "os.write of 24 bytes (floor)", "Runlore"):
        assert text in drawn
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.draw(Results(), picture)


def test_the_page_keeps_its_prose_and_what_was_not_run(results: Results, tmp_path: Path) -> None:
    written = tmp_path / "performance.md"
    written.write_text(f"# Old\n\n## Reruns\n\nas before\n\n## Numbers\n\ngone\n\n{page.MARKER}\n\nprose\n")
    titles = {"scalars": "Numbers", "reruns": "Reruns", "search": "Searches"}
    page.write(written, results, titles)
    text = written.read_text()
    assert "gone" not in text
    assert "| log one number | trackio | not installed |  |" in text
    assert "not installed: trackio" in text
    assert "runlore 0.1.0" in text
    assert "## Reruns\n\nas before\n" in text
    assert "## Searches\n\nNot run;" in text
    assert text.endswith(f"{page.MARKER}\n\nprose\n")
    page.write(written, results, titles)
    assert written.read_text() == text
    written.write_text("no marker")
    with pytest.raises(ValueError, match="no line"):
        page.write(written, results, titles)
