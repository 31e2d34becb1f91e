"""What ``runlore runs`` and ``runlore filters`` do."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runlore.record import RunRecord
from runlore_server import report
from runlore_server.config import Config
from runlore_server.errors import InvalidRequest
from runlore_server.filter.order import parse_order
from runlore_server.filter.parser import parse
from runlore_server.filter.tree import And
from runlore_server.store.annotations import NOTHING
from runlore_server.store.filters import SavedFilter, SavedFilters
from runlore_server.store.runs import Page, RunStore
from runlore_server.store.search import Query
from runlore_server.verdict.verdict import read_verdict

Result = tuple[dict[str, Any], str, int]
"""The JSON object, the text and the exit code of a command."""


def runs(
    config: Config,
    store: RunStore,
    in_mlflow: Callable[[Sequence[RunRecord]], dict[str, str]],
    options: argparse.Namespace,
) -> Result:
    """List the runs that the options ask for; ``in_mlflow`` gives MLflow's ids of those that it has.

    Raises:
        FilterError: the filter or the order is none.
        FilterNotFound: no filter is saved under that name.
    """
    page = store.search(_query(config, options))
    verdicts = [read_verdict(config.home, run.run_id) if run.rerun_of is not None else None for run in page.runs]
    mlflow_ids, said = in_mlflow(page.runs), store.annotations.known
    marks = [said.get(run.run_id, NOTHING) for run in page.runs]
    objects = [
        report.run_object(run, marked, store.notebook(run), verdict, mlflow_ids.get(run.run_id))
        for run, verdict, marked in zip(page.runs, verdicts, marks, strict=True)
    ]
    table = report.table(list(zip(page.runs, verdicts, marks, strict=True)))
    return {"runs": objects, "total": page.total}, _text(table, page, options), 0


def filters(config: Config, options: argparse.Namespace) -> Result:
    """List the saved filters, or forget one.

    Raises:
        FilterNotFound: the one to forget is not there.
    """
    saved = SavedFilters(config.home)
    if options.delete is not None:
        saved.delete(options.delete)
    found = saved.all()
    text = (
        "\n".join(report.listed_filters(found))
        or "No filter is saved. 'runlore runs --filter .. --save NAME' does."
    )
    return {"filters": msgspec.to_builtins(found)}, text, 0


def _query(config: Config, options: argparse.Namespace) -> Query:
    own, order = options.filter or "", options.order_by or ""
    saved = SavedFilters(config.home)
    known = saved.get(options.saved) if options.saved is not None else None
    if options.save is not None:
        if known is not None:
            raise InvalidRequest("give --saved or --save, not both")
        saved.put(SavedFilter(name=options.save, filter=own, order_by=order))
    parts = [part for text in (known.filter if known else "", own) if (part := parse(text)) is not None]
    return Query(
        where=And(tuple(parts)) if len(parts) > 1 else next(iter(parts), None),
        order=parse_order(order or (known.order_by if known else "")),
        limit=options.limit,
        offset=options.offset,
    )


def _text(table: str, page: Page, options: argparse.Namespace) -> str:
    if not page.runs and (page.total or options.filter or options.saved):
        return "No run is on that page." if page.total else "No run matches the filter."
    if page.total == len(page.runs):
        return table
    first = options.offset + 1
    return f"{table}\n{first} to {options.offset + len(page.runs)} of {page.total} runs; see --limit and --offset"
