"""What ``runlore gc`` and ``runlore retention`` do."""

from __future__ import annotations

import argparse
import time
from typing import Any

import msgspec

from runlore_server.config import Config
from runlore_server.errors import InvalidRequest
from runlore_server.filter.tree import Field
from runlore_server.retention.collection import DEFAULT_AGE, Collected, collect
from runlore_server.retention.kinds import KINDS
from runlore_server.retention.notes import RetentionNotes
from runlore_server.retention.rule import Rule, made
from runlore_server.store.runs import RunStore

Result = tuple[dict[str, Any], str, int]
"""The JSON object, the text and the exit code of a command."""

_INCOMPLETE = 1
_MOST_NAMED = 10
_ROW = "{:<14} {:>9} {:>12}  {}"
_OPTIONS = ("keep_best", "metric", "best", "keep_last", "keep_for", "artifacts")


def gc(config: Config, options: argparse.Namespace) -> Result:
    """Remove what nothing needs.

    Raises:
        CollectedElsewhere: another process does this now.
        OSError, sqlite3.Error, JournalFormatError: the home or its rules cannot be read.
    """
    only = options.only or KINDS
    age = DEFAULT_AGE if options.older_than is None else options.older_than
    found = collect(config, older_than=age, only=only, dry_run=options.dry_run)
    told = {
        "dry_run": options.dry_run,
        "removed": {kind: vars(removed) for kind, removed in found.kinds.items()},
        "retired": [msgspec.to_builtins(one) for one in found.retired],
        "notes": found.notes,
        "complete": not found.incomplete,
        "seconds": round(found.seconds, 3),
    }
    return told, "\n".join(_lines(found, dry_run=options.dry_run)), _INCOMPLETE if found.incomplete else 0


def retention(config: Config, options: argparse.Namespace) -> Result:
    """List the rules, or set or remove that of one experiment.

    Raises:
        InvalidRequest: that is no rule.
        RuleNotFound: there is none to remove.
        OSError, sqlite3.Error, JournalFormatError: the rules cannot be read or written.
    """
    notes, given = RetentionNotes(config.home), {name: getattr(options, name) for name in _OPTIONS}
    asked = any(value is not None and value != [] for value in given.values())
    if options.experiment is None and (asked or options.remove):
        raise InvalidRequest("name the experiment: runlore retention EXPERIMENT --keep-best 3 --metric val_loss")
    if options.remove:
        if asked:
            raise InvalidRequest("give --remove alone: it removes the whole rule of the experiment")
        notes.remove(options.experiment)
        return _listed(notes, None, f"Experiment {options.experiment!r} has no rule any more.")
    if asked:
        rule = made(options.experiment, **given)
        notes.put(rule)
        return _listed(notes, options.experiment, _next(config, options.experiment))
    return _listed(notes, options.experiment, "")


def _next(config: Config, experiment: str) -> str:
    """What to say to somebody who has just set a rule."""
    store = RunStore(config.home, mirrored=False)
    store.refresh()
    known = store.values(Field("attribute", "experiment"))
    store.close()
    if experiment in known:
        return "'runlore gc --dry-run' says what that removes now."
    others = f" (there are {', '.join(sorted(known)[:_MOST_NAMED])})" if known else ""
    return f"No run of experiment {experiment!r} is recorded so far{others}."


def _listed(notes: RetentionNotes, experiment: str | None, more: str) -> Result:
    rules = notes.rules()
    if experiment is not None:
        rules = {name: rule for name, rule in rules.items() if name == experiment}
    lines = [_line(rule) for rule in rules.values()]
    if not rules and not more:
        whose = "No experiment" if experiment is None else f"Experiment {experiment!r}"
        lines = [
            f"{whose} has a rule: every artifact is kept." if experiment is None else f"{whose} has no rule.",
            "'runlore retention EXPERIMENT --keep-best 3 --metric val_loss' keeps models of the best 3 runs only.",
        ]
    removed = notes.retired()
    if removed and experiment is None:
        size = _size(sum(one.size for one in removed))
        lines.append(f"{len(removed)} artifacts of {size} were removed so far.")
    told = {"rules": [msgspec.to_builtins(rule) for rule in rules.values()], "removed": len(removed)}
    return told, "\n".join([*lines, more] if more else lines), 0


def _line(rule: Rule) -> str:
    what = " ".join(rule.artifacts) if rule.artifacts else "models and checkpoints"
    return f"{rule.experiment}: {rule}; of other runs {what} are removed"


def _lines(found: Collected, *, dry_run: bool) -> list[str]:
    would = "would be removed" if dry_run else "removed"
    lines = [_ROW.format(would, "how many", "size", "oldest")]
    for kind, removed in found.kinds.items():
        oldest = "" if removed.oldest is None else time.strftime("%Y-%m-%d", time.localtime(removed.oldest))
        lines.append(_ROW.format(kind, removed.count, _size(removed.bytes), oldest).rstrip())
    count = sum(removed.count for removed in found.kinds.values())
    total = _size(sum(removed.bytes for removed in found.kinds.values()))
    lines += [_ROW.format("all", count, total, "").rstrip(), f"{found.seconds:.1f} s"]
    if found.retired:
        lines += ["", f"Artifacts that the rules {'would let' if dry_run else 'let'} go:"]
        shown = found.retired[:_MOST_NAMED]
        lines += [f"  {one.run_id}  {one.path}  {_size(one.size)}  {one.rule}" for one in shown]
        if len(found.retired) > _MOST_NAMED:
            lines.append(f"  and {len(found.retired) - _MOST_NAMED} more (--json lists all)")
    return [*lines, *(f"Note: {note}." for note in found.notes)]


def _size(count: int) -> str:
    amount, units = float(count), ["KiB", "MiB", "GiB"]
    if amount < 1024:
        return f"{count} B"
    amount, unit = amount / 1024, units.pop(0)
    while amount >= 1024 and units:
        amount, unit = amount / 1024, units.pop(0)
    return f"{amount:.1f} {unit}"
