"""Errors of the server side; each text says what to do. The web layer alone turns them into HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runlore.errors import RunloreError
from runlore_server.pointing import Misread


class AmbiguousRun(RunloreError, LookupError):
    """Several runs have ids that start with the given text; ``candidates`` are those ids."""

    def __init__(self, text: str, candidates: Sequence[str]) -> None:
        self.candidates = list(candidates)
        shown = ", ".join(self.candidates[:5]) + (", ..." if len(self.candidates) > 5 else "")
        super().__init__(f"{text!r} starts the ids of {len(self.candidates)} runs ({shown}); give more of it")


class BundleRefused(RunloreError, ValueError):
    """A file is no bundle of a run, or a damaged one; nothing of it was used."""


class ChangedMeanwhile(RunloreError, RuntimeError):
    """A text on a run is not what the client last saw; nothing was changed."""


class CriteriaNotFound(RunloreError, LookupError):
    """The experiment has no success criteria."""


class ScheduleNotFound(RunloreError, LookupError):
    """No schedule has this id."""


class JobNotFound(RunloreError, LookupError):
    """No rerun job makes a run with this id."""


class NotebookMissing(RunloreError, LookupError):
    """The run has no such notebook, or not yet; the text says what to do."""


class FilterNotFound(RunloreError, LookupError):
    """No filter is saved under this name."""


class ArtifactNotFound(RunloreError, LookupError):
    """The run logged no artifact under this path."""


class ModelRefused(RunloreError, ValueError):
    """The run has no such model, or a registered model cannot have that name; nothing was registered."""


class NotInMlflow(RunloreError, RuntimeError):
    """MLflow does not have the run, or not yet; the text says what to do."""


class SweepNotFound(RunloreError, LookupError):
    """No sweep has this id."""


class SpaceRefused(Misread):
    """A space of parameters, or a condition on it, is none for the run; nothing was started.

    ``parameter`` is the one whose values are at fault; ``None`` where that is none alone.
    """

    parameter: str | None = None


class RuleNotFound(RunloreError, LookupError):
    """The experiment has no retention rule."""


class CollectedElsewhere(RunloreError, RuntimeError):
    """Another process on the home removes what nothing needs at the moment."""


class RerunRefused(RunloreError, RuntimeError):
    """The run cannot be rerun as asked; nothing was started."""


class RerunGone(RunloreError, FileNotFoundError):
    """The folder of a rerun, or the home, was removed while that went on."""


class OptionsRefused(RerunRefused):
    """What is asked of a rerun cannot be had so; the text says what can."""


class KernelMissing(RerunRefused):
    """No kernelspec has the name asked for; ``kernels`` are the names that could be used instead."""

    def __init__(self, message: str, kernels: Sequence[str]) -> None:
        self.kernels = list(kernels)
        super().__init__(message)


class KernelRefused(RerunRefused):
    """The kernel exists, but cannot replay a run; the text says why, and what to do."""


class KernelUnasked(RerunRefused):
    """Whether the recorded Python could replay a run is only known once it is started, which nobody asked for."""


class GatewayRefused(RerunRefused):
    """The Jupyter gateway refuses what is asked of it, or its settings are wrong; the text says what to do."""


class GatewayLacks(GatewayRefused):
    """The Jupyter gateway does not have what it is asked for."""


class NoGateway(GatewayRefused):
    """No Jupyter gateway is set up."""


class GatewayAway(RerunRefused):
    """The Jupyter gateway cannot be reached, or cannot do at the moment what is asked of it."""


class EnvironmentNotRebuildable(RerunRefused):
    """The recorded environment cannot be had again; ``packages`` maps what is at fault to why."""

    def __init__(self, packages: Mapping[str, str]) -> None:
        self.packages = dict(packages)
        reasons = "; ".join(f"{name}: {why}" for name, why in self.packages.items())
        super().__init__(
            f"the environment of the run cannot be rebuilt: {reasons}. Make that available, or rerun in an "
            "environment of your choice"
        )


class InvalidRequest(RunloreError, ValueError):
    """A query or a body is not what the API documents."""


class SettingRefused(RunloreError, ValueError):
    """A setting of the server side cannot be understood; the text says what it may be."""


class TrackingStoreAway(RunloreError, ConnectionError):
    """MLflow's tracking store cannot be reached at the moment; nothing is lost, it is tried again."""


class ExportRefused(RunloreError, RuntimeError):
    """MLflow does not take this run as it is; trying again soon would change nothing."""


class CompanionEnded(RunloreError, OSError):
    """The process that works for this one died, took too long, or was told to stop; the next one goes on."""


class ExportedElsewhere(RunloreError, RuntimeError):
    """Another process on the home exports to MLflow at the moment."""


class MirroredElsewhere(RunloreError, RuntimeError):
    """Another process on the home keeps its mirror of MLflow."""


class LabExtraMissing(RunloreError, RuntimeError):
    """The server side lacks packages that ``runlore[lab]`` brings; ``packages`` are their names."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = list(packages)
        super().__init__(
            f"Runlore records runs, but its panel and reruns need {', '.join(self.packages)}; "
            "run: pip install 'runlore[lab]'"
        )


class ParameterRefused(RerunRefused):
    """A parameter cannot be set as asked; the text lists those that there are, or says what it may be.

    ``parameter`` is its name where it is a single one.
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        self.parameter = parameter
        super().__init__(message)


class WeighingTooLong(RunloreError, RuntimeError):
    """There are too many runs and parameters to say which of these matter."""


class DataMissing(RerunRefused):
    """Files that the run's cells read are gone; ``paths`` are those, the text says how to get them back."""

    def __init__(self, message: str, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        super().__init__(message)
