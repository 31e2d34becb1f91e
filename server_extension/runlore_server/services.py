"""What works behind the web layer, for one home: the store, its archive and export, reruns and packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runlore_server.automation.scheduler import Scheduler
from runlore_server.config import Config
from runlore_server.ingest import Exporter
from runlore_server.mirror.mirror import Mirror
from runlore_server.provenance.provenance import Provenance
from runlore_server.queue.queue import JobQueue
from runlore_server.registry.registry import Registry
from runlore_server.rerun.pinning import Pinning
from runlore_server.retention.daily import DailyRetention
from runlore_server.retrieval import Retrieval
from runlore_server.store.archiver import Archiver
from runlore_server.store.curve_cache import CurveCache
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore
from runlore_server.store.summaries import CurveSummaries
from runlore_server.store.views import CurveViews
from runlore_server.sweep.service import Sweeps


@dataclass(frozen=True)
class Services:
    """Everything a request may need; all of it may be used from several threads."""

    config: Config
    store: RunStore
    provenance: Provenance
    summaries: CurveSummaries
    views: CurveViews
    curve_cache: CurveCache
    archiver: Archiver
    retrieval: Retrieval
    exports: Exports
    exporter: Exporter
    registry: Registry
    jobs: JobQueue
    sweeps: Sweeps
    pinning: Pinning
    mirror: Mirror
    retention: DailyRetention
    scheduler: Scheduler

    @classmethod
    def open(cls, config: Config, on_job: Callable[[str], None]) -> Services:
        """Read the home and start to archive, to export, to rerun, and to look packages up. Blocks.

        Args:
            config: which home, and where MLflow is.
            on_job: called from another thread with the run id of a job that changed.
        """
        store, summaries = RunStore(config.home), CurveSummaries()
        exports = Exports(config.home, config.tracking_uri)
        jobs = JobQueue(config.home, store, on_job)
        jobs.start()  # first: it moves reruns that were cut short out of the way, which nobody else should see
        store.refresh()
        sweeps = Sweeps(config, store, jobs)
        sweeps.start()
        exporter = Exporter(config, store, exports)
        exporter.start()
        pinning = Pinning(store)
        pinning.start()
        cache = CurveCache(store, config.curve_cache)
        archiver = Archiver(store, cache)
        archiver.start()
        retrieval = Retrieval(config, store, exports)
        mirror = Mirror(config, store)
        mirror.start()
        retention = DailyRetention(config)
        retention.start()
        scheduler = Scheduler(config.home, jobs)
        scheduler.start()
        return cls(
            config,
            store,
            Provenance(config.home, store),
            summaries,
            CurveViews(),
            cache,
            archiver,
            retrieval,
            exports,
            exporter,
            Registry(config, exports, exporter),
            jobs,
            sweeps,
            pinning,
            mirror,
            retention,
            scheduler,
        )

    def close(self) -> None:
        """Stop what was started. Blocks."""
        self.scheduler.shutdown()
        self.retention.shutdown()
        self.mirror.shutdown()
        self.pinning.shutdown()
        self.sweeps.shutdown()
        self.jobs.shutdown()
        self.archiver.shutdown()
        self.retrieval.shutdown()
        self.registry.shutdown()
        self.exporter.shutdown()
        self.exports.close()
        self.store.close()
