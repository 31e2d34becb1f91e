"""The metrics of an open run: their curves, and which source writes to which."""

from __future__ import annotations

import signal
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from time import time as clock
from typing import TYPE_CHECKING, Any, ClassVar

from runlore import events as ev
from runlore.curve import file_name
from runlore.curve_writer import Writer, curve_writer
from runlore.errors import MetricError, RunStateError
from runlore.forks import Forks
from runlore.interrupts import held_off
from runlore.lockstep import Lockstep, Row
from runlore.metric import Curve
from runlore.pending import DeviceValue, PendingPoints, device_value
from runlore.sources import LOG, WATCH, Sources, described
from runlore.values import DOUBLES, as_metric_name, as_number, as_step, is_numeric

if TYPE_CHECKING:
    from pathlib import Path

    from runlore.session import Session

_MOST_ROWS = 1000
"""Sets of names that are logged together, of one source, whose curves are looked up at once."""


class Metrics:
    """Takes the points of one run.

    Each source has curves of its own (see ``Sources``), and so has a forked process, which counts from 0 too, for
    the same reason; ``RunRecord.add_curve`` names them.

    Attributes:
        logged: the curves of ``runlore.log`` by the names that it was given.
        sources: who logs, and to which names.
    """

    active: ClassVar[Metrics | None] = None
    """Those of this process's innermost open run: what a call of ``runlore.log`` needs at once."""

    def __init__(self, session: Session, info: ev.RunStarted) -> None:
        self._session = session
        self._info = info
        self._directory = session.home.curves(session.session_id, info.run_id)
        self._curves: dict[str, Curve] = {}
        self._routes: dict[str, dict[str, Curve]] = {LOG: {}, WATCH: {}}
        self.logged = self._routes[LOG]
        self._rows: dict[str, dict[tuple[str, ...], Row]] = {LOG: {}, WATCH: {}}
        self._unusable: dict[tuple[str, str], int] = {}
        self._late: set[str] = set()
        self._pending = PendingPoints(self._write, self._lost)
        self._opening = threading.Lock()
        self._closed = False
        self.sources = Sources()
        self.forks = Forks()

    @property
    def ended(self) -> bool:
        """Whether the run has ended, in this process or in the kernel that forked it."""
        return self._closed or self.forks.ended

    def files(self) -> dict[str, Path]:
        """The curve files so far by the names that the record has for them, in the order of their first point."""
        if self.forks.count:
            from runlore.session_record import SessionRecord

            record = SessionRecord(self._session.home, self._session.session_id)
            record.refresh()
            if run := record.runs.get(self._info.run_id):
                return dict(run.metrics)
        return {name: self._directory / file_name(name, self.forks.process) for name in self._curves}

    def log(
        self,
        values: Mapping[str, Any],
        step: int | None = None,
        source: str = LOG,
        at_time: float | None = None,
    ) -> None:
        """Append one point to each metric, or none if one value is bad.

        Args:
            values: name to value, as ``Run.log`` takes them.
            step: as ``Run.log`` takes it.
            source: who logs; the names are this source's.
            at_time: Unix seconds; by default now.

        Raises:
            MetricError, RunStateError: as ``Run.log``.
        """
        now = clock() if at_time is None else at_time
        at = None if step is None else as_step(step)
        row = self._rows[source].get(names := tuple(values))
        doubles = DOUBLES
        for value in values.values():
            if type(value) not in doubles:
                break
        else:  # nothing to look at one by one
            row = row or self._row(source, names)
            if row.lockstep is None or not row.lockstep.log(at, now, values.values()):
                self._append(row, at, now, values.values())
            return
        numbers = [_number(name, value) for name, value in values.items()]
        row = row or self._row(source, names)
        if len(known := [number for number in numbers if not isinstance(number, DeviceValue)]) == len(numbers):
            self._append(row, at, now, known)
        else:
            for curve, number in zip(row.curves, numbers):  # noqa: B905 - as many as there are names
                self._add(curve, at, now, number)

    def _append(self, row: Row, step: int | None, now: float, numbers: Collection[float]) -> None:
        if row.lockstep is not None:
            if row.lockstep.log(step, now, numbers):
                return
            row.lockstep = None
        for curve, number in zip(row.curves, numbers):  # noqa: B905 - as many as there are names
            if (writer := curve.mapped) is None:
                self._add(curve, step, now, number)
                continue
            position, word = next(writer.points)
            if step is not None and step != position:
                position = step
                curve.go_on(step + 1)
            try:  # what ``CurveWriter.append`` does, whose call would cost a quarter more
                if word >= writer.end:
                    writer.reserve(word)
                writer.steps[word] = position
                writer.times[word] = now
                writer.values[word] = number
            except (ValueError, OSError) as error:
                self.failed(curve, position, now, number, error)

    def _row(self, source: str, names: tuple[str, ...]) -> Row:
        curves = self._routes[source]
        names = tuple(name if name in curves else as_metric_name(name) for name in names)
        self._open(source, [name for name in names if name not in curves])
        row = Row([curves[name] for name in names])
        if len(self._rows[source]) < _MOST_ROWS:
            self._rows[source][names] = row
        return row

    def _add(self, curve: Curve, step: int | None, now: float, number: float | DeviceValue) -> None:
        if curve.lockstep is not None:
            curve.lockstep.part()
        if step is None:
            position = next(curve.steps)
        else:
            position = step
            curve.go_on(step + 1)
        append = curve.append
        if append is None:
            if self.ended:
                raise self._ended()
            self._session.explain_silence()
        elif isinstance(number, DeviceValue):
            curve.behind(self._pending.flush)  # a number that is known at once must not overtake those that wait
            self._pending.add(curve, position, now, number)
        else:
            try:
                append(position, now, number)
            except (ValueError, OSError) as error:
                self.failed(curve, position, now, number, error)

    def failed(self, curve: Curve, position: int, now: float, number: float, error: ValueError | OSError) -> None:
        """What to do about a point that a curve's ``append`` did not take.

        Raises:
            MetricError, RunStateError: as ``Run.log``.
        """
        if isinstance(error, OSError):
            curve.failed(error)
        elif not position < 2**63:
            raise MetricError(f"the next step of metric {curve.name!r} does not fit into 64 bits") from None
        else:
            try:  # another thread may have made the curve go on behind a full disk
                curve.write(position, now, number)
            except OSError as again:
                curve.failed(again)
            except ValueError:  # but it has ended the run, or this process' kernel has
                raise self._ended() from None

    def observe(self, name: str, value: Any) -> None:
        """Log a watched variable after it was assigned; what is no number is counted and said at the end.

        Only numbers and arrays are asked for their value; an object of the user's may do anything then.
        """
        try:
            if type(value) is not float and not is_numeric(type(value)):
                raise MetricError(f"{name!r} is no number")
            self.log({name: value}, None, WATCH)
        except Exception:  # noqa: BLE001 - a number of the user's own type may raise anything too
            self._count_unusable(WATCH, name)

    def receive(
        self, source: str, values: Mapping[str, Any], step: int | None = None, at_time: float | None = None
    ) -> None:
        """Take points that the user gave to someone else: raises nothing, and keeps the good ones of them."""
        if self.ended:
            if source not in self._late:
                self._late.add(source)
                why = "they came after the run had ended"
                self._session.not_captured(f"points of {source}", why, self._info.run_id)
            return
        self._routes.setdefault(source, {})
        self._rows.setdefault(source, {})
        for name, value in values.items():
            try:
                self.log({as_metric_name(name): value}, step, source, at_time)
            except Exception:  # noqa: BLE001 - a value of the user's may do anything when it is asked for its number
                self._count_unusable(source, str(name))

    def close(self, *, completed: bool) -> None:
        """Write what waits, close the files, and say which values could not be used.

        Args:
            completed: the run came to its end, so that each watched variable should have been assigned.
        """
        self._pending.flush()
        for name in self._info.watch if completed else ():
            if name not in self._routes[WATCH] and (WATCH, name) not in self._unusable:
                self._session.warn(f"--watch {name}: never assigned while the cell ran", key=f"watch {name}")
        self._closed = True
        self.forks.end()
        for curve in self._curves.values():
            curve.close()
        for (source, name), count in self._unusable.items():
            if source == WATCH:
                self._session.warn(
                    f"--watch {name}: {count} assigned value(s) were no single number and were not logged"
                )
            else:
                what = f"{count} value(s) of {source}'s {name!r}"
                self._session.not_captured(what, "they were no single real number", self._info.run_id)

    def forked(self) -> None:
        """This is a forked process now: what is open here is its parent's."""
        self.forks.forked()
        for curve in self._curves.values():
            curve.abandon()
        self._curves, self._unusable, self._late = {}, {}, set()
        self.sources.forked()
        self._routes = {source: {} for source in self._routes}
        self.logged = self._routes[LOG]
        self._rows = {source: {} for source in self._rows}
        self._pending = PendingPoints(self._write, self._lost)
        self._opening = threading.Lock()

    def _open(self, source: str, names: Sequence[str]) -> None:
        if names and self.ended:
            raise self._ended()
        with held_off() as interrupts, self._opening:  # half a curve would keep its name from the next attempt
            routes, opened = self._routes[source], dict[str, Curve]()
            try:
                for name in names:
                    if name not in routes:  # another thread was faster
                        opened[name] = self._curve(source, name)
                if len(opened) > 1 and all(curve.mapped is not None for curve in opened.values()):
                    Lockstep(list(opened.values()), self.failed)
            finally:
                routes.update(opened)
        if interrupts:
            signal.raise_signal(signal.SIGINT)

    def _curve(self, source: str, name: str) -> Curve:
        recorded, owner = self.sources.own(source, name)
        if owner is not None and source in (LOG, WATCH):
            self._session.warn(
                f"metric {name!r} is written by {described(owner)} already; the points of "
                f"{described(source)} are kept apart as {recorded!r}"
            )
        create = partial(self._create, recorded)
        curve = Curve(recorded, create, self.forks.guarded, self._cannot_write, self._lacks)
        self._curves[recorded] = curve
        return curve

    def _create(self, name: str) -> Writer | None:
        if not self._session.records(self._info.run_id):
            return None
        file = file_name(name, self.forks.process)
        if self.forks.process:
            self._session.end_with_process()
        self._session.write(
            ev.MetricStarted(
                time=clock(), run_id=self._info.run_id, metric=name, file=file, process=self.forks.process
            )
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        return curve_writer(self._directory / file)

    def _write(self, curve: Curve, step: int, time: float, number: float) -> None:
        try:
            curve.write(step, time, number)
        except OSError as error:
            curve.failed(error)
        except ValueError as error:
            self._lost(1, error)

    def _cannot_write(self, name: str, error: OSError) -> None:
        self._session.cannot_write(f"points of metric {name!r}", error, self._info.run_id)

    def _lacks(self, name: str, count: int, error: OSError) -> None:
        what = f"{count} point(s) of metric {name!r}"
        self._session.not_captured(what, str(error.strerror or error), self._info.run_id)

    def _lost(self, count: int, error: Exception) -> None:
        what = f"{count} point(s) that waited on a device"
        self._session.not_captured(what, f"{type(error).__name__}: {error}", self._info.run_id)

    def _count_unusable(self, source: str, name: str) -> None:
        self._unusable[source, name] = self._unusable.get((source, name), 0) + 1

    def _ended(self) -> RunStateError:
        return RunStateError(f"run {self._info.name!r} has ended; start another one to log into")


def _number(name: str, value: Any) -> float | DeviceValue:
    return device_value(name, value) or as_number(name, value)
