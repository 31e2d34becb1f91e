"""An attempt on a machine that does not see the home: it waits for its parcel, works, and waits to be fetched.

It works in a home of its own, which the parcel fills. The owner's courier asks after it all the time (see
``depot``); what the owner wishes is put down where the attempt looks for it on machines that share storage, too.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from runlore.errors import RunloreError
from runlore.home import Home
from runlore.untrusted import open_regular
from runlore_server.backends import limits, node, tenure
from runlore_server.backends.followed import Followed, Source
from runlore_server.backends.node import Order
from runlore_server.backends.parcel import BUNDLE, FILES, Parcel
from runlore_server.backends.place import Place
from runlore_server.backends.returned import collect
from runlore_server.bundle.manifest import Member
from runlore_server.bundle.reading import open_bundle
from runlore_server.errors import DataMissing, RerunRefused
from runlore_server.rerun.prepare import prepare

Stage = Literal["waits", "unpacks", "works", "done", "failed"]
Wish = Literal["go on", "stop", "give up"]

_AGAIN = 2.0
"""Seconds between two calls for a courier."""


class Delivery:
    """One attempt, which ``carry_out`` brings to its end in a thread of its own; the rest is called from others.

    Args:
        order: as the owner sent it.
        folder: of this attempt alone; it is removed at the end.
        contents: a folder with what was sent, by digest.

    Raises:
        SettingRefused: a limit of this machine cannot be understood.
    """

    def __init__(self, order: Order, folder: Path, contents: Path) -> None:
        self.order = order
        self.contents = contents
        self.parcel: Parcel | None = None
        self.stage: Stage = "waits"
        self.why: str | None = None
        self.result: list[tuple[Member, Path]] = []
        self._folder = folder
        self._work = folder / "work"
        self._local = msgspec.structs.replace(order.attempt, home=str(folder / "home"), node=None)
        self.place = Place(self._local)
        metric = order.attempt.request.follow
        self._source = Source(self.place, metric) if metric is not None else None
        self._parcel_wait, self._result_wait = limits.seconds(limits.UNSENT), limits.seconds(limits.RESULT)
        self._changed = threading.Condition()
        self._begun = False
        self._released = False
        self._stop_told = False

    def carry_out(self, call: Callable[[], None]) -> str:
        """Wait for the parcel, carry the attempt out, wait until what it made was fetched.

        Args:
            call: called again and again until somebody brings the parcel.
        """
        try:
            if not self._await_parcel(call):
                return "released before it began"
            try:
                known = self._lay_out()
                node.carry_out(msgspec.structs.replace(self.order, attempt=self._local).text())
                if self._released:
                    return "given up"
                moves = {str(self._work): self._parcel.root, self._local.home: self.order.attempt.home}
                self.result = collect(self.place, moves, known)
                self.stage = "done"
            except (RunloreError, OSError) as error:
                self.why = f"on {socket.gethostname()}, which does not see RUNLORE_HOME: {error}"
                self.stage = "failed"
            with self._changed:
                self._changed.wait_for(lambda: self._released, self._result_wait)
            return self.stage
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def begin(self) -> None:
        """All contents of the parcel are there."""
        with self._changed:
            self.stage, self._begun = "unpacks", True
            self._changed.notify_all()

    def release(self) -> None:
        """Nobody wants anything of it any more."""
        with self._changed:
            self._released = True
            self._changed.notify_all()
        if self.stage == "works":
            tenure.revoke(self.place.home, self._local.run_id, self._local.number)

    def heed(self, wish: Wish) -> None:
        """What the owner wishes.

        Raises:
            OSError: it cannot be put down.
        """
        if wish == "give up" or (wish == "stop" and not self._begun):
            self.release()
        elif wish == "stop" and self.stage == "works" and not self._stop_told:
            tenure.grant(self.place.home, self._local.run_id, self._local.token, self._local.number, stop=True)
            self._stop_told = True

    def told(self, offset: int, most: int) -> bytes:
        """What the attempt tells of itself, from a byte on.

        Raises:
            OSError: it cannot be read.
        """
        try:
            with open_regular(self.place.report) as file:
                file.seek(offset)
                return file.read(most)
        except FileNotFoundError:
            return b""

    def followed(self, session: str, seen: int) -> Followed | None:
        """What is new of the metric that is followed; see ``Source.since``."""
        return self._source.since(session, seen) if self._source is not None else None

    @property
    def _parcel(self) -> Parcel:
        assert self.parcel is not None  # noqa: S101 - it has begun
        return self.parcel

    def _await_parcel(self, call: Callable[[], None]) -> bool:
        deadline = time.monotonic() + self._parcel_wait
        with self._changed:
            while not (self._begun or self._released) and time.monotonic() < deadline:
                if self.parcel is None:
                    call()
                self._changed.wait(_AGAIN)
            return self._begun and not self._released

    def _lay_out(self) -> set[str]:
        """Make the home and the working directory; the names of the sessions and objects that came with them.

        Raises:
            RunloreError: it cannot be carried out here.
            OSError: it cannot be written.
        """
        attempt, parcel, home = self._local, self._parcel, Home(self._local.home)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._work.mkdir()
        members = {member.name: self.contents / member.digest for member in parcel.members}
        with open_bundle(members.pop(BUNDLE)) as bundle:
            cwd = bundle.unpack(home, self._work, interpreter=True)
        cwd.mkdir(parents=True, exist_ok=True)
        for name, content in members.items():
            below, goal = (self._work, name.removeprefix(FILES)) if name.startswith(FILES) else (home.path, name)
            target = below / goal
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(content, target)
        environments = self.contents.parent / "environments"  # of all attempts here: they take long to build
        environments.mkdir(exist_ok=True, mode=0o700)
        (home.path / "environments").symlink_to(environments)
        known = {path.name for folder in (home.sessions, home.objects) for path in folder.iterdir()}
        request = attempt.request
        try:
            folder = prepare(
                home,
                parcel.session_id,
                parcel.run_id,
                kernel=request.kernel,
                rerun_id=attempt.run_id,
                scope=request.scope,
                overrides=request.parameters,
                env=request.env,
                reseed=request.reseed,
                source=parcel.resumed,
                sweep=request.sweep,
            )
        except DataMissing as error:
            raise RerunRefused(
                f"{', '.join(error.paths)} is missing. Files below {parcel.root} are sent; what a run reads "
                "elsewhere must be on every machine at the same path"
            ) from error
        if attempt.environ:
            folder.assign(attempt.environ)
        self.place.furnish()
        self.stage = "works"
        self._check_released()
        return known

    @property
    def begun(self) -> bool:
        """Whether it has all that it needs."""
        return self._begun

    def _check_released(self) -> None:
        if self._released:  # while it was laid out: whoever released it found no tenure to revoke
            tenure.revoke(self.place.home, self._local.run_id, self._local.number)
