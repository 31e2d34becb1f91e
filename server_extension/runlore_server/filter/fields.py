"""The fields of a run that a filter or an order may name."""

from __future__ import annotations

import re
from typing import Literal, get_args

from runlore.events import RunKind
from runlore.record import RunStatus
from runlore_server.filter.errors import FilterError, near
from runlore_server.filter.tokens import Token
from runlore_server.filter.tree import Entity, Field, Statistic
from runlore_server.verdict.verdict import Word

Type = Literal["text", "word", "number", "time", "duration", "loose"]
"""``word`` is one of a few; ``loose`` is a text that counts as a number beside a number."""

ATTRIBUTES: dict[str, Type] = {
    "id": "text",
    "name": "text",
    "experiment": "text",
    "notebook": "text",
    "session": "text",
    "user": "text",
    "kind": "word",
    "status": "word",
    "verdict": "word",
    "rerun_of": "text",
    "started": "time",
    "ended": "time",
    "duration": "duration",
    "gpu": "text",
    "gpus": "number",
    "reruns": "number",
    "pinned": "word",
    "starred": "word",
    "deleted": "word",
    "notes": "text",
    "hypothesis": "text",
}

_MEASURED = (
    "gpu_utilization_percentage",
    "gpu_memory_usage_megabytes",
    "gpu_power_usage_watts",
    "cpu_utilization_percentage",
    "system_memory_usage_megabytes",
    "kernel_cpu_utilization_percentage",
    "kernel_memory_usage_megabytes",
)
LOADS = tuple(name + end for name in _MEASURED for end in ("", ".max"))
"""The machine's load while the run was open, as MLflow's system metrics call it: the mean, and the greatest. Of
several GPUs it is the mean of percentages, and the sum of all else."""

SWEEP = Field("tag", "runlore.sweep")
"""What ``sweep`` names: the id of the sweep of which a run is a trial."""

WORDS: dict[str, tuple[str, ...]] = {
    "kind": get_args(RunKind),
    "status": get_args(RunStatus),
    "verdict": get_args(Word),
    **dict.fromkeys(("pinned", "starred", "deleted"), ("yes", "no")),
}
"""The words that a field of that type may have."""

_MLFLOWS_NAMES = {
    "run_id": "id",
    "run_name": "name",
    "run name": "name",
    "user_id": "user",
    "start_time": "started",
    "created": "started",
    "end_time": "ended",
}
IN_MILLISECONDS = frozenset(("start_time", "created", "end_time"))
"""Names of MLflow's under which a bare number is a time in milliseconds, as it is there."""

_ENTITIES: dict[str, Entity] = {
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("tag", "tags"), "tag"),
}
_STATISTICS: tuple[Statistic, ...] = get_args(Statistic)
_QUOTED = re.compile(
    r"""(?P<entity>\w+)\.(?:"(?P<double>.*)"|`(?P<back>.*)`)(?:\.(?P<statistic>\w+))?""", re.DOTALL
)


def has_entity(token: Token) -> bool:
    """Whether the token can be nothing but a field: ``metrics.loss``, or a name in quotes after a point."""
    return token.kind == "field" or (token.kind == "word" and _split(token.content)[0] is not None)


def type_of(field: Field) -> Type:
    """What the field's values are."""
    if field.entity == "attribute":
        return ATTRIBUTES[field.name]
    return "number" if field.entity in ("metric", "load") else "loose"


def is_of_curves(field: Field) -> bool:
    """Whether only the run's curves tell it."""
    return field.entity in ("metric", "load")


def is_in_milliseconds(token: Token) -> bool:
    """Whether the token names a time as MLflow does."""
    return _split(token.content)[1].lower() in IN_MILLISECONDS


def field(token: Token, text: str) -> Field:
    """The field that a token names.

    ``metrics.loss`` is the last value; ``metrics.loss.min`` (max, best, count, step) another statistic. A metric
    whose own name ends so stands in quotes: ``metrics."loss.min"``.

    Raises:
        FilterError: there is no such field.
    """
    if token.kind == "field":
        return _quoted(token, text)
    entity, name = _split(token.content)
    if entity is None:
        return _attribute(token.content, token, text)
    if not name:
        raise FilterError(f"a name is missing after {token.content!r}", text, token.position + len(token.content))
    if entity == "attribute":
        return _attribute(name, token, text)
    if entity == "metric":
        stem, _, last = name.rpartition(".")
        if stem and last.lower() in _STATISTICS:
            return Field("metric", stem, _statistic(last, token, text))
    return Field(entity, name)


def _split(word: str) -> tuple[Entity | None, str]:
    prefix, point, name = word.partition(".")
    entity = _ENTITIES.get(prefix.lower()) if point else None
    return entity, word if entity is None else name


def _quoted(token: Token, text: str) -> Field:
    match = _QUOTED.fullmatch(token.content)
    prefix = match["entity"] if match else ""
    entity = _ENTITIES.get(prefix.lower())
    if match is None or entity is None:
        raise FilterError(f"there is no {prefix!r}", text, token.position, near(prefix, _ENTITIES))
    name = match["back"] or (match["double"] or "").replace('""', '"')
    if entity == "attribute":
        return _attribute(name, token, text)
    if (statistic := match["statistic"]) is None:
        return Field(entity, name)
    if entity != "metric":
        raise FilterError(f"only metrics have a {statistic!r}", text, token.position)
    return Field(entity, name, _statistic(statistic, token, text))


def _statistic(name: str, token: Token, text: str) -> Statistic:
    for known in _STATISTICS:
        if known == name.lower():
            return known
    at = token.position + len(token.content) - len(name)
    message = f"unknown statistic {name!r}; there are {', '.join(_STATISTICS)}"
    raise FilterError(message, text, at, near(name, _STATISTICS))


def _attribute(name: str, token: Token, text: str) -> Field:
    if name.lower() == "sweep":
        return SWEEP
    known = _MLFLOWS_NAMES.get(name.lower(), name.lower())
    if known in ATTRIBUTES:
        return Field("attribute", known)
    if known in LOADS:
        return Field("load", known)
    prefix, point, rest = name.partition(".")
    if point and (entities := near(prefix, ("metrics", "params", "tags", "attributes"))):
        suggestions = [f"{entity}.{rest}" for entity in entities]
        raise FilterError(f"unknown field {name!r}", text, token.position, suggestions)
    suggestions = near(name, [*ATTRIBUTES, *LOADS, "sweep", *_MLFLOWS_NAMES])
    hint = "" if suggestions else f"; there are {', '.join(ATTRIBUTES)}, metrics.NAME, params.NAME and tags.NAME"
    raise FilterError(f"unknown attribute {name!r}{hint}", text, token.position, suggestions)
