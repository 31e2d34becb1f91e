"""What one logged number costs, beside MLflow and a bare write of the same bytes; each is read back."""

from __future__ import annotations

from benchmarks.measure import Row, in_fresh_process

_SCALARS = """
import json, os, time
N = 200_000
def per_call(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count

import runlore
from runlore import start_run, log
run = start_run("bench")
ours = per_call(lambda: log(loss=0.5), N)
ten = {f"m{i}": 0.5 for i in range(10)}
ours_ten = per_call(lambda: log(ten), N // 10)
run.finish()
points = runlore.curves(run.run_id)
assert len(points) == N + N and (points.value == 0.5).all()

fd = os.open("floor", os.O_WRONLY | os.O_CREAT)
record = b"x" * 24
floor = per_call(lambda: os.write(fd, record), N)
assert os.fstat(fd).st_size == 24 * N

import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
with mlflow.start_run() as peer_run:
    mlflow.log_metric("loss", 0.5)
    steps = iter(range(1, 10**6))
    peer = per_call(lambda: mlflow.log_metric("loss", 0.5, step=next(steps)), 300)
assert len(mlflow.MlflowClient().get_metric_history(peer_run.info.run_id, "loss")) == 301
print(json.dumps({"ours": ours, "ten": ours_ten, "floor": floor, "mlflow": peer}))
"""


def rows() -> list[Row]:
    found = in_fresh_process(_SCALARS)
    return [
        Row("log one number", "os.write of 24 bytes (floor)", found["floor"]),
        Row("log one number", "runlore.log", found["ours"]),
        Row("log one number", "mlflow.log_metric, SQLite", found["mlflow"]),
        Row("log ten numbers", "runlore.log", found["ten"]),
    ]
