"""``runlore runs`` and ``runlore filters`` as a terminal and a program see them."""

import json

import pytest

from runlore_server.cli import main


@pytest.fixture
def runlore(home, kernel, capsys):
    """Runs a command on a home with five runs; gives exit code, standard output and standard error."""
    session = kernel()
    for number in range(5):
        run = session.start_run(f"run-{number}", time=1e9 + number)
        session.log(run, "loss", [(0, number / 10)])
        session.params(run, lr=number % 2)
        session.finish_run(run)
    session.end()

    def command(*arguments):
        try:
            code = main(["--home", str(home.path), *arguments])
        except SystemExit as stop:
            code = stop.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def names(runlore, *arguments):
    code, out, _ = runlore("runs", "--json", *arguments)
    assert code == 0
    return [run["name"] for run in json.loads(out)["runs"]]


def test_runs_are_filtered_ordered_and_paged(runlore):
    assert names(runlore, "--filter", "metrics.loss < 0.25 and params.lr = 0") == ["run-2", "run-0"]
    assert names(runlore, "--order-by", "metrics.loss ASC", "--limit", "2", "--offset", "1") == ["run-1", "run-2"]
    _, out, _ = runlore("runs", "--limit", "2", "--offset", "1")
    assert "run-3" in out
    assert "2 to 3 of 5 runs" in out
    assert json.loads(runlore("runs", "--json", "--limit", "1")[1])["total"] == 5
    assert runlore("runs", "--filter", "metrics.loss > 9")[1].strip() == "No run matches the filter."
    assert runlore("runs", "--offset", "9")[1].strip() == "No run is on that page."


def test_a_filter_that_is_none_is_pointed_at(runlore):
    code, _, err = runlore("runs", "--filter", "params.lr = 0 and stauts = 'x'")
    message, text, caret = err.rstrip("\n").split("\n")
    assert code == 2
    assert "did you mean 'status'" in message
    assert text[caret.index("^") :].startswith("stauts")
    code, out, _ = runlore("runs", "--json", "--order-by", "metrics.loss, nmae")
    error = json.loads(out)["error"]
    assert (code, error["reason"], error["position"], error["suggestions"]) == (2, "FilterError", 14, ["name"])
    assert "^" not in error["message"]


def test_filters_are_saved_used_listed_and_forgotten(runlore):
    best = ("--filter", "metrics.loss <= 0.1", "--order-by", "metrics.loss")
    assert names(runlore, *best, "--save", "best") == ["run-0", "run-1"]
    assert names(runlore, "--saved", "best") == ["run-0", "run-1"]
    assert names(runlore, "--saved", "best", "--order-by", "metrics.loss DESC") == ["run-1", "run-0"]
    assert names(runlore, "--saved", "best", "--filter", "params.lr = 1") == ["run-1"]
    saved = {"name": "best", "filter": best[1], "order_by": best[3]}
    assert json.loads(runlore("filters", "--json")[1]) == {"filters": [saved]}
    assert runlore("filters")[1].split() == ["best", *best[1].split(), "ordered", "by", "metrics.loss"]
    assert runlore("filters", "--delete", "best")[0] == 0
    assert "No filter is saved" in runlore("filters")[1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["runs", "--saved", "none"], "FilterNotFound"),
        (["filters", "--delete", "none"], "FilterNotFound"),
        (["runs", "--filter", "a and", "--save", "wrong"], "FilterError"),
        (["runs", "--filter", "a", "--save", "a/b"], "InvalidRequest"),
        (["runs", "--offset", "-1"], "Usage"),
    ],
)
def test_what_cannot_be_done_is_said(runlore, arguments, reason):
    code, out, _ = runlore(*arguments, "--json")
    assert (code, json.loads(out)["error"]["reason"]) == (2, reason)
