"""Amounts of a device's memory, as people write them."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([KMGT])(i?)B?", re.IGNORECASE | re.ASCII)
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}


def memory(text: str) -> int | None:
    """The bytes of ``40GB``; ``None`` for what is no such amount.

    A GB has 1000**3 bytes, so that a device has what it is sold with: the driver keeps some for itself, and a
    "40 GB" one would not have 40 GiB.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    size = float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].upper()]
    return int(size) or None
