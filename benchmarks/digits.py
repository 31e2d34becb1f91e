"""The sweep of docs/sweeps.md: 200 trials of the quickstart, and its plots as pictures.

    python -m benchmarks.digits DIR [--trials 200]

records examples/quickstart.ipynb in DIR, sweeps it there (or goes on with the sweep that is there), and draws the
plots into docs/images, for light pages and for dark ones, with Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import plotly.io
from PIL import Image

from benchmarks.browser import browser

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
_SIZE = {"width": 1100, "height": 480}
_PAGES = {"light": ("plotly_white", "#ffffff"), "dark": ("plotly_dark", "#0d1117")}
"""The templates of the pictures, and the grounds of the pages that they are shown on."""
_COLOURS = 96
"""Of a picture; with all that lines over lines make, it would be three times the size."""


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
    with browser() as chromium:
        page = chromium.new_page(viewport=_SIZE)
        for name in _DRAWN:
            figure = plotly.io.from_json((plots / f"{name}.json").read_text())
            for shade, (template, ground) in _PAGES.items():
                figure.update_layout(template=template, paper_bgcolor=ground, plot_bgcolor=ground)
                drawn = plots / f"{name}-{shade}.html"
                figure.write_html(drawn, include_plotlyjs="directory", config={"displayModeBar": False})
                page.goto(drawn.as_uri())
                page.add_style_tag(content=f"body {{ margin: 0; background: {ground} }}")
                page.wait_for_selector(".main-svg")
                page.wait_for_function("() => document.querySelector('.js-plotly-plot')._fullLayout !== undefined")
                picture = IMAGES / f"sweep-{name}-{shade}.png"
                page.screenshot(path=picture)
                Image.open(picture).quantize(_COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main()
