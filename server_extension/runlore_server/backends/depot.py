"""What a worker keeps of attempts that it was sent, and what their owner asks of it by the cluster's connection.

The functions below ``carry_out`` run in the worker's event loop, called by ``courier``; ``None`` says that the
worker has no such attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path
from typing import NamedTuple

import msgspec
from blake3 import blake3
from distributed import get_worker

from runlore.decodable import decodable
from runlore.errors import RunloreError
from runlore_server.backends import limits, node
from runlore_server.backends.delivery import Delivery, Stage, Wish
from runlore_server.backends.followed import Followed
from runlore_server.backends.node import Order
from runlore_server.backends.parcel import Parcel
from runlore_server.bundle.manifest import Member

TOPIC = "runlore-waits"
"""Of Dask's events: a worker tells there of an attempt that waits for its parcel, as ``Waits`` has it."""

PART = 4 << 20
"""Bytes that travel in one message."""


class Waits(NamedTuple):
    """An attempt that waits: at which worker, and which one it is in the home of its owner."""

    address: str
    home: str
    run_id: str
    token: str


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt stands. ``told`` are further bytes of its report, ``result`` what can be fetched once it is
    done, ``why`` it failed. ``followed`` are further points of the metric that is followed."""

    stage: Stage
    told: bytes = b""
    result: list[Member] = []
    why: str | None = None
    followed: Followed | None = None


_deliveries: dict[str, Delivery] = {}
_lock = threading.Lock()


def carry_out(order: str) -> str:
    """Carry out an attempt, in the home where that is seen from here, else in one that is sent.

    Raises:
        SettingRefused: a limit of this machine cannot be understood.
    """
    told = msgspec.json.decode(order, type=decodable(Order))
    if node.sees(told.attempt):
        return node.carry_out(order)
    worker, token = get_worker(), told.attempt.token
    depot = Path(worker.local_directory) / "runlore"
    contents = depot / "contents"
    contents.mkdir(parents=True, exist_ok=True, mode=0o700)
    delivery, kept = Delivery(told, depot / token, contents), limits.size(limits.CONTENTS)
    with _lock:
        if token in _deliveries:
            return "begun here already"
        _deliveries[token] = delivery
    try:
        waits = Waits(worker.address, told.attempt.home, told.attempt.run_id, token)
        return delivery.carry_out(lambda: worker.log_event(TOPIC, list(waits)))
    finally:
        with _lock:
            del _deliveries[token]
            in_use = {one.digest for kept in _deliveries.values() if kept.parcel for one in kept.parcel.members}
        _clear_out(contents, kept, in_use)


async def look(token: str, offset: int, wish: Wish, session: str, seen: int) -> bytes | None:
    """How the attempt stands; it heeds what is wished. The answer is a ``Look``.

    Args:
        token: the attempt's.
        offset: bytes of its report that were had before.
        wish: of its owner.
        session: of which ``seen`` points of the metric were had.
        seen: how many.
    """
    delivery = _deliveries.get(token)
    return None if delivery is None else await asyncio.to_thread(_look, delivery, offset, wish, session, seen)


async def offer(token: str, parcel: bytes) -> list[str] | None:
    """Say what is to be sent; the digests of which the content is not here yet."""
    delivery = _deliveries.get(token)
    if delivery is None:
        return None
    delivery.parcel = msgspec.json.decode(parcel, type=decodable(Parcel))
    wanted = {member.digest for member in delivery.parcel.members}
    here = {name for name in await asyncio.to_thread(os.listdir, delivery.contents) if name in wanted}
    for name in here:
        with contextlib.suppress(OSError):
            os.utime(delivery.contents / name)
    return sorted(wanted - here)


async def put(token: str, digest: str, offset: int, content: bytes, *, last: bool) -> bool | None:
    """Take a part of a content; whether it is right, which the last part decides."""
    delivery = _deliveries.get(token)
    if delivery is None:
        return None
    return await asyncio.to_thread(_put, delivery.contents, token, digest, offset, content, last)


async def begin(token: str) -> bool | None:
    """Let the attempt begin; everything was sent."""
    if (delivery := _deliveries.get(token)) is None:
        return None
    delivery.begin()
    return True


async def take(token: str, index: int, offset: int) -> bytes | None:
    """A part of a result, by its number."""
    delivery = _deliveries.get(token)
    return None if delivery is None else await asyncio.to_thread(_take, delivery.result[index][1], offset)


async def release(token: str) -> None:
    """Let go of an attempt; one that is at work ends."""
    if (delivery := _deliveries.get(token)) is not None:
        await asyncio.to_thread(delivery.release)


async def stop(token: str) -> None:
    """Stop an attempt if it is here, or let it never begin."""
    node.stop(token)
    delivery = _deliveries.get(token)
    if delivery is not None and not delivery.begun:
        delivery.release()


def abandon() -> None:
    """The worker ends: nothing is waited for any more."""
    with _lock:
        deliveries = list(_deliveries.values())
    node.abandon()
    for delivery in deliveries:
        with contextlib.suppress(OSError, RunloreError):
            delivery.release()


def _look(delivery: Delivery, offset: int, wish: Wish, session: str, seen: int) -> bytes:
    stage = delivery.stage  # before the report is read: what is done has been told
    told = delivery.told(offset, PART)
    delivery.heed(wish)
    result = [member for member, _ in delivery.result] if stage == "done" else []
    followed = delivery.followed(session, seen) if stage == "works" else None
    return msgspec.json.encode(Look(stage=stage, told=told, result=result, why=delivery.why, followed=followed))


def _put(contents: Path, token: str, digest: str, offset: int, content: bytes, last: bool) -> bool:  # noqa: PLR0917 - a message
    staged = contents / f".{token}-{digest}"
    with staged.open("r+b" if offset else "wb") as out:
        out.seek(offset)
        out.write(content)
    if not last:
        return True
    if str(blake3().update_mmap(staged).hexdigest()) != digest:
        staged.unlink()
        return False
    os.replace(staged, contents / digest)
    return True


def _take(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PART)


def _clear_out(contents: Path, most: int, in_use: set[str]) -> None:
    """Keep the contents that were used last, ``most`` bytes of them."""
    with contextlib.suppress(OSError):  # the worker ends, and its folder with it
        found = sorted(
            ((path.stat().st_mtime, path.stat().st_size, path) for path in contents.iterdir()), reverse=True
        )
        kept = 0
        for _, size, path in found:
            kept += size
            if kept > most and path.name not in in_use and not path.name.startswith("."):
                path.unlink()
