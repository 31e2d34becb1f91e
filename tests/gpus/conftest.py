"""A driver's library to be asked where there is no driver."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Driver = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module", autouse=True)
def _measured() -> Iterator[None]:
    """The machine's load is recorded here, as it is outside of tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RUNLORE_SYSTEM_METRICS", raising=False)
        yield


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """The environment of a process that finds devices such as ``wwd``; the letters are told in ``nvml.c``."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("driver")
    source = Path(__file__).with_name("nvml.c")
    built = folder / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(built), str(source)], check=True)
    return lambda devices: {"LD_LIBRARY_PATH": str(folder), "FAKE_NVML": devices}
