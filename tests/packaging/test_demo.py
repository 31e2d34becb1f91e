"""The demonstration does what it says, from an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_reproduces_its_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        env={**os.environ, "RUNLORE_HOME": str(tmp_path / "home")},
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verdict: BIT-EXACT" in done.stdout
    assert done.stdout.count("  digits  ") == 2
    assert (tmp_path / "home" / "mlflow" / "mlflow.db").is_file()
