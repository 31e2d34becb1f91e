"""Points whose value still lies on an accelerator: taken without waiting for it, read in batches.

Reading a tensor on a GPU waits until the GPU has computed all that was queued before, and doing so at each step
makes training slower. A copy on the device waits for nothing, and keeps the value although the tensor may be
changed in place afterwards. No thread reads them in the background: that could break a CUDA graph that the user
is just capturing. So a SIGKILL loses the points that wait, at most ``MOST``; values in main memory never wait.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from runlore.errors import MetricError

if TYPE_CHECKING:
    from runlore.metric import Curve

MOST = 64
"""Points that wait at a time."""

LONGEST = 1.0
"""Seconds after which the next waiting point has those before it read."""


class DeviceValue(NamedTuple):
    """A copy of a tensor of one element, on its device, and the CUDA stream that computes it."""

    tensor: Any
    stream: Any


class _Point(NamedTuple):
    curve: Curve
    step: int
    time: float
    value: DeviceValue


def device_value(name: str, value: Any) -> DeviceValue | None:
    """A copy of a torch tensor that lies on an accelerator; ``None`` for what can be read at once.

    Raises:
        MetricError: it is on a device and cannot be a metric's value.
    """
    torch = sys.modules.get("torch")
    if torch is None or not issubclass(type(value), getattr(torch, "Tensor", ())):
        return None
    if value.device.type in ("cpu", "meta"):  # a meta tensor has no value: whoever reads it hears so
        return None
    if value.numel() != 1 or value.is_complex():
        raise MetricError(
            f"metric {name!r} must be one real number, not a tensor of shape {tuple(value.shape)} and type "
            f"{value.dtype}; log its mean, or each element under a name of its own"
        )
    if value.device.type != "cuda":
        return DeviceValue(value.detach().clone(), None)
    if torch.cuda.is_current_stream_capturing():
        raise MetricError(f"metric {name!r} has no value yet while a CUDA graph is captured; log it later")
    return DeviceValue(value.detach().clone(), torch.cuda.current_stream(value.device))


class PendingPoints:
    """The points of one run that wait, in the order in which they were logged.

    ``write(curve, step, time, number)`` gets each once it was read; ``lost(count, error)`` is told of those that
    could not be read. Neither must raise.
    """

    def __init__(
        self, write: Callable[[Curve, int, float, float], None], lost: Callable[[int, Exception], None]
    ) -> None:
        self._write = write
        self._lost = lost
        self._waiting: deque[_Point] = deque()
        self._lock = threading.RLock()

    def add(self, curve: Curve, step: int, time: float, value: DeviceValue) -> None:
        """Keep a point, after reading those that wait already if they are many or old."""
        with self._lock:
            waiting = self._waiting
            if waiting and (len(waiting) >= MOST or time - waiting[0].time > LONGEST):
                self.flush()
            waiting.append(_Point(curve, step, time, value))

    def flush(self) -> None:
        """Read all that wait: one wait for the device per stream, device and type of value."""
        with self._lock:
            points = list(self._waiting)
            numbers: dict[int, float] = {}
            kinds: dict[tuple[Any, ...], list[int]] = {}
            for index, point in enumerate(points):
                tensor, stream = point.value
                kinds.setdefault((stream, tensor.device, tensor.dtype), []).append(index)
            for alike in kinds.values():
                try:
                    numbers.update(zip(alike, _read([points[index].value for index in alike]), strict=True))
                except Exception as error:  # noqa: BLE001 - whatever the user's device or type of tensor raises
                    self._lost(len(alike), error)
            for index, point in enumerate(points):
                self._waiting.popleft()
                if index in numbers:
                    self._write(point.curve, point.step, point.time, numbers[index])


def _read(values: list[DeviceValue]) -> list[float]:
    torch = sys.modules["torch"]
    stream = values[0].stream
    with torch.no_grad(), nullcontext() if stream is None else torch.cuda.stream(stream):
        batch = torch.stack([value.tensor.reshape(()) for value in values]).cpu()
        if type(batch) is torch.Tensor:
            return [float(number) for number in batch.tolist()]
        return [float(value.tensor.item()) for value in values]  # a subclass, such as a distributed tensor
