"""What ``runlore verify`` does: rerun runs and bundles, hold them against criteria, report."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from blake3 import blake3

from runlore.errors import RunloreError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.untrusted import open_regular
from runlore_server import report
from runlore_server.automation import declared
from runlore_server.automation.criteria import Criteria, Limit, judge
from runlore_server.automation.junit import junit
from runlore_server.automation.markdown import markdown
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.verification import Verification, overall
from runlore_server.bundle.manifest import SUFFIX
from runlore_server.bundle.reading import digest_of, open_bundle
from runlore_server.config import Config
from runlore_server.errors import BundleRefused, InvalidRequest, RerunRefused
from runlore_server.queue.asked import needs_lease, plain_request
from runlore_server.queue.command import rerun
from runlore_server.queue.request import Request
from runlore_server.rerun.execution import Watch, fulfil, started_ahead
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import prepare_as_asked, reread
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict, read_verdict

Result = tuple[dict[str, Any], str, int]
_SUMMARY = "GITHUB_STEP_SUMMARY"
_SHORT = 16


class _Place(NamedTuple):
    """Where a target's run is recorded, and what it is called there; ``kept`` tells whether that lasts."""

    home: Home
    run: str
    criteria: Criteria | None = None
    kept: bool = True


class Verifier:
    """Verifies one target after the other; ``note`` is told what is done, for a person who waits."""

    def __init__(
        self, config: Config, options: argparse.Namespace, watch: Watch, note: Callable[[str], None]
    ) -> None:
        self._config = config
        self._options = options
        self._watch = watch
        self._note = note
        file = options.criteria
        self._declared = declared.in_file(Path(file)) if file else declared.in_directory(Path.cwd())

    def verify(self, target: str) -> Verification:
        """Rerun a run or a bundle and judge it.

        Raises:
            RunloreError: it cannot be rerun.
            OSError, sqlite3.Error: the home cannot be used.
            KeyboardInterrupt: it was stopped.
        """
        begun = time.monotonic()
        with self._place(target) as place:
            store = RunStore(place.home)
            store.refresh()
            try:
                found = self._rerun(target, place, store)
            finally:
                store.close()
        return msgspec.structs.replace(found, seconds=round(time.monotonic() - begun, 3))

    def _rerun(self, target: str, place: _Place, store: RunStore) -> Verification:
        rerun_id, request = secrets.token_hex(8), plain_request(self._options, place.run)
        run, group = request.runs(store)
        if place.kept and needs_lease(place.home, run, request):
            return self._by_queue(target, place, run, request, store)
        with started_ahead(place.home, rerun_id) as child:
            folder = prepare_as_asked(place.home, run, request, rerun_id, find=store.find)
            self._note(f"rerunning {run.name!r} ({run.run_id}) as {rerun_id}, {len(folder.plan().cells)} cells")
            verdict = fulfil(place.home, folder, request, group, self._watch, child)
        if verdict is None:
            raise KeyboardInterrupt
        return self._judged(target, place, run, folder, verdict)

    def _by_queue(
        self, target: str, place: _Place, run: RunRecord, request: Request, store: RunStore
    ) -> Verification:
        """The same, with devices that the queue leases: other reruns of the home may hold them at the moment."""
        found, text, _ = rerun(replace(self._config, home=place.home), store, [request], self._note, detach=False)
        if "verdict" not in found:
            raise RerunRefused(text)
        folder = Folder(place.home.rerun(found["run_id"]))
        verdict = read_verdict(place.home, found["run_id"])
        if verdict is None:
            raise RerunRefused(f"the verdict on {found['run_id']} cannot be read")
        return self._judged(target, place, run, folder, verdict)

    def _judged(
        self, target: str, place: _Place, run: RunRecord, folder: Folder, verdict: Verdict
    ) -> Verification:
        plan, asked = folder.plan(), self._asked(place, run.experiment)
        judgement = None
        if asked is not None:
            session = reread(place.home, plan.session_id)
            judgement = judge(asked, verdict, run, session.runs.get(plan.run_id), session)
        return Verification(
            target=target,
            rerun_of=run.run_id,
            run_id=plan.run_id,
            name=run.name,
            experiment=run.experiment,
            verdict=verdict,
            criteria=asked,
            judgement=judgement,
            notebook=str(folder.notebook) if place.kept else None,
        )

    def _asked(self, place: _Place, experiment: str) -> Criteria | None:
        """What is asked of a rerun: by the repository, else the bundle or home; the command line goes before."""
        known = AutomationNotes(self._config.home).criteria()
        found = self._declared.get(experiment) or place.criteria or known.get(experiment)
        options = self._options
        if options.accept is not None:
            found = msgspec.structs.replace(found or Criteria(), verdict=options.accept)
        if options.rtol is not None or options.atol is not None:
            limit = Limit(rtol=options.rtol or 0.0, atol=options.atol or 0.0)
            found = msgspec.structs.replace(found or Criteria(), tolerances={"*": limit})
        return found

    @contextlib.contextmanager
    def _place(self, target: str) -> Iterator[_Place]:
        file = Path(target)
        if not target.endswith(SUFFIX):
            yield _Place(self._config.home, target)
            return
        directory = Path(self._options.directory).absolute()
        if not directory.is_dir():
            raise InvalidRequest(f"--directory {directory} is no folder")
        with contextlib.ExitStack() as stack:
            keep = self._options.keep
            around = Path(keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="runlore-verify-")))
            home = Home(around / _name(file, directory))
            with open_bundle(file) as bundle:
                manifest = bundle.manifest
                if not home.path.exists():
                    bundle.unpack(home, directory)
            try:
                criteria = (
                    None if manifest.criteria is None else msgspec.convert(manifest.criteria, Criteria).checked()
                )
            except (msgspec.ValidationError, RunloreError) as error:
                raise BundleRefused(f"the criteria in {file} are none: {error}") from error
            yield _Place(home, manifest.run_id, criteria, keep is not None)


