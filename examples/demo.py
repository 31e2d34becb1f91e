"""The main job without a browser: record the quickstart's training run, repeat it, print the verdict.

Exits with 0 only when the rerun reproduced the run bit for bit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import papermill
from traitlets.config import Config

import runlore
from runlore.home import Home

EXAMPLES = Path(__file__).resolve().parent


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the ``runlore`` command of this environment."""
    program = Path(sys.executable).with_name("runlore")
    return subprocess.run([str(program), *arguments], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603


def main() -> int:
    home = Home.default()
    produced = home.path / "quickstart.ipynb"
    produced.parent.mkdir(parents=True, exist_ok=True)
    print("Training on handwritten digits, unseeded, in examples/quickstart.ipynb ...", flush=True)
    known = set(runlore.runs().index)
    # Over local sockets: by TCP the kernel warns that anyone on this machine could listen.
    local = Config({"KernelManager": {"transport": "ipc"}, "ConnectionFileMixin": {"transport": "ipc"}})
    papermill.execute_notebook(
        EXAMPLES / "quickstart.ipynb", produced, cwd=EXAMPLES, progress_bar=False, config=local
    )
    (run_id,) = set(runlore.runs().index) - known

    print("Repeating it in a fresh kernel ...", flush=True)
    done = command("rerun", run_id, "--json")
    if not done.stdout:
        return done.returncode or 1
    rerun = json.loads(done.stdout)
    command("ingest")

    print()
    print(command("runs").stdout)
    if "error" in rerun:
        print(f"The rerun could not be made: {rerun['error']['message']}")
        return 1
    print(f"Verdict: {rerun['verdict']}. {rerun['reason']}")
    print()
    print(f"The executed notebook:  {rerun['notebook']}")
    print("In JupyterLab:          make lab")
    print(
        f"In MLflow's own pages:  .venv/bin/mlflow ui --backend-store-uri sqlite:///{home.path}/mlflow/mlflow.db"
    )
    return 0 if rerun["verdict"] == "BIT-EXACT" else 1


if __name__ == "__main__":
    sys.exit(main())
