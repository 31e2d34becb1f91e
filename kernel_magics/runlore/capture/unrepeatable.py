"""Functions whose results no replay can give back, by their full names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runlore.events import UncontrolledKind

_CLOCKS = [
    *(
        f"time.{name}{unit}"
        for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time")
        for unit in ("", "_ns")
    ),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    *(f"pandas.Timestamp.{name}" for name in ("now", "utcnow", "today")),
    "datetime.date.today",
    "timeit.default_timer",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "os.times",
]
_CHANCE = ["token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits", "SystemRandom"]
_TEMPORARY = ("mkdtemp", "mkstemp", "mktemp", "NamedTemporaryFile", "TemporaryDirectory")
_MACHINE = [
    *("os.getloadavg", "os.statvfs", "shutil.disk_usage", "resource.getrusage"),
    *(f"gc.get_{what}" for what in ("count", "objects", "stats")),
    *("sys.getallocatedblocks", "sys.getrefcount"),
    *("tracemalloc.get_traced_memory", "tracemalloc.take_snapshot"),
    *(f"psutil.{what}" for what in ("virtual_memory", "swap_memory", "pids", "process_iter", "disk_usage")),
    *(f"psutil.{what}" for what in ("net_io_counters", "disk_io_counters", "Process", "getloadavg", "cpu_stats")),
    *("psutil.cpu_percent", "psutil.cpu_times", "psutil.cpu_freq", "psutil.boot_time"),
]
FUNCTIONS: dict[str, UncontrolledKind] = {
    **dict.fromkeys(_CLOCKS, "clock"),
    **dict.fromkeys([f"uuid.uuid{version}" for version in (1, 4, 6, 7)], "uuid"),
    **dict.fromkeys([f"secrets.{name}" for name in _CHANCE], "urandom"),
    **dict.fromkeys(["os.urandom", "os.getrandom", "random.SystemRandom", "ssl.RAND_bytes"], "urandom"),
    **dict.fromkeys(["os.getpid", "os.getppid"], "process id"),
    **dict.fromkeys(["threading.get_ident", "threading.get_native_id"], "process id"),
    **dict.fromkeys([f"tempfile.{name}" for name in _TEMPORARY], "temporary path"),
    **dict.fromkeys(_MACHINE, "machine state"),
    **dict.fromkeys([f"os.path.get{which}time" for which in "mca"], "file time"),
    "id": "address order",
}
"""Which kind of thing each gives."""
