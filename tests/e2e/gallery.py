"""Runs worth looking at, recorded by the product's own path: seeds, rates, overfitting, a failure, artifacts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Notebook

_SETUP = """
import json, math, pathlib, random
import runlore
data = pathlib.Path("rows.csv").read_text()
def train(lr, layers, steps=300, forget=1e9, keep=None):
    for step in range(steps):
        falling = math.exp(-step * lr * layers / 2) + 0.02 * random.random()
        runlore.log(
            loss=falling,
            val_loss=falling + 0.05 + max(0, step - forget) * 0.002,
            val_acc=1 - falling / 2,
        )
        if step == keep:
            pathlib.Path("net.pt").write_bytes(b"weights")
            runlore.log_artifact("net.pt")
"""
_TRAINING = """%%track {name} --seed {seed}
lr = {lr}
layers = {layers}
batch_size = 32
train(lr, layers{more})
"""
_ARTIFACTS = """%%track artifacts
import base64, pathlib
pathlib.Path("dot.png").write_bytes(base64.b64decode("{png}"))
pathlib.Path("table.csv").write_text("name,score\\nfirst,0.5\\n<b>second</b>,0.75\\n")
pathlib.Path("notes.txt").write_text("plain <script>alert(1)</script> words")
pathlib.Path("page.html").write_text("<h1>page</h1><script>alert(document.cookie)</script>")
for name in ("dot.png", "table.csv", "notes.txt", "page.html"):
    runlore.log_artifact(name)
runlore.log(score=0.75)
print("printed by the cell")
"""
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CABzGMSjNgCRYAt8pjnQuW8k0AAAAASUVORK5CYII="


def record_gallery(home: Path, directory: Path) -> dict[str, str]:
    """Record them; their ids by name, those of the reruns ``again`` (exact) and ``wider`` (more layers) too."""
    (directory / "rows.csv").write_text("x,y\n1,2\n3,4\n")
    notebook = Notebook(home, directory).load()
    runs: dict[str, str] = {}

    def record(name: str, source: str, *, fails: bool = False) -> None:
        assert notebook.run(source).ok is not fails
        runs[name] = notebook.last_run().run_id

    try:
        assert notebook.run(_SETUP).ok
        for lr in (0.01, 0.03):
            for seed in (1, 2, 3):
                name = f"mlp-{lr}-{seed}"
                record(name, _TRAINING.format(name="mlp", lr=lr, layers=2, seed=seed, more=""))
        over = _TRAINING.format(name="overfit", lr=0.03, layers=8, seed=1, more=", forget=120, keep=90")
        record("overfit", over)
        record("artifacts", _ARTIFACTS.format(png=_PNG))
        record(
            "failing",
            "%%track failing\nlr = 5.0\nrunlore.log(loss=float('nan'))\nraise ValueError('lr too high')",
            fails=True,
        )
    finally:
        notebook.close()
    runs["again"] = _rerun(home, runs["mlp-0.01-1"])
    runs["wider"] = _rerun(home, runs["mlp-0.01-1"], "-p", "layers=4")
    return runs


def _rerun(home: Path, run: str, *options: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / "runlore", "rerun", run, *options, "--slice", "--json"],
        env={**os.environ, "RUNLORE_HOME": str(home)},
        stdout=subprocess.PIPE,
        check=False,  # a run with other parameters need not come out the same
    )
    found: str = json.loads(done.stdout)["run_id"]
    return found
