"""The load of the machine while a run is open: processors, memory and GPUs, as curves that are no results.

A thread measures every few seconds, from the first second of a run on. What it finds has MLflow's names, so that
MLflow shows it with its system metrics, and goes to curves of its own, which ``MetricStarted.system`` tells from
the user's: no verdict compares them. ``RUNLORE_SYSTEM_METRICS`` is the number of seconds, or ``0`` for none.
"""

from __future__ import annotations

import math
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from runlore import events as ev
from runlore.capture import audit
from runlore.curve import file_name
from runlore.curve_writer import Writer, curve_writer
from runlore.metric import Curve

if TYPE_CHECKING:
    from runlore.capture.load import Load
    from runlore.run import Run
    from runlore.session import Session

VARIABLE = "RUNLORE_SYSTEM_METRICS"
_OFF = ("0", "false", "no", "off")
_INTERVAL = 5.0
"""Seconds from one measurement to the next, where nobody sets them."""

_FIRST = 1.0
"""Seconds from the start of a run to the first one, which tells of the second half of them; runs that are shorter
than that half cost nothing."""

_SHARE, _SHARE_AS_SET = 1000, 10
"""How many times the processor's time that one took lie between two at least: a thousandth of a processor is what
nobody notices; a tenth is what somebody may ask for."""

_PATIENCE = 1.0
"""Seconds that a fork waits for the driver at the most; one in trouble may never answer."""

_PROCESS = "system"
"""What stands for a process in the names of the files; no forked one is called so."""


class SystemMetrics:
    """Measures for the open runs of one session, but those that only lead to a rerun's target."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._share = _SHARE
        self._interval = self._asked()
        self._runs: dict[str, _Curves] = {}
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._measuring = threading.Lock()
        self._forking = False

    def opened(self, run: Run) -> None:
        """A run has begun."""
        if self._interval is None or not self._session.records(None):
            return
        with self._changed:
            self._runs[run.run_id] = _Curves(self._session, run.run_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="runlore-system", daemon=True)
                self._thread.start()
            elif len(self._runs) == 1:
                self._changed.notify()

    def closing(self, run: Run) -> None:
        """A run is about to end; nothing is written about it any more."""
        with self._changed:
            curves = self._runs.pop(run.run_id, None)
            if not self._runs:
                self._changed.notify()
        if curves is not None:
            curves.close()

    def before_fork(self) -> None:
        """Let no process be forked while the driver is asked: a lock of its library would stay taken there."""
        self._forking = self._measuring.acquire(timeout=_PATIENCE)

    def after_fork(self) -> None:
        """The process was forked, or could not be."""
        if self._forking:
            self._measuring.release()

    def in_child(self) -> None:
        """This is the forked process, which has no such thread."""
        for curves in self._runs.values():
            curves.abandon()
        self._runs, self._interval, self._thread = {}, None, None
        self._changed, self._measuring = threading.Condition(), threading.Lock()

    def _work(self) -> None:
        audit.mute_thread()
        try:
            self._measure()
        except Exception as error:  # noqa: BLE001 - systems differ; without it, the rest is recorded
            self._session.not_captured("system metrics", f"{type(error).__name__}: {error}")

    def _measure(self) -> None:
        load: Load | None = None
        while True:
            with self._changed:
                while not self._runs:
                    self._changed.wait()
            pause = min(_FIRST, self._interval or _FIRST) / 2
            if not self._wait(pause):
                continue
            if load is None:
                load = self._made()
            load.begin()
            while self._wait(pause):
                began = time.thread_time()
                found = load.measured()
                with self._measuring:
                    found |= load.measured_devices()
                self._write(found, load.devices)
                pause = max(self._interval or _INTERVAL, self._share * (time.thread_time() - began))

    def _made(self) -> Load:
        from runlore.capture.load import Load

        with self._measuring:
            load = Load()
        if load.lacking is not None:
            self._session.not_captured("load of GPUs", load.lacking)
        return load

    def _wait(self, seconds: float) -> bool:
        """Wait for the next measurement; whether a run is still open then."""
        until = time.monotonic() + seconds
        with self._changed:
            while self._runs and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return bool(self._runs)

    def _write(self, found: dict[str, float], devices: list[str]) -> None:
        with self._changed:
            runs = list(self._runs.values())
        now = time.time()
        for curves in runs:
            curves.add(found, devices, now)

    def _asked(self) -> float | None:
        text = os.environ.get(VARIABLE, "").strip()
        if not text or text.lower() in _OFF:
            return None if text else _INTERVAL
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if seconds > 0 and math.isfinite(seconds):
            self._share = _SHARE_AS_SET
            return seconds
        self._session.warn(f"{VARIABLE} is a number of seconds, or 0 for no system metrics, not {text!r:.40}")
        return _INTERVAL


class _Curves:
    """The curves of one run."""

    def __init__(self, session: Session, run_id: str) -> None:
        self._session = session
        self._run_id = run_id
        self._directory = session.home.curves(session.session_id, run_id)
        self._curves: dict[str, Curve] = {}
        self._lock = threading.Lock()
        self._closed = False

    def add(self, values: dict[str, float], devices: list[str], now: float) -> None:
        """Append a point to each metric, unless the run has ended; before the first one, tell of the devices."""
        with self._lock:
            if self._closed:
                return
            if devices and not self._curves:
                self._session.append(ev.DevicesFound(time=now, run_id=self._run_id, devices=devices))
            for name, value in values.items():
                curve = self._curves.get(name) or self._open(name)
                if curve.append is not None:
                    try:
                        curve.append(next(curve.steps), now, value)
                    except OSError as error:
                        curve.failed(error)

    def close(self) -> None:
        """Close the files; what comes later is dropped."""
        with self._lock:
            self._closed = True
            for curve in self._curves.values():
                curve.close()

    def abandon(self) -> None:
        """Let go of files that are a parent's of this forked process."""
        self._closed = True
        for curve in self._curves.values():
            curve.abandon()

    def _open(self, name: str) -> Curve:
        create = partial(self._create, name)
        curve = self._curves[name] = Curve(name, create, lambda append: append, self._stopped, self._lacks)
        return curve

    def _create(self, name: str) -> Writer | None:
        if not self._session.records(None):
            return None
        file = file_name(name, _PROCESS)
        self._session.write(
            ev.MetricStarted(time=time.time(), run_id=self._run_id, metric=name, file=file, system=True)
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        return curve_writer(self._directory / file)

    def _stopped(self, name: str, error: OSError) -> None:
        self._session.cannot_write(f"points of metric {name!r}", error, self._run_id)

    def _lacks(self, name: str, count: int, error: OSError) -> None:
        what = f"{count} point(s) of metric {name!r}"
        self._session.not_captured(what, str(error.strerror or error), self._run_id)
