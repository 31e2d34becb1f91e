"""Verifying several runs, the reports of that, and what counts as success."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml

from runlore.home import Home
from runlore.objects import ObjectStore
from runlore_server.automation import declared
from runlore_server.automation.criteria import Criteria, Limit
from runlore_server.automation.junit import junit
from runlore_server.automation.markdown import markdown
from runlore_server.automation.notes import AutomationNotes
from runlore_server.automation.verification import Verification
from tests.automation.test_bundle import run
from tests.rerun.conftest import Recorded

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NUMBERS = st.floats(0, 1e300)


@pytest.fixture
def copied(recorded: Recorded, tmp_path: Path) -> Recorded:
    """The recorded home, for a test that changes it."""
    home = Home(tmp_path / "home")
    shutil.copytree(recorded.home.path, home.path)
    return Recorded(home, recorded.cwd, recorded.session, recorded.runs)


@pytest.fixture
def home(tmp_path: Path) -> str:
    """A home without any run."""
    return str(tmp_path / "criteria")


def test_several_runs_their_reports_and_their_exit_code(recorded: Recorded, tmp_path: Path) -> None:
    xml, summary = tmp_path / "runlore.xml", tmp_path / "summary.md"
    summary.write_text("of an earlier step\n")
    names = [recorded.runs["train"].run_id, recorded.runs["noisy"].run_id, "no-such-run"]
    done = recorded.command(
        *("verify", *names, "--json", "--junit", str(xml), "--markdown", str(summary)),
        env={"GITHUB_STEP_SUMMARY": str(summary)},
    )
    found = done.json["runs"]
    assert [one["verdict"] for one in found] == ["BIT-EXACT", "DIVERGED", None]
    assert [one["exit_code"] for one in found] == [0, 1, 2]
    assert done.code == 1
    assert found[2]["error"]["reason"] == "RunNotFound"
    report = JUnitXml.fromfile(str(xml))
    assert (report.tests, report.failures, report.errors) == (3, 1, 1)
    [suite] = report
    kinds = [[type(result).__name__ for result in case.result] for case in suite]
    assert kinds == [[], ["Failure"], ["Error"]]
    assert {case.classname for case in suite} == {"runlore.default", "runlore.runs"}
    text = summary.read_text()
    assert text.startswith("of an earlier step\n### runlore verify: 1 of 3 as asked")
    assert "Metric 'x' differs first at step 0" in text


def test_criteria_decide_and_the_verdict_stays(
    copied: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(copied.home.path)
    code, found = run(capsys, "criteria", "default", "--within", "x=0.1", "--set", "metrics.x < 2", "--home", home)
    assert code == 0
    assert found["criteria"]["default"]["tolerances"] == {"x": {"rtol": 0.1, "atol": 0.0}}
    noisy = copied.runs["noisy"].run_id
    done = copied.command("verify", noisy, "--json")
    assert (done.code, done.json["verdict"]) == (0, "DIVERGED"), done
    assert [finding["met"] for finding in done.json["judgement"]["findings"]] == [True, True]
    shown = run(capsys, "show", done.json["run_id"], "--home", home)[1]
    assert shown["criteria"] == done.json["judgement"]
    assert run(capsys, "show", noisy, "--home", home)[1]["criteria"] is None
    # A bundle carries them; what a repository declares goes before them.
    bundle, checkout = tmp_path / "noisy.runlore", tmp_path / "checkout"
    assert copied.command("bundle", noisy, "-o", str(bundle)).code == 0
    assert run(capsys, "criteria", "default", "--remove", "--home", home)[0] == 0
    checkout.mkdir()
    (checkout / "rows.csv").write_bytes((copied.cwd / "rows.csv").read_bytes())
    where = ("--directory", str(checkout), "--json")
    assert copied.command("verify", str(bundle), *where).code == 0
    rules = tmp_path / "runlore.toml"
    rules.write_text('[criteria.default]\nverdict = "any"\nconditions = ["metrics.x > 2", "status = finished"]\n')
    done = copied.command("verify", str(bundle), *where, "--criteria", str(rules))
    assert (done.code, done.json["verdict"]) == (1, "DIVERGED")
    assert [finding["met"] for finding in done.json["judgement"]["findings"]] == [True, False, True]
    assert "metrics.x is 1.0" in done.json["judgement"]["findings"][1]["told"]


def test_jobs_of_the_queue_are_held_against_them_as_they_are_now(copied: Recorded) -> None:
    home = copied.home.path
    notes = AutomationNotes(Home(home))
    notes.put_criteria("default", Criteria(verdict="any", conditions=["metrics.x > 2"]))
    done = copied.command("rerun", copied.runs["noisy"].run_id, "--queue")
    assert "NOT MET  metrics.x > 2 (metrics.x is 1.0" in done.stdout
    (job,) = copied.command("jobs", "--json").json["jobs"]
    assert (job["verdict"]["verdict"], job["criteria"]["exit_code"]) == ("DIVERGED", 1)
    assert [finding["met"] for finding in job["criteria"]["findings"]] == [True, False]
    assert "DIVERGED, not as asked" in copied.command("jobs").stdout
    notes.put_criteria("default", Criteria(conditions=["metrics.x < 2"], tolerances={"x": Limit(rtol=0.1)}))
    (job,) = copied.command("jobs", "--json").json["jobs"]
    assert job["criteria"]["exit_code"] == 0
    notes.remove_criteria("default")
    assert copied.command("jobs", "--json").json["jobs"][0]["criteria"] is None


def test_criteria_travel_as_a_file(home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "runlore.toml"
    asked = ("--verdict", "close", "--set", "metrics.acc >= 0.9", "--within", "loss*=0.1,1e-3")
    assert run(capsys, "criteria", 'odd "name"', *asked, "--home", home)[0] == 0
    _, before = run(capsys, "criteria", "--export", str(file), "--home", home)
    other = str(tmp_path / "other")
    assert run(capsys, "criteria", "--import", str(file), "--home", other)[1] == before
    code, _ = run(capsys, "criteria", "none such", "--import", str(file), "--home", other)
    assert code == 2
    assert run(capsys, "criteria", 'odd "name"', "--remove", "--home", home)[0] == 0
    assert (
        run(capsys, "criteria", 'odd "name"', "--remove", "--home", home)[1]["error"]["reason"]
        == "CriteriaNotFound"
    )
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.runlore.criteria.mine]\nverdict = 'close'\n")
    assert declared.in_file(project) == {"mine": Criteria(verdict="close")}
    assert declared.in_directory(tmp_path).keys() == {"mine", 'odd "name"'}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--set", "metrics.loss <"), "FilterError"),
        (("--set", " "), "InvalidRequest"),
        (("--within", "loss"), "InvalidRequest"),
        (("--within", "loss=nan"), "InvalidRequest"),
        (("--within", "loss=-1"), "InvalidRequest"),
        (("--verdict", "close", "--remove"), "InvalidRequest"),
    ],
)
def test_what_is_no_criterion_is_refused(
    home: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    code, found = run(capsys, "criteria", "default", *arguments, "--home", home)
    assert (code, found["error"]["reason"]) == (2, reason)


@pytest.mark.parametrize("option", ["--junit", "--markdown"])
def test_a_report_without_a_folder_is_refused_before_anything_is_rerun(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    code, found = run(capsys, "verify", "x", option, str(tmp_path / "none" / "report"), "--home", home)
    assert (code, found["error"]["reason"]) == (2, "InvalidRequest")


@pytest.mark.parametrize(
    "text",
    ["[criteria", "[criteria.a]\nverdict = 'good'", "[criteria.a]\nwithin = 3", "criteria = {a = 3}", "\x00"],
)
def test_what_is_no_file_of_criteria_is_refused(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "runlore.toml"
    file.write_text(text)
    code, found = run(capsys, "verify", "x", "--criteria", str(file), "--home", str(recorded.home.path))
    assert (code, found["error"]["reason"]) == (2, "InvalidRequest")
    assert str(file) in found["error"]["message"]


@given(
    st.dictionaries(
        TEXTS,
        st.builds(
            Criteria,
            verdict=st.sampled_from(["exact", "close", "any"]),
            conditions=st.lists(TEXTS.map(lambda text: "name = '" + text.replace("'", "''") + "'"), max_size=3),
            tolerances=st.dictionaries(TEXTS, st.builds(Limit, rtol=NUMBERS, atol=NUMBERS), max_size=3),
        ),
        max_size=3,
    )
)
def test_any_criteria_come_back_from_their_file(criteria: dict[str, Criteria]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "runlore.toml")
        file.write_text(declared.as_toml(criteria), encoding="utf-8", newline="")
        assert declared.in_file(file) == criteria


@given(st.text(), st.text(), st.text())
def test_reports_hold_any_text(name: str, experiment: str, error: str) -> None:
    found = [Verification(target=name, rerun_of="r", name=name, experiment=experiment, error=error)]
    [suite] = JUnitXml.fromstring(junit(found))
    [case] = suite
    assert case.name.endswith("(r)")
    lines = markdown(found).splitlines()
    assert len([line for line in lines if line.startswith("|")]) == 3


def test_a_run_on_devices_is_verified_on_some_that_the_queue_leases(copied: Recorded) -> None:
    run_id = copied.runs["train"].run_id
    objects = ObjectStore(copied.home.objects)
    environment = copied.runs["train"].environment
    assert environment is not None
    content = json.loads(objects.get(environment))
    content["libraries"]["torch"] = {"devices": ["SIM"], "devices_used": [0]}
    forged = objects.put(json.dumps(content).encode())
    journal = copied.home.events(copied.session.session_id)
    journal.write_text(journal.read_text().replace(environment, forged))
    done = copied.command("verify", run_id, "--json", env={"RUNLORE_GPUS": "2xSIM:8GB"})
    assert (done.code, done.json["verdict"], done.json["rerun_of"]) == (0, "BIT-EXACT", run_id), done
    [job] = copied.command("jobs", "--json").json["jobs"]
    assert (job["run_id"], job["state"]) == (done.json["run_id"], "succeeded")
    launch = json.loads((copied.home.rerun(job["run_id"]) / "launch.json").read_text())
    assert launch["assigned"]["CUDA_VISIBLE_DEVICES"] in ("0", "1")
