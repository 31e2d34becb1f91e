"""Which devices are found: what the driver says, what the environment leaves of it, and what is simulated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runlore_server.errors import SettingRefused
from runlore_server.gpus.simulated import simulated
from tests.gpus.conftest import Driver


def detected(environ: dict[str, str]) -> dict[str, Any]:
    """What a process finds that runs in this environment."""
    source = (
        "import msgspec, sys; from runlore_server.gpus.detection import detect; "
        "sys.stdout.buffer.write(msgspec.json.encode(detect()))"
    )
    plain = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    done = subprocess.run(
        [sys.executable, "-c", source], env={**plain, **environ}, check=True, capture_output=True, timeout=60
    )
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_the_driver_is_asked(driver: Driver) -> None:
    found = detected(driver("ww"))
    assert [one["uuid"] for one in found["devices"]] == ["GPU-00000000", "GPU-00000001"]
    assert [one["visible"] for one in found["devices"]] == ["0", "1"]
    assert {one["name"] for one in found["devices"]} == {"NVIDIA H200"}
    assert found["usage"]["GPU-00000001"] == {"utilisation": 41.0, "memory": 2_000_000_000, "power": 301.0}


def test_a_divided_device_is_its_instances(driver: Driver) -> None:
    found = detected(driver("wd"))
    assert [one["uuid"] for one in found["devices"]] == ["GPU-00000000", "MIG-00000001-1", "MIG-00000001-2"]
    assert [one["part"] for one in found["devices"]] == [False, True, True]
    assert [one["visible"] for one in found["devices"]] == [one["uuid"] for one in found["devices"]]
    assert found["usage"]["MIG-00000001-2"] == {"utilisation": None, "memory": 2_000_000_000, "power": None}


def test_a_device_of_somebody_else_is_left_out(driver: Driver) -> None:
    found = detected(driver("wxw"))
    assert [one["index"] for one in found["devices"]] == [0, 2]
    assert [one["visible"] for one in found["devices"]] == ["GPU-00000000", "GPU-00000002"], (
        "CUDA counts otherwise"
    )


@pytest.mark.parametrize(
    ("setting", "left"),
    [("2,0", [2, 0]), ("", []), ("1,7,0", [1]), ("1,1", [1]), ("GPU-00000003", [3]), ("-1", []), ("none", [])],
)
def test_the_servers_own_restriction_holds(driver: Driver, setting: str, left: list[int]) -> None:
    found = detected({**driver("wwww"), "CUDA_VISIBLE_DEVICES": setting})
    assert [one["index"] for one in found["devices"]] == left
    assert left or "CUDA_VISIBLE_DEVICES" in found["why"]


def test_trouble_is_a_reason_and_no_error(driver: Driver) -> None:
    assert "Driver Not Loaded" in detected(driver("fail"))["why"]
    assert detected({**driver("ww"), "RUNLORE_GPUS": "none"})["devices"] == []


def test_simulated_devices(tmp_path: Path) -> None:
    found = simulated("2xH200:141GB, A100:80GB")
    assert [(one.index, one.name, one.memory) for one in found] == [
        (0, "H200", 141 * 10**9),
        (1, "H200", 141 * 10**9),
        (2, "A100", 80 * 10**9),
    ]
    file = tmp_path / "gpus.json"
    file.write_text('[{"name": "H100", "memory": "80GB", "count": 2, "node": "b"}]')
    assert [one.uuid for one in simulated(str(file))] == ["SIM-b-0", "SIM-b-1"]
    file.write_text('{"name": "H100"}')
    for wrong in ("four", "4xH200", "4xH200:big", "0xH200:141GB", str(file)):
        with pytest.raises(SettingRefused, match="RUNLORE_GPUS"):
            simulated(wrong)
