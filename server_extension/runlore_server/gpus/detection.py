"""Which devices jobs of this process may be given."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from runlore.capture.gpus import LIBRARY, Name, left_by
from runlore.decodable import decodable
from runlore_server.gpus.device import Device
from runlore_server.gpus.nvidia import Found
from runlore_server.gpus.simulated import VARIABLE, simulated

_PATIENCE = 60.0
"""Seconds for the driver to answer; it may have to wake every device first."""

_FRESH = 60.0
"""Seconds for which an answer holds: devices come and go with drivers, and seldom."""

_SHARE = 20
"""How many times as long as the answer took: a driver in trouble must not keep the queue from its work."""

_lock = threading.Lock()
_known: Found | None = None
_until = 0.0


def devices() -> list[Device]:
    """All devices that jobs may be given, as ``last_detected`` has them; empty on a machine without any."""
    return last_detected().devices


def last_detected() -> Found:
    """What there is, by what the driver said within the last minute or else says now.

    That may take seconds, so it belongs on no event loop.

    Raises:
        SettingRefused, OSError: see ``detect``.
    """
    return _chosen(os.environ, _asked_lately)


def detect(environ: Mapping[str, str] = os.environ) -> Found:
    """Look which devices there are now, and how busy. Blocks.

    ``RUNLORE_GPUS`` names simulated ones in their place, or ``none``. Where ``CUDA_VISIBLE_DEVICES`` is set, those
    that it leaves are found alone.

    Raises:
        SettingRefused: ``RUNLORE_GPUS`` cannot be understood.
        OSError: it names a file that cannot be read.
    """
    return _chosen(environ, _ask)


def _chosen(environ: Mapping[str, str], ask: Callable[[], Found]) -> Found:
    setting = environ.get(VARIABLE, "").strip()
    if setting:
        made = simulated(setting)
        return Found(devices=made, why="" if made else f"{VARIABLE} is set to {setting!r}")
    found = ask()
    if not found.devices or (left := environ.get("CUDA_VISIBLE_DEVICES")) is None:
        return found
    names = [Name(None if device.part else device.index, device.uuid) for device in found.devices]
    among = [found.devices[position] for position in left_by(left, names)]
    why = "" if among else f"CUDA_VISIBLE_DEVICES is set to {left!r} where the queue runs"
    return msgspec.structs.replace(found, devices=among, why=why)


def _asked_lately() -> Found:
    global _known, _until  # noqa: PLW0603 - there is one driver for the process
    with _lock:
        began = time.monotonic()
        if _known is None or began > _until:
            _known = _ask()
            ended = time.monotonic()
            _until = ended + max(_FRESH, _SHARE * (ended - began))
        return _known


def _ask() -> Found:
    try:
        ctypes.CDLL(LIBRARY)  # quickly said where there is no driver, as on most machines
    except OSError:
        return Found(why="NVIDIA's driver is not installed")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "runlore_server.gpus.nvidia"],
            capture_output=True,
            check=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
        )
        return msgspec.json.decode(done.stdout, type=decodable(Found))
    except subprocess.TimeoutExpired:
        return Found(why=f"NVIDIA's driver did not answer for {_PATIENCE:.0f} s")
    except (OSError, subprocess.CalledProcessError, msgspec.DecodeError) as error:
        return Found(why=f"NVIDIA's driver could not be asked: {error}")
