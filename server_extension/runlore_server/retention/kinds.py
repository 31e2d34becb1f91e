"""The kinds of things that a home need not keep; ``docs/retention.md`` says what each is."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["objects", "artifacts", "temporary", "reruns", "pins", "environments", "curves"]
KINDS: tuple[Kind, ...] = get_args(Kind)
