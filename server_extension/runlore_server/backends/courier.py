"""Between the owner of the queue and a worker that does not see the home: brings the parcel, fetches the result.

It writes into the attempt's place what the worker itself writes there where storage is shared: the claim, the sign
of life, the report. So the queue notices no difference; and nothing of an attempt that was given up comes near the
home.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3
from distributed import Client

from runlore.decodable import decodable
from runlore.errors import JournalFormatError, RunloreError
from runlore_server.backends import depot, tenure
from runlore_server.backends.answer import answer
from runlore_server.backends.delivery import Wish
from runlore_server.backends.depot import PART, Look
from runlore_server.backends.followed import Arrival
from runlore_server.backends.parcel import Packed, pack
from runlore_server.backends.place import Place
from runlore_server.backends.report import Report, parse
from runlore_server.backends.returned import target
from runlore_server.bundle.manifest import Member
from runlore_server.document import read_if_there, write_document
from runlore_server.errors import RerunRefused
from runlore_server.queue.backend import Ended, Lost

_LOOK = 1.0
"""Seconds between two looks at an attempt."""

_ANSWER = 60.0
"""Seconds for an answer: ``PART`` bytes travel in it, if slowly."""

_log = logging.getLogger(__name__)


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """Who carries an attempt out; ``begun`` says that it has all that it needs and was let begin."""

    address: str
    begun: bool = False


class _Away(Exception):
    """The worker does not answer."""


class _Gone(_Away):
    """The worker does not know the attempt (any more)."""


class Courier:
    """Sees one attempt through, in a thread of its own: a worker that hangs keeps nobody else waiting.

    Args:
        client: gives the connection to the cluster, ``None`` while there is none.
        place: the attempt's, in the owner's home.
        address: of the worker that waits for the parcel; ``None`` to go on with what another owner began.
    """

    def __init__(self, client: Callable[[], Client | None], place: Place, address: str | None = None) -> None:
        self._client = client
        self._place = place
        self._token = place.attempt.token
        self._report = Report(place.report)
        self._arrival = Arrival(place)
        self._offset, self._beat = 0, 0
        self._closing = threading.Event()
        errand = read_if_there(place.errand, Errand)
        self._ours = errand is not None
        self._errand = errand or Errand(address=address or "")
        name = f"runlore courier {place.attempt.run_id}"
        threading.Thread(target=self._go, name=name, daemon=True).start()

    def close(self) -> None:
        """Leave it where it is; another owner's courier goes on."""
        self._closing.set()

    # -- the errand ----------------------------------------------------------------------------------------

    def _go(self) -> None:
        try:
            if self._errand.begun or self._bring():
                self._follow()
        except RunloreError as error:
            self._end(Ended("", error=str(error)))
            self._release()
        except _Away as error:
            self._part(error)
        except Exception:  # noqa: BLE001 - a defect of ours must be told to the queue
            _log.exception("attempt %s cannot be looked after", self._token)
            self._end(Ended("", error="an internal error while it was sent or fetched; the log has the details"))

    def _follow(self) -> None:
        while not self._closing.is_set():
            try:
                if self._over():
                    return
            except _Gone as error:
                self._part(error)
                return
            except (_Away, OSError) as error:  # the queue counts the seconds
                _log.info("attempt %s cannot be asked after: %s", self._token, error)
                if self._wish() == "give up":
                    return
            self._closing.wait(_LOOK)

    def _part(self, error: _Away) -> None:
        """The worker has it no more; unless that was wished, the queue finds out by its silence."""
        _log.info("attempt %s is not at %s any more: %s", self._token, self._errand.address, error)
        if self._wish() == "stop":
            self._end(Ended("", stopped=True))

    def _bring(self) -> bool:
        """Send what the attempt needs and let it begin; ``False`` where another worker has it."""
        try:
            packed = pack(self._place)  # before the claim: from then on it must not be silent for long
        except (RunloreError, OSError) as error:
            raise RerunRefused(
                f"it cannot be sent to a machine that does not see RUNLORE_HOME: {error}"
            ) from error
        write_document(self._place.errand, self._errand)
        if not (self._ours or self._place.claim()):
            _log.info("attempt %s was begun elsewhere already", self._token)
            self._place.errand.unlink()
            self._release()
            return False
        self._send(packed)
        shutil.rmtree(self._place.engine, ignore_errors=True)
        self._errand = msgspec.structs.replace(self._errand, begun=True)
        write_document(self._place.errand, self._errand)
        self._known(self._ask(depot.begin, self._token))
        return True

    def _send(self, packed: Packed) -> None:
        lacking = self._known(self._ask(depot.offer, self._token, msgspec.json.encode(packed.parcel)))
        for digest in lacking:
            path = packed.sources[digest]
            with path.open("rb") as file:
                size, offset = path.stat().st_size, 0
                while True:
                    content = file.read(PART)
                    last = offset + len(content) >= size or not content
                    put = self._ask(depot.put, self._token, digest, offset, content, last=last)
                    if not self._known(put):
                        raise RerunRefused(f"{path} was changed while it was sent")
                    offset += len(content)
                    self._live()
                    if last:
                        break

    def _over(self) -> bool:
        """Pass on what the attempt tells; whether that is all there is."""
        wish, had = self._wish(), self._arrival.had
        look = self._ask(depot.look, self._token, self._offset, wish, had.session, had.seen)
        found = msgspec.json.decode(self._known(look), type=decodable(Look))
        if wish == "give up":
            return True
        if found.stage == "waits":  # Dask began it anew: a further attempt is the queue's to make
            self._release()
            raise _Gone("what had begun there is lost")
        self._live()
        if found.followed is not None:
            self._arrival.add(found.followed)
        events, length = parse(found.told)
        last = next((event for event in events if isinstance(event, Ended | Lost)), None)
        for event in events[: events.index(last)] if last is not None else events:
            self._report.tell(event)
        if found.stage == "failed":
            last = Ended("", error=found.why)
        elif last is None:
            self._offset += length
            return False
        elif found.stage != "done":
            return False  # what comes back is put together yet; its last word is read again
        elif isinstance(last, Ended):
            self._fetch(found.result)
        self._end(last)
        self._release()
        return True

    def _fetch(self, members: list[Member]) -> None:
        """Bring what the attempt made to where it waits to be accepted.

        Raises:
            RerunRefused: it is not what the machine says.
        """
        arrived = self._place.arrived
        shutil.rmtree(arrived, ignore_errors=True)
        if (free := shutil.disk_usage(self._place.folder.path).free) < sum(member.size for member in members):
            raise OSError(f"there is no room for what the attempt made, {free} bytes are free")
        for index, member in enumerate(members):
            path = target(arrived, member)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fetch_one(index, member, path)

    def _fetch_one(self, index: int, member: Member, path: Path) -> None:
        hasher, offset = blake3(), 0
        with path.open("wb") as out:
            while offset < member.size:
                content = self._known(self._ask(depot.take, self._token, index, offset))
                if not content:
                    break
                hasher.update(content)
                out.write(content)
                offset += len(content)
                self._live()
        if offset != member.size or str(hasher.hexdigest()) != member.digest:
            raise RerunRefused(f"{member.name!r:.80} came back damaged")

    # -- both sides ----------------------------------------------------------------------------------------

    def _ask(self, what: Callable[..., Any], *words: Any, **named: Any) -> Any:
        client, address = self._client(), self._errand.address
        if client is None:
            raise _Away("the cluster cannot be reached")
        try:
            answers = answer(
                client,
                lambda client: client.run(what, *words, workers=[address], on_error="return", **named),
                _ANSWER,
            )
        except Exception as error:
            raise _Away(f"{type(error).__name__}: {error}") from error
        said = answers.get(address)
        if isinstance(said, Exception):
            raise _Away(f"{type(said).__name__}: {said}")
        return said

    @staticmethod
    def _known(answer: Any) -> Any:
        if answer is None:
            raise _Gone("the worker has no such attempt")
        return answer

    def _live(self) -> None:
        """A sign of life of the worker came."""
        self._beat += 1
        self._place.heartbeat.write_bytes(f"{self._errand.address} {self._beat}".encode())

    def _wish(self) -> Wish:
        try:
            found = tenure.read(self._place.home, self._place.attempt.run_id)
        except (FileNotFoundError, JournalFormatError):
            return "give up"
        except OSError:
            return "go on"  # it cannot be seen at the moment
        if found.token != self._token:
            return "give up"
        return "stop" if found.stop else "go on"

    def _release(self) -> None:
        with contextlib.suppress(_Away):  # it lets go of it by itself, later
            self._ask(depot.release, self._token)

    def _end(self, last: Ended | Lost) -> None:
        """Write the last word, after which the queue looks for what has arrived."""
        try:
            if self._wish() != "give up":
                self._place.claim()  # where it was refused before it was sent
                self._report.tell(last)
        except OSError as error:
            _log.warning("the end of attempt %s cannot be written: %s", self._token, error)
