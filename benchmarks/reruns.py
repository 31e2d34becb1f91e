"""What a rerun costs beside plain papermill on the same notebook.

Each round does all of it in turn, so that a machine that is slower for a while is so for everybody.
"""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process
from benchmarks.notebooks import NOTEBOOKS
from benchmarks.plan import Plan

_RERUN = f"""{NOTEBOOKS}
write_waiting(float(sys.argv[1]))
run_id = recorded_run()
found = {{"plain": papermill("recorded"), "without": papermill("without")}}
found["ours"], told = timed(tools / "runlore", "rerun", run_id, "--json")
assert json.loads(told)["verdict"] == "BIT-EXACT", told
child = "import papermill; papermill.execute_notebook('recorded.ipynb', 'out.ipynb', progress_bar=False)"
found["child"] = timed(sys.executable, "-c", child)[0]
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    return [
        *_of("0.5 s", in_fresh_process(_RERUN, "0.5", rounds=plan.rounds(5))),
        *_of("20 s", in_fresh_process(_RERUN, plan.sized("20", "0.5"), rounds=1)),
    ]


def _of(length: str, found: dict[str, float]) -> list[Row]:
    work = f"repeat a notebook of {length}"
    return [
        Row(work, "papermill, its command", found["plain"]),
        Row(work, "papermill, its command, without Runlore in the notebook", found["without"]),
        Row(work, "papermill, in a child process", found["child"]),
        Row(work, "runlore rerun, with verdict", found["ours"]),
    ]
