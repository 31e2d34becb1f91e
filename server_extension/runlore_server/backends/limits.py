"""What may be sent to a machine that does not see the home, and how long that machine waits; each is a setting."""

from __future__ import annotations

import math
import os

from runlore_server.config import size_of
from runlore_server.errors import SettingRefused

PARCEL, CONTENTS = "RUNLORE_PARCEL", "RUNLORE_PARCEL_CACHE"
UNSENT, RESULT = "RUNLORE_PARCEL_WAIT", "RUNLORE_RESULT_WAIT"
_SIZES = {PARCEL: 16 << 30, CONTENTS: 8 << 30}
_SECONDS = {UNSENT: 3600.0, RESULT: 24 * 3600.0}


def size(name: str) -> int:
    """The bytes of a setting: what is sent for one attempt (``PARCEL``, read at the owner; 16 GiB), and what a
    worker keeps of it for further ones (``CONTENTS``, read there; 8 GiB).

    Raises:
        SettingRefused: the variable holds no size.
    """
    text = os.environ.get(name)
    return size_of(name, text) if text else _SIZES[name]


def seconds(name: str) -> float:
    """The seconds of a setting, read at the worker: how long an attempt waits for what it needs (``UNSENT``, an
    hour), and its result for being fetched (``RESULT``, a day), as the owner may be gone for good.

    Raises:
        SettingRefused: the variable holds no number of seconds.
    """
    text = os.environ.get(name)
    if not text:
        return _SECONDS[name]
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise SettingRefused(f"{name} is a number of seconds, such as 3600, not {text!r:.40}")
    return found
