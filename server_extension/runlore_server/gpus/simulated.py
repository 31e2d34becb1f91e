"""Devices that stand in ``RUNLORE_GPUS`` alone: to try out and to test how jobs share some."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import msgspec

from runlore.decodable import decodable
from runlore_server.errors import SettingRefused
from runlore_server.gpus.device import Device
from runlore_server.gpus.size import memory

VARIABLE = "RUNLORE_GPUS"
NONE = "none"
_KIND = re.compile(r"(?:(\d{1,3})\s*x\s*)?([^:,]+):\s*([^:,]+)")
_FORM = (
    f"{VARIABLE} is 'none', kinds of devices such as '4xH200:141GB,2xA100:80GB', or a JSON file with a list: "
    '[{"name": "H200", "memory": "141GB", "count": 4, "node": "a"}]'
)


class _Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    memory: str
    count: int = 1
    node: str | None = None


def simulated(setting: str) -> list[Device]:
    """The devices that a value of ``RUNLORE_GPUS`` describes.

    Raises:
        SettingRefused: it describes none.
        OSError: it names a file that cannot be read.
    """
    if setting.strip().lower() == NONE:
        return []
    kinds = _from_file(Path(setting)) if setting.strip().endswith(".json") else _from_text(setting)
    found: list[Device] = []
    for kind in kinds:
        size = memory(kind.memory)
        if size is None or not 0 < kind.count < 1000 or not kind.name.strip():
            raise SettingRefused(_FORM)
        node = kind.node or socket.gethostname()
        before = sum(device.node == node for device in found)
        found += [
            Device(
                index=index,
                uuid=f"SIM-{node}-{index}",
                name=kind.name.strip(),
                memory=size,
                node=node,
                visible=str(index),
                simulated=True,
            )
            for index in range(before, before + kind.count)
        ]
    return found


def _from_text(text: str) -> list[_Kind]:
    kinds = []
    for part in text.split(","):
        match = _KIND.fullmatch(part.strip())
        if match is None:
            raise SettingRefused(_FORM)
        kinds.append(_Kind(match[2], match[3], int(match[1] or 1)))
    return kinds


def _from_file(path: Path) -> list[_Kind]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=decodable(list[_Kind]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingRefused(f"{path}: {error}. {_FORM}") from None
