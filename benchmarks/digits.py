"""The sweep of docs/sweeps.md: 200 trials of the quickstart, and its plots as pictures.

    python -m benchmarks.digits DIR [--trials 200]

records examples/quickstart.ipynb in DIR, sweeps it there (or goes on with the sweep that is there), and draws the
plots into docs/images with the browser of Playwright.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
_DRAWN = ("history", "importance", "parallel", "slices")
_SPACE = ("learning_rate=log:1e-4..1", "hidden=log:4..256", "batch_size=log2:16..128", "epochs=12")
_HOW = (
    "--maximize",
    "--sampler",
    "coarse-to-fine",
    "--pruner",
    "hyperband",
    "--steps",
    "2..12",
    "--sampler-seed",
    "7",
)
_SIZE = {"width": 1100, "height": 520}


def main() -> None:
    """Record, sweep and draw."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr] - above
    options.add_argument("directory", type=Path)
    options.add_argument("--trials", type=int, default=200)
    given = options.parse_args()
    directory: Path = given.directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    runs = _runlore(directory, "runs", "--filter", "name = 'digits' and rerun_of is null")["runs"]
    if not runs:
        out = str(directory / "quickstart.ipynb")
        subprocess.run(
            [Path(sys.executable).parent / "papermill", ROOT / "examples" / "quickstart.ipynb", out],
            env=_environment(directory),
            check=True,
        )
        runs = _runlore(directory, "runs", "--filter", "name = 'digits' and rerun_of is null")["runs"]
    known = _runlore(directory, "sweeps")["sweeps"]
    if known:
        sweep = known[0]
        if sweep["state"] != "finished":
            sweep = _runlore(directory, "sweeps", sweep["sweep_id"], "--resume")
    else:
        asked = ("-p", *_SPACE, "--metric", "accuracy", "--trials", str(given.trials), *_HOW, "--name", "digits")
        sweep = _runlore(directory, "sweep", runs[0]["run_id"], *asked)
    print({name: sweep[name] for name in ("sweep_id", "state", "counts", "best", "spent")})
    _draw(directory, sweep["sweep_id"])


def _runlore(directory: Path, *arguments: str) -> dict[str, Any]:
    command = [Path(sys.executable).parent / "runlore", *arguments, "--json"]
    done = subprocess.run(command, env=_environment(directory), stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _environment(directory: Path) -> dict[str, str]:
    # One thread a kernel: several of them work at a time.
    return {"OMP_NUM_THREADS": "1", **os.environ, "RUNLORE_HOME": str(directory / "home")}


def _draw(directory: Path, sweep_id: str) -> None:
    plots = directory / "plots"
    _runlore(directory, "sweeps", sweep_id, "--plots", str(plots))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch()
        page = browser.new_page(viewport=_SIZE)
        for name in _DRAWN:
            page.goto((plots / f"{name}.html").as_uri())
            page.wait_for_selector(".main-svg")
            page.wait_for_timeout(500)
            page.screenshot(path=IMAGES / f"sweep-{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
