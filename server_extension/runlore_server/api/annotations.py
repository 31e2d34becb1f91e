"""What the user says of runs, as it comes in requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from runlore.errors import RunNotFound
from runlore_server.errors import InvalidRequest
from runlore_server.store.annotations import Change, Seen

if TYPE_CHECKING:
    from runlore_server.services import Services

MOST_NAMED = 1000
"""Runs that one request may name; a filter may find any number."""


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Runs by their ids, or all that a filter finds but some."""

    runs: list[str] | None = None
    filter: str | None = None
    omit: list[str] = msgspec.field(default_factory=list, name="except")


class BulkChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change of several runs at once; refused where their texts are not those that were seen."""

    select: Selection
    change: Change
    seen: Seen | None = None


def selected(services: Services, selection: Selection) -> Sequence[str]:
    """The ids of the runs that are meant.

    Raises:
        InvalidRequest: it is not said, or too many are named.
        RunNotFound: one that is named is not there.
        FilterError: the filter is none.
    """
    from runlore_server.filter.parser import parse
    from runlore_server.store.search import Query

    if (selection.runs is None) is (selection.filter is None):
        raise InvalidRequest("select runs by 'runs' or by a 'filter'")
    if selection.filter is not None:
        omitted = set(selection.omit)
        found = services.store.search_ids(Query(where=parse(selection.filter)))
        return [run_id for run_id in found if run_id not in omitted]
    named = selection.runs or []
    if len(named) > MOST_NAMED:
        raise InvalidRequest(f"name at most {MOST_NAMED} runs, or give a 'filter'")
    for run_id in named:
        if run_id not in services.store:
            raise RunNotFound(f"no run has the id {run_id!r}; 'runlore runs' lists them")
    return named
