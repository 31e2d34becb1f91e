"""What a rerun gets that asks for no devices: such as its original used, where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore_server.gpus.recorded import as_recorded, used_devices
from runlore_server.gpus.simulated import simulated
from runlore_server.queue.request import Request

RUN = RunRecord("a" * 16, "s", Path(), "n", "e", "cell", 0.0, 0, 0, None, [], None, prefix=False)


@pytest.mark.parametrize(
    ("torch", "used"),
    [
        ({"devices": ["H200", "H200", "A100"], "devices_used": [1]}, ["H200", "H200"]),
        ({"devices": ["H200"], "devices_used": []}, []),
        ({"devices": ["H200"]}, []),
        ({"devices": "H200", "devices_used": "x"}, []),
        ({"version": "2.13"}, []),
        (None, []),
    ],
)
def test_the_record_tells_which_were_used(tmp_path: Path, torch: Any, used: list[str]) -> None:
    objects = ObjectStore(tmp_path)
    digest = objects.put(msgspec.json.encode({"libraries": {"torch": torch}}))
    assert used_devices(replace(RUN, environment=digest), objects) == used
    assert used_devices(RUN, objects) == []


@pytest.mark.parametrize(
    ("there", "count", "kind"),
    [
        ("4xH200:141GB,4xA100:80GB", 2, "H200"),
        ("1xH200:141GB,4xA100:80GB", 2, None),
        ("1xA100:80GB", 1, None),
        ("none", 0, None),
    ],
)
def test_a_rerun_gets_what_is_there_of_it(there: str, count: int, kind: str | None) -> None:
    found = as_recorded(Request(run_id="a"), ["H200", "H200"], simulated(there))
    assert (found.gpus, found.gpu_type) == (count, kind)


def test_what_is_asked_goes_before_what_is_recorded() -> None:
    asked = Request(run_id="a", gpus=0.5)
    assert as_recorded(asked, ["H200"], simulated("4xH200:141GB")) == asked
