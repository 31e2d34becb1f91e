"""Numbers that are near each other: rounding, or a clock seen from far enough."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from runlore import events as ev
from runlore.home import Home
from runlore_server.verdict.verdict import Verdict
from tests.rerun.cases import Told, stream

NOW, LATER = 1763725445.25, 1763725451.5
"""Within a relative tolerance of 1e-7 of each other."""


def judged(tmp_path: Path, source: str, shown: bool = False, kind: str = "clock") -> Verdict:
    """The verdict on a cell that used something uncontrolled; its metric, or what it shows, differs a little."""
    case = Told(Home(tmp_path / secrets.token_hex(4)))
    for side, value in (("original", NOW), ("rerun", LATER)):
        case.side(
            side,
            {"loss": [(0, 0.5 if shown else value)]},
            source=source,
            shown=stream(f"{value}") if shown else [],
            facts=[ev.UncontrolledUsed(time=1.0, ordinal=0, kind=kind, detail="time.time")],  # type: ignore[arg-type]
        )
    return case.verdict()


FROM_THE_CLOCK = [
    "import time\nrunlore.log(loss=time.time())",
    "from time import time as now\nstart = now()\nage = start - 5\nrunlore.log({'loss': age})",
    "from datetime import datetime\nstamp = datetime.now().timestamp()\nmlflow.log_metric('loss', stamp)",
    "import time\ndef since():\n    t = time.time()\n    return t - 3\nrunlore.log(loss=since())",
    "import time\nclass Clock:\n    def tick(self): self.at = time.time()\n"
    "c = Clock(); c.tick(); runlore.log(loss=c.at)",
    "import time\nend = time.monotonic() + 1\nn = 0\nwhile time.monotonic() < end:\n    n += 1\n"
    "runlore.log(loss=n)",
    "import time\nt = time.time()\nn = 0\nfor i in range(9):\n    n += i\n    if time.time() - t > 1:\n"
    "        break\nrunlore.log(loss=n)",
    "import time\ntimes = []\nfor i in range(3):\n    times.append(time.time())\nrunlore.log(loss=max(times))",
    "import time\ndef show(loss, n): runlore.log(loss=loss)\nshow(time.time(), 1)",
    "import time\nif (t := time.time()) % 2 > 1:\n    x = 1.0\nelse:\n    x = 2.0\nrunlore.log(loss=x)",
    "import time\nwith timer() as t:\n    x, (y, *z) = 1, (2, time.time())\nrunlore.log(loss=z[0])",
    "import time\nt = time.time()\nrecord(t)",
    "t = %timeit -o f()\nrunlore.log(loss=t.best)",
]
INNOCENT = [
    "import time\nt = time.time()\nfor loss in run():\n    runlore.log(loss=loss)\n    print(time.time() - t)",
    "import time\ndef train():\n    t = time.time()\n    loss = step()\n    print(f'{time.time() - t:.1f}')\n"
    "    return loss\nrunlore.log(loss=train())",
    "import time\nclass T:\n    def begin(self): self.start = time.time()\n    def step(self): return self.net()\n"
    "t = T(); t.begin(); runlore.log(loss=t.step())",
    "import time\nloss = fit()\nrunlore.log(loss=loss, seconds=time.time())",
    "%%time\nimport time\nrunlore.log(loss=fit())",
]


@pytest.mark.parametrize("source", FROM_THE_CLOCK)
def test_what_descends_from_a_clock_is_never_close(tmp_path: Path, source: str) -> None:
    found = judged(tmp_path, source)
    assert found.verdict == "DIVERGED", found
    assert "'loss' are near each other, but descend from something uncontrolled" in found.reason
    assert "Cell 0 used the clock" in found.causes[0]


@pytest.mark.parametrize("source", INNOCENT)
def test_a_clock_with_no_say_in_it_leaves_rounding_alone(tmp_path: Path, source: str) -> None:
    assert judged(tmp_path, source).verdict == "NUMERICALLY CLOSE"


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("import time\nloss = fit()\nprint(time.time())", "DIVERGED"),
        ("import time\nstarted = time.time()\nstarted", "DIVERGED"),
        ("import time\nstarted = time.time()\nprint(fit())", "NUMERICALLY CLOSE"),
        ("import time\nstarted = time.time()\nfit()", "NUMERICALLY CLOSE"),
    ],
)
def test_what_a_cell_shows_is_held_to_the_same(tmp_path: Path, source: str, verdict: str) -> None:
    assert judged(tmp_path, source, shown=True).verdict == verdict


def test_what_a_program_printed_may_be_anything(tmp_path: Path) -> None:
    source = "out = subprocess.run(['date', '+%s'], capture_output=True).stdout\nrunlore.log(loss=float(out))"
    assert judged(tmp_path, source, kind="subprocess").verdict == "DIVERGED"
    assert judged(tmp_path, "!ls\nrunlore.log(loss=fit())", kind="subprocess").verdict == "NUMERICALLY CLOSE"
