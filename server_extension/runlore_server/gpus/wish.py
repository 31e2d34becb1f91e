"""What a job asks of GPUs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from runlore_server.errors import OptionsRefused
from runlore_server.gpus.device import Device, amount
from runlore_server.gpus.size import memory

_MOST = 1024


class Asking(Protocol):
    """The fields of a request for a rerun that speak of GPUs; see ``queue.request.Request``."""

    @property
    def gpus(self) -> float: ...
    @property
    def gpu_type(self) -> str | None: ...
    @property
    def gpu_memory(self) -> str | None: ...


@dataclass(frozen=True)
class Wish:
    """How many devices, and which will do.

    Attributes:
        count: a whole number of devices, or a part of one below 1.
        type: part of the name that they must have, in lower case.
        memory: bytes that each must have at least.
    """

    count: float
    type: str = ""
    memory: int = 0

    def suits(self, device: Device) -> bool:
        """Whether the device is such a one; an instance of a divided GPU is never one of several."""
        named = self.type in device.name.lower()
        return named and device.memory >= self.memory and not (device.part and self.count > 1)

    def __str__(self) -> str:
        kind = f" of type {self.type!r}" if self.type else ""
        size = f" with {amount(self.memory)} at least" if self.memory else ""
        return f"{self.count:g} GPU{'s' * (self.count > 1)}{kind}{size}"


def wish(asked: Asking) -> Wish | None:
    """What is asked; ``None`` for nothing.

    Raises:
        OptionsRefused: it cannot be understood, or could not be had from any machine.
    """
    count = asked.gpus
    if not (math.isfinite(count) and 0 <= count <= _MOST):
        raise OptionsRefused(f"a number of GPUs is 0 or more, and {_MOST} at the most, not {count}")
    if count > 1 and count != int(count):
        raise OptionsRefused(
            f"{count:g} GPUs cannot be had: ask for whole ones (1, 2, 4), or for a part of one (0.5, 0.25)"
        )
    size = None if asked.gpu_memory is None else memory(asked.gpu_memory)
    if asked.gpu_memory is not None and size is None:
        raise OptionsRefused(f"the memory of a GPU is an amount such as 40GB, not {asked.gpu_memory!r:.40}")
    kind = (asked.gpu_type or "").strip().lower()
    if count == 0 and (kind or size):
        raise OptionsRefused("a type or a memory of GPUs is named, but no number of them: ask for 1 GPU or more")
    return Wish(count, kind, size or 0) if count else None
