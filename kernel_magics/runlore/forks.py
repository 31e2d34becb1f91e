"""The processes that log to one run: the kernel's, and those that are forked from it while the run is open."""

from __future__ import annotations

import mmap

from runlore.curve_writer import Append


class Forks:
    """Which of them this is, and whether the run has ended, which the kernel tells all of them.

    Attributes:
        process: as in ``events.MetricStarted``.
        count: how many this process forked.
    """

    def __init__(self) -> None:
        self.process = ""
        self.count = 0
        self._ended: mmap.mmap | None = None

    @property
    def ended(self) -> bool:
        """Whether the kernel has ended the run, as far as a forked process may ask."""
        return self._ended is not None and bool(self._ended[0])

    def prepare(self) -> None:
        """A process is about to be forked; not for two threads at once."""
        self.count += 1
        if self._ended is None:
            self._ended = mmap.mmap(-1, 1)  # what one process writes there, all of them see

    def forked(self) -> None:
        """This is the forked process."""
        self.process = f"{self.process}.{self.count}" if self.process else str(self.count)
        self.count = 0

    def end(self) -> None:
        """In the kernel: the run ends for all of them. In another one: it has said what it had to say."""
        if self._ended is not None and not self.process:
            self._ended[0] = 1

    def guarded(self, append: Append) -> Append:
        """For a forked process: ``append`` as long as the run is open, ``ValueError`` then."""
        ended = self._ended
        if not self.process or ended is None:
            return append

        def append_until_the_end(step: int, time: float, value: float) -> None:
            if ended[0]:
                raise ValueError("the run has ended")
            append(step, time, value)

        return append_until_the_end
