"""``/runlore/curves.csv``: every point of curves as a table, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from runlore_server.api.base import FAILURES, RunloreHandler
from runlore_server.errors import InvalidRequest

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.services import Services
    from runlore_server.store.curves import Points
    from runlore_server.store.epochs import Epochs

_MOST_RUNS = 100
_ROWS = 20_000
"""Rows a piece: what is made while nobody else can use the thread, and held in memory."""
_HEAD = ("run_id", "run", "metric", "step", "epoch", "time", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CurvesTableHandler(RunloreHandler):
    """A row a point, in full resolution, sent in pieces as it is read."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        try:
            pieces = await self._backend.call(self._pieces)
            piece = await self._backend.call(lambda _: next(pieces, ""))
        except FAILURES as error:
            self.refuse(error)
            return
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", 'attachment; filename="curves.csv"')
        while piece:
            self.write(piece)
            await self.flush()
            piece = await self._backend.call(lambda _: next(pieces, ""))
        await self.finish()

    def _pieces(self, services: Services) -> Iterator[str]:
        wanted, metrics = self.get_query_arguments("run"), self.get_query_arguments("metric")
        if not 0 < len(wanted) <= _MOST_RUNS:
            raise InvalidRequest(f"give 'run' at least once and at most {_MOST_RUNS} times")
        runs = [services.store.find(run_id) for run_id in wanted]
        return _table(services, runs, metrics)


def _table(services: Services, runs: list[RunRecord], metrics: list[str]) -> Iterator[str]:
    from runlore_server.store.curves import CurveFile
    from runlore_server.store.epochs import epochs_of

    yield ",".join(_HEAD) + "\r\n"
    for run in runs:
        services.curve_cache.note_use(run)
        epochs = epochs_of(run, services.views)
        for metric in metrics or run.metrics:
            if metric not in run.curves:
                continue
            first = f"{_cells(run.run_id, run.name, metric)},"
            start = 0
            with CurveFile(run.curves[metric]) as file:
                while len(points := (slots := file.read(start, _ROWS)).points):
                    yield _rows(first, points, epochs)
                    start += slots.length


def _rows(first: str, points: Points, epochs: Epochs | None) -> str:
    """Rows that begin with these cells; a number has as many digits as tell it from all others."""
    counted = [""] * len(points) if epochs is None else [repr(at) for at in epochs.at(points["step"]).tolist()]
    rows = zip(points["step"].tolist(), counted, points["time"].tolist(), points["value"].tolist(), strict=True)
    return "".join([f"{first}{step},{epoch},{time!r},{value!r}\r\n" for step, epoch, time, value in rows])


def _cells(*texts: str) -> str:
    """Texts as cells of a row; what a spreadsheet would take for a formula is text there too.

    See OWASP, *CSV Injection*: https://owasp.org/www-community/attacks/CSV_Injection
    """
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(
        f"'{text}" if text.startswith(_FORMULA) else text for text in texts
    )
    return row.getvalue()
