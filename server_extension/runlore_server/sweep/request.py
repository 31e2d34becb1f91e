"""What somebody asks of a sweep, on a command line or through the API."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from runlore.decodable import decodable
from runlore_server.errors import InvalidRequest
from runlore_server.rerun.folder import Env, Scope

Sampler = Literal["grid", "random", "tpe", "gp", "coarse-to-fine", "population"]
Pruner = Literal["none", "median", "halving", "hyperband"]
Direction = Literal["minimize", "maximize"]
Reading = Literal["last", "best", "tail"]
Center = Literal["mean", "median"]

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class SweepRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sweep that is asked for.

    ``run_id`` is the original, by anything that ``RunStore.find`` takes; ``parameters`` and ``conditions`` make
    the space (see ``sweep.space``). The value of a trial is what ``reading`` says of the curve of ``metric``: its
    last point, its best one, or the mean of its last tenth; with ``seeds`` the ``center`` of those of so many
    reruns with fresh seeds. ``direction`` says which value is better.

    No trial begins once there are ``trials`` or ``seconds`` of work have passed; without either, a grid ends with
    its last point and others after 100 trials. ``jobs`` trials run at a time, by default as many as the queue
    carries out. ``pruner`` ends a trial while it trains; halving and Hyperband first ask after ``least_steps``
    steps of the metric and take ``most_steps`` for a whole training, by default those of the original.
    ``population`` is how many members the sampler of that name trains, each of their generations a trial a member.
    ``sampler_seed`` makes proposals repeatable where trials run one after the other.

    The rest is passed on to every rerun (see ``queue.request.Request``).
    """

    run_id: str
    parameters: dict[str, Any]
    metric: str
    conditions: list[str] = []
    direction: Direction = "minimize"
    reading: Reading = "last"
    sampler: Sampler = "tpe"
    pruner: Pruner = "none"
    trials: Count | None = None
    seconds: Positive | None = None
    jobs: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    seeds: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    center: Center = "mean"
    population: Annotated[int, msgspec.Meta(ge=2, le=1000)] | None = None
    least_steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    most_steps: Annotated[int, msgspec.Meta(ge=1)] | None = None
    sampler_seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None = None
    name: str | None = None

    scope: Scope = "slice"
    kernel: str | None = None
    env: Env = "recorded"
    priority: int = 0
    retries: Annotated[int, msgspec.Meta(ge=0)] = 0
    timeout: Positive | None = None
    gpus: Annotated[float, msgspec.Meta(ge=0)] = 0
    gpu_type: str | None = None
    gpu_memory: str | None = None
    backend: str | None = None


def checked(asked: Any) -> SweepRequest:
    """What is asked, with every number where it may be.

    Raises:
        InvalidRequest: one is not.
    """
    try:
        return msgspec.convert(asked, decodable(SweepRequest))
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"a sweep cannot be asked for so: {error}") from error
