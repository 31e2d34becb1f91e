"""What a bundle is: a ZIP file with a manifest, part of a journal, and what that speaks of.

::

    manifest.json        (what is in it: each member with its size and BLAKE3 digest)
    events.jsonl         (the journal up to the end of the run)
    states.bin           (the random states that it names)
    curves/<file>        (the run's curves)
    objects/<digest>     (the objects that it names)
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

FORMAT = 1
SUFFIX = ".runlore"

MANIFEST = "manifest.json"
EVENTS = "events.jsonl"
STATES = "states.bin"
CURVES = "curves/"
OBJECTS = "objects/"

MEMBER = re.compile(r"events\.jsonl|states\.bin|objects/[0-9a-f]{64}|curves/[^/\\\0]{1,250}\.(?:curve|parquet)")
"""The names that a member may have; none leads anywhere."""

RUN_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
SESSION_ID = re.compile(r"(?!mlflow-)[\w-]{1,100}", re.ASCII)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the bundle; ``size`` in bytes."""

    name: str
    size: int
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself.

    ``root`` is the folder, on the machine that recorded it, from which paths count: the run's repository, or else
    its working directory, which is ``directory`` below that. ``runlore`` is the version that wrote it.
    ``criteria`` are those of the experiment when it was written, as ``Criteria`` has them.
    """

    format: int = FORMAT
    run_id: str
    session_id: str
    name: str
    experiment: str
    root: str
    directory: str
    runlore: str
    criteria: dict[str, Any] | None = None
    members: list[Member]

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.members)