def _name(file: Path, directory: Path) -> str:
    """Another one for another content of the bundle, and for another place to which its paths lead."""
    with open_regular(file) as opened:
        digest = digest_of(opened)
    return f"{file.name.removesuffix(SUFFIX)}-{blake3(f'{digest} {directory}'.encode()).hexdigest()[:_SHORT]}"


def verify(config: Config, options: argparse.Namespace, watch: Watch, note: Callable[[str], None]) -> Result:
    """Verify all targets, the others also where one cannot be; write the reports whatever comes out.

    Raises:
        RunloreError: the only target cannot be verified, or a report has no folder to lie in: nothing was rerun.
        KeyboardInterrupt: it was stopped.
        OSError: a report cannot be written.
    """
    for report_file in (options.junit, options.markdown):
        if report_file is not None and not (folder := Path(report_file).absolute().parent).is_dir():
            raise InvalidRequest(f"{report_file} cannot be written: {folder} is no folder")
    verifier, found = Verifier(config, options, watch, note), []
    only: Exception | None = None
    for target in options.runs:
        try:
            found.append(verifier.verify(target))
        except (RunloreError, OSError, sqlite3.Error) as error:
            only = error if len(options.runs) == 1 else None
            found.append(Verification(target=target, reason=type(error).__name__, error=str(error)))
        if len(options.runs) > 1:
            note(f"{found[-1].title}: {found[-1].word}")
    _report(found, options)
    if only is not None:
        raise only
    text = "\n\n".join(_told(one) for one in found)
    told = found[0].described() if len(found) == 1 else {"runs": [one.described() for one in found]}
    return told, text, overall(found)


def _report(found: list[Verification], options: argparse.Namespace) -> None:
    if options.junit is not None:
        Path(options.junit).write_bytes(junit(found))
    if options.markdown is not None:
        how = "a" if options.markdown == os.environ.get(_SUMMARY) else "w"  # other steps write to that, too
        with Path(options.markdown).open(how, encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown(found))


def _told(one: Verification) -> str:
    if one.verdict is None:
        return f"{one.word}  {one.target}: {one.error}"
    judged = one.judgement.described() if one.judgement is not None else []
    return "\n".join(
        [
            report.judgement(one.run_id or "", one.rerun_of or "", one.verdict, one.notebook or "(not kept)"),
            *judged,
        ]
    )
