"""What every page can do: be served, be opened at one metric of all runs, and say what it has drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response


class Viewer(ABC):
    """The page of a tracker, used by somebody who wants to see one metric of all runs in one chart.

    Attributes:
        writer: whose files it shows: a name in the catalog of peers.
        label: what tables call it.
        limits: what it leaves out by itself; told where the curves are painted.
        environment: what its server needs to be told so.
        chart: a CSS selector of the chart.
        counted: a JavaScript expression: how many runs have a line in the chart.
        finer: what the addresses have in common at which it asks for finer points of a part that is zoomed into;
            empty where it stretches those that it has.
        script: what the page runs before anything of its own.
    """

    writer: ClassVar[str]
    label: ClassVar[str]
    limits: ClassVar[str]
    environment: ClassVar[dict[str, str]] = {}
    chart: ClassVar[str]
    counted: ClassVar[str]
    finer: ClassVar[str] = ""
    script: ClassVar[str] = ""

    @abstractmethod
    def command(self, python: Path, port: int) -> list[str]:
        """What serves the page from the directory of the files.

        Args:
            python: the interpreter that has the tracker.
            port: where.
        """

    def wait(self, url: str, runs: Sequence[str], steps: int) -> None:  # noqa: B027 - most need not wait
        """Return when the server knows all that was written; at once where it reads when it is asked.

        Raises:
            RuntimeError: it does not come to know it.
        """

    @abstractmethod
    def open(self, page: Page, url: str) -> None:
        """Do what its user does, with as few clicks as there can be, until nothing is left but to wait."""

    @abstractmethod
    def lines(self, page: Page, heard: Sequence[Response]) -> list[Sequence[float]]:
        """The values that the lines in the chart go through.

        Args:
            page: one that has drawn them.
            heard: all that it was answered.
        """
