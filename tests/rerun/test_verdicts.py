"""What a verdict says of outputs, artifacts and files, and the cause that it names first."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from runlore import events as ev
from runlore.home import Home
from runlore_server.verdict.masks import mask, settled
from runlore_server.verdict.outputs import numbers_close
from runlore_server.verdict.verdict import Verdict
from tests.rerun.cases import LOSS, OTHER, SIDES, Told, made, stream

# -- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("original", "rerun", "masked"),
    [
        ("<A object at 0x7f3a5c001200>", "<A object at 0x7faa11003400>", ["1 address"]),
        ("Wall time: 1.23 s\nCPU times: user 3 µs", "Wall time: 980 ms\nCPU times: user 5 µs", ["2 timings"]),
        ("epoch 1 12.3it/s\nx", "epoch 1 14.1it/s\nx", ["1 timing"]),
        ("50%|█████     | 1/2 [00:01<00:01,  1.0s/it]", "50%|█████     | 1/2 [00:03<00:03,  3.1s/it]", None),
        ("/tmp/ipykernel_12/1.py:3: Warning", "/tmp/ipykernel_98/1.py:3: Warning", ["1 temporary path"]),
        ("1970-01-01 10:00:00,123 start", "1970-01-02 11:22:33,456 start", ["1 time of day"]),
        ("pid 123 up", "pid 99 up", ["1 process id"]),
        ("{'train_runtime': '1.265', 'loss': 3}", "{'train_runtime': '5.4', 'loss': 3}", ["1 timing"]),
        ("\x1b[31mred\x1b[0m\n10%\r50%\rdone", "\x1b[31mred\x1b[0m\n30%\rdone", []),
    ],
)
def test_what_two_executions_never_share_is_set_aside_and_told(
    told: Callable[..., Verdict], original: str, rerun: str, masked: list[str] | None
) -> None:
    found = told(shown=(stream(original), stream(rerun)))
    assert found.verdict == "BIT-EXACT", found
    assert found.masked if masked is None else found.masked == masked
    assert not masked or masked[0] in found.reason


@pytest.mark.parametrize(
    ("original", "rerun"),
    [
        ("accuracy 0.91", "accuracy 0.92"),
        ("seed 5", "seed 6"),
        ("a\nb", "a"),
        ("b a", "a b"),
        ("5 days", "6 days"),
    ],
)
def test_what_a_cell_showed_counts(told: Callable[..., Verdict], original: str, rerun: str) -> None:
    found = told(shown=(stream(original), stream(rerun)))
    assert (found.verdict, found.divergence) == ("DIVERGED", None)
    assert "The output of cell 0 differs" in found.reason
    assert "All 3 points of 'loss' came out with the same bits" in found.reason
    assert found.causes


def test_a_run_of_outputs_alone_can_be_verified(told: Callable[..., Verdict]) -> None:
    assert told(curves=({}, {}), shown=(stream("42"), stream("42"))).verdict == "BIT-EXACT"
    assert told(curves=({}, {}), shown=([], [])).verdict == "UNVERIFIABLE"


def test_the_last_printed_digit_is_rounding(told: Callable[..., Verdict]) -> None:
    curves = {"loss": [(0, 0.1), (1, 1 / 3)]}, {"loss": [(0, 0.1), (1, 1 / 3 + 1e-9)]}
    found = told(curves=curves, shown=(stream("loss 0.12345"), stream("loss 0.12346")))
    assert (found.verdict, found.exit_code) == ("NUMERICALLY CLOSE", 1)
    assert "|a-b| <= 1e-07 + 1e-07|a|" in found.reason
    assert numbers_close("step 1 loss 2.0000e-3", "step 1 loss 2.0001e-3")
    assert not numbers_close("step 1", "step 2")
    assert not numbers_close("accuracy 0.91", "accuracy 0.92")


def test_figures_are_compared_by_their_pixels(told: Callable[..., Verdict], tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    def png(value: int, note: str) -> bytes:
        info, file = PngInfo(), io.BytesIO()
        info.add_text("Date", note)
        Image.new("RGB", (4, 4), (value, 0, 0)).save(file, "png", pnginfo=info)
        return file.getvalue()

    case = Told(Home(tmp_path / "png"))
    for side, content in zip(SIDES, (png(5, "one"), png(5, "another day")), strict=True):
        digest = case.kernels[side].objects.put(content)
        data = {"image/png": {"blake3": digest, "size": len(content)}}
        case.side(side, shown=[{"type": "display_data", "data": data}])
    assert case.verdict().verdict == "BIT-EXACT"
    assert told(artifacts=({"a.png": png(5, "x")}, {"a.png": png(200, "y")})).verdict == "DIVERGED"


def test_masks_leave_results_alone() -> None:
    for text in ("loss 1.23", "0x1f", "10 rows", "v1.2.3", "a/b/c.csv", "step 12/100"):
        assert mask(text)[0] == text
    assert settled("1%\r2%\r\n\x1b[1mx\x1b[0m") == "2%\nx"


@pytest.mark.parametrize(
    "shown",
    [
        "2024-03-09", "2024-03-09T23:59:01.5Z", "2024/03/09", "Sat, 09 Mar 2024", "9 March 2024", "9-Mar-2024",
        "Sat Mar  9 08:05:06 2024", "Sat Mar  9 08:05:06 UTC 2024", "March 9, 2024", "09.03.2024", "3/9/2024",
    ],
)  # fmt: skip
def test_a_date_is_set_aside_where_it_is_the_day_of_the_run(shown: str) -> None:
    day = date(2024, 3, 10)  # a clock may be in another zone
    assert mask(f"on {shown} at noon", day=day) == ("on ‹time of day› at noon", {"time of day": [shown]})
    assert mask(f"on {shown} at noon", day=date(2024, 6, 1)) == (f"on {shown} at noon", {})


@pytest.mark.parametrize("part", ["1", "1,", "1.5,", "1:", "C:\\Temp", "pid ", "|#", f"<td>{'0' * 32}</td>"])
def test_long_texts_are_compared_in_a_time_that_grows_with_them(part: str) -> None:
    # Each number read on to the end of the list that it stands in, the time would grow with its square.
    text = part * (400_000 // len(part))
    mask(text, markup=True)
    assert not numbers_close(text, f"{text}x")


@pytest.mark.parametrize(("one", "other"), [("1e999", "2e999"), ("1e-999", "x"), (f"1e{'9' * 5000}", "1")])
def test_numbers_beyond_all_that_is_computed_with_are_not_close(one: str, other: str) -> None:
    assert not numbers_close(one, other)


def test_an_id_in_markup_is_referred_to() -> None:
    one = "0123456789abcdef0123456789abcdef"
    assert one not in mask(f'<img name="_{one}"><script>show("_{one}")</script>', markup=True)[0]
    assert one in mask(f"<b>{one}</b>", markup=True)[0]


# -- causes: one differs, and it is named first ---------------------------------------------------------------


def read(digest: str | None, why: str | None = None) -> ev.FileRead:
    return ev.FileRead(time=1.0, ordinal=0, path="/data/x.csv", digest=digest, size=9, seen_by="audit", why=why)


def used(kind: Any, detail: str) -> list[ev.AnyEvent]:
    return [ev.UncontrolledUsed(time=1.0, ordinal=0, kind=kind, detail=detail)]


def module(digest: str) -> list[ev.AnyEvent]:
    return [ev.ModuleLoaded(time=1.0, ordinal=0, module="helper", path="/project/helper.py", digest=digest)]


def settings(
    threads: int = 2, numpy: str = "2.0", cpu: str = "a", omp: str = "2", python: str = "3.11"
) -> dict[str, Any]:
    return {
        "python": python,
        "packages": {"numpy": numpy},
        "hardware": {"processor": cpu},
        "variables": {"OMP_NUM_THREADS": omp},
        "libraries": {"torch": {"threads": threads}},
    }


def read_back() -> ev.FileRead:
    return msgspec.structs.replace(read("a" * 64), path="/project/out.bin")


CAUSES: list[tuple[dict[str, Any], str, str]] = [
    ({"source": ("x = 1", "x = 2")}, "code", "Cell 0 ran with another source"),
    ({"facts": (module("a" * 64), module("b" * 64))}, "code", "Module helper"),
    ({"environment": (settings(), settings(numpy="2.1"))}, "environment", "numpy 2.0 -> 2.1"),
    ({"environment": (settings(), settings(python="3.12"))}, "environment", "Python differs"),
    ({"facts": ([read("a" * 64)], [read("b" * 64)])}, "data", "/data/x.csv"),
    ({"environment": (settings(), settings(threads=1))}, "threads and hardware", "threads 2 -> 1"),
    ({"environment": (settings(), settings(omp="1"))}, "threads and hardware", "OMP_NUM_THREADS 2 -> 1"),
    ({"environment": (settings(), settings(cpu="b"))}, "threads and hardware", "processor a -> b"),
    ({"variables": ({"w": "int:1"}, {"w": "int:2"})}, "variables", "No recorded difference explains it"),
    ({"variables": ({"s": "set:1:a"}, {"s": "set:1:b"})}, "variables", "the same values in another order: s"),
    ({"facts": (used("clock", "time.time"),) * 2}, "uncontrolled", "Cell 0 used the clock (time.time)"),
    ({"facts": (used("uuid", "uuid.uuid4"),) * 2}, "uncontrolled", "Cell 0 used a fresh uuid"),
    ({"facts": (used("network", "127.0.0.1:80"),) * 2}, "uncontrolled", "Cell 0 used the network"),
    ({"facts": (used("address order", "sorted by id"),) * 2}, "uncontrolled", "id()"),
    ({"outcome": ("interrupted", "ok")}, "uncontrolled", "Cell 0 was interrupted by the user"),
    ({"facts": (used("process id", "os.getpid"),) * 2}, "uncontrolled", "Cell 0 used the id of its process"),
    (
        {"facts": (used("environment variable", "RATE 12ab"), used("environment variable", "RATE unset"))},
        "threads and hardware",
        "Environment variable RATE, which cell 0 reads, is not set in the rerun",
    ),
    (
        {"facts": (used("environment variable", "RATE 12ab"), used("environment variable", "RATE 34cd"))},
        "threads and hardware",
        "Environment variable RATE, which cell 0 reads, has another value in the rerun",
    ),
    (
        {"source": ("open('out.bin', 'ab')",) * 2, "facts": ([made(True)], [made(False)])},
        "uncontrolled",
        "out.bin, which cell 0 made, was already there when the rerun started",
    ),
    (
        {"source": ("os.path.exists('out.bin')",) * 2, "facts": ([made(True)], [read_back()])},
        "uncontrolled",
        "out.bin, which cell 0 made, was already there when the rerun started",
    ),
]


@pytest.mark.parametrize(("pairs", "rung", "cause"), CAUSES)
def test_the_first_cause_is_the_one_that_differs(
    told: Callable[..., Verdict], pairs: dict[str, Any], rung: str, cause: str
) -> None:
    found = told(**{"curves": (LOSS, OTHER), **pairs})
    assert found.verdict == "DIVERGED"
    assert found.divergence is not None
    assert cause in found.causes[0]
    differing = [step.rung for step in found.ladder if step.status == "differs"]
    assert differing == [rung]


def test_of_very_many_files_those_that_differ_are_named(tmp_path: Path) -> None:
    case = Told(Home(tmp_path))
    sides = ({"a": 1, "b": 1, "c": 1, "gone": 1}, {"a": 1, "b": 2, "c": 1, "late": 1})
    for side, curves, files in zip(SIDES, (LOSS, OTHER), sides, strict=True):
        manifest = [(name, 1, f"{content:064x}") for name, content in files.items()]
        digest = case.kernels[side].objects.put(msgspec.json.encode(manifest))
        case.side(side, curves, facts=[msgspec.structs.replace(read(digest), path="/data/images/")])
    told = case.verdict()
    assert "Data differ: /data/images/ (of 4 files 1 changed: b; 1 gone: gone; 1 new: late)." in told.causes


def test_what_a_directory_listed_is_compared_by_name(tmp_path: Path) -> None:
    case = Told(Home(tmp_path))
    names = (["a b.csv", "old.csv"], ["a b.csv", "new.csv"])
    for side, curve, listed in zip(SIDES, (LOSS, OTHER), names, strict=True):
        digest = case.kernels[side].objects.put(msgspec.json.encode(listed))
        case.side(side, curve, facts=used("directory contents", f"{digest} /my data"))
    found = case.verdict()
    assert found.causes[0] == "The listing of /my data differs: new.csv was added, old.csv was removed."


def test_what_races_is_named_where_nothing_else_is(told: Callable[..., Verdict]) -> None:
    race = used("schedule", "threads")
    found = told(curves=(LOSS, OTHER), facts=(race,) * 2)
    assert found.causes[0] == "Cell 0 used work whose moments the system chooses (threads)."
    assert "No recorded difference explains it" in found.causes[1]
    found = told(curves=(LOSS, OTHER), facts=([*race, *used("uuid", "uuid.uuid4")],) * 2)
    assert "a fresh uuid" in found.causes[0]
    assert not any("threads" in cause for cause in found.causes[:2])
    close = {"loss": [(0, 1.0), (1, 0.5 + 1e-9), (2, 0.25)]}
    assert told(curves=(LOSS, close), facts=(race,) * 2).verdict == "NUMERICALLY CLOSE"


def test_variables_of_which_a_cell_took_a_copy_are_compared_one_by_one(tmp_path: Path) -> None:
    every = {"HOME": "1a", "RATE": "2b", "JPY_PARENT_PID": "3c"}
    again = {"HOME": "1a", "TOKEN": "4d", "JPY_PARENT_PID": "5e"}
    for reader, first in (("os.environ", True), ("a subprocess", False)):
        case = Told(Home(tmp_path / secrets.token_hex(4)))
        for side, curves, environ in (("original", LOSS, every), ("rerun", OTHER, again)):
            digest = case.kernels[side].objects.put(json.dumps(environ).encode())
            case.side(side, curves, facts=used("environment copy", f"{digest} {reader}"))
        found = case.verdict()
        (told,) = (cause for cause in found.causes if "RATE, TOKEN" in cause)
        assert "cell 0" in told
        assert (told == found.causes[0]) == first
        passing = [cause for cause in found.causes if "JPY_PARENT_PID" in cause]
        assert [cause.endswith(" JPY_PARENT_PID.") for cause in passing] == [True] * first
        (rung,) = (rung for rung in found.ladder if rung.rung == "threads and hardware")
        assert (rung.status == "differs") == first


def test_a_file_that_is_only_made_anew_is_no_cause(told: Callable[..., Verdict]) -> None:
    found = told(curves=(LOSS, OTHER), facts=([made(True)], [made(False)]))
    assert not any("already there" in cause for cause in found.causes)
    assert told(facts=([made(True)], [made(False)])).verdict == "BIT-EXACT"
    asking = "os.path.exists('y')"
    assert told(source=(asking, asking), facts=([made(True)], [made(True)])).verdict == "BIT-EXACT"


def test_a_random_state_that_was_not_restored_is_the_cause(tmp_path: Path) -> None:
    case = Told(Home(tmp_path / "rng"))
    for side, curves in zip(SIDES, (LOSS, OTHER), strict=True):
        case.rng = {"numpy": case.state(b"original")}
        if side == "rerun":
            case.rng = {"numpy": "0" * 64}
        case.side(side, curves)
    found = case.verdict()
    assert found.verdict == "DIVERGED"
    assert "The random state of numpy was another one when cell 0 started" in found.causes[0]


@pytest.mark.parametrize(
    "pairs",
    [
        {"source": ("x = 1", "x = 2")},
        {"facts": (module("a" * 64), module("b" * 64))},
        {"facts": ([read("a" * 64)], [read("b" * 64)])},
        {"facts": ([read(None, "it changed while it was read")],) * 2},
        {"facts": (used("network", "10.0.0.1:80"),) * 2},
    ],
)
def test_equal_results_behind_an_open_gate_prove_nothing(
    told: Callable[..., Verdict], pairs: dict[str, Any]
) -> None:
    found = told(**pairs)
    assert (found.verdict, found.exit_code) == ("UNVERIFIABLE", 2)
    assert "came out with the same bits, but that proves nothing" in found.reason
    assert found.causes


def test_another_environment_with_the_same_bits_is_told(told: Callable[..., Verdict]) -> None:
    found = told(environment=(settings(), settings(numpy="2.1")))
    assert found.verdict == "BIT-EXACT"
    assert "In another environment: Packages differ: numpy 2.0 -> 2.1." in found.reason


def test_a_cause_after_the_place_where_they_part_is_none(tmp_path: Path) -> None:
    case = Told(Home(tmp_path / "late"))
    for side, value in zip(SIDES, ("int:1", "int:2"), strict=True):
        kernel = case.kernels[side]
        variables = kernel.objects.put(msgspec.json.encode({"w": value}))
        case.cell(side, "import time; w = time.time()", variables=variables)
        kernel.write(ev.UncontrolledUsed(time=1.0, ordinal=0, kind="clock", detail="time.time"))
        cell = case.cell(side, "y = w")
        kernel.write(msgspec.structs.replace(read("a" * 64 if side == "original" else "b" * 64), ordinal=cell))
        case.run(side, {"loss": [(0, float(value[-1]))]}, cell=cell)
    found = case.verdict()
    assert found.causes[0] == "Cell 0 used the clock (time.time)."
    assert any(cause.startswith("Later: Data differ") for cause in found.causes)


def test_what_an_interrupt_lost_and_a_later_cell_needs(tmp_path: Path) -> None:
    case = Told(Home(tmp_path / "interrupt"))
    snapshot = ev.Snapshot(digest="0" * 64, signature="", missing={"lock": "it cannot be kept"})
    for side in SIDES:
        case.cell(side, "lock = make()", outcome="interrupted", snapshot=snapshot)
        cell = case.cell(side, "use(lock)")
        case.run(side, LOSS, cell=cell)
    found = case.verdict()
    assert found.verdict == "UNVERIFIABLE"
    assert "Interpreter state after interrupt: lock of cell 0" in found.reason
