"""On a machine with a device: it is found, measured while a notebook uses it, and leased for the rerun."""

from __future__ import annotations

import pytest

from runlore.curve import points, read_records
from runlore.session_record import sessions
from runlore_server.gpus.detection import detect
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import record

FOUND = detect()

pytestmark = pytest.mark.skipif(
    not FOUND.devices or any(device.simulated for device in FOUND.devices), reason=FOUND.why or "only simulated"
)

TRAINING = """%%track training
import time, torch, runlore
device = torch.device("cuda")
torch.use_deterministic_algorithms(True)
model = torch.nn.Linear(2048, 2048, device=device)
data = torch.randn(4096, 2048, device=device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(60):
    loss = model(data).square().mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    runlore.log(loss=loss)
    time.sleep(0.05)
"""


def test_training_on_a_device_is_repeated_on_a_leased_one(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    if not torch.version.cuda:
        pytest.skip("torch is built without CUDA")
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    recorded = record(
        tmp_path_factory.mktemp("cuda"), ["%load_ext runlore", TRAINING], {"RUNLORE_SYSTEM_METRICS": "0.5"}
    )
    original = recorded.runs["training"]
    assert "system/gpu_0_utilization_percentage" in original.system, "nvidia-ml-py measures it"
    used = [value for _, _, value in points(read_records(original.system["system/gpu_0_memory_usage_megabytes"]))]
    assert max(used) > 100

    store = RunStore(recorded.home)
    store.refresh()
    queue = JobQueue(recorded.home, store, lambda _: None)
    queue.start()
    try:
        job = queue.submit(Request(run_id=original.run_id))
        (done,) = queue.wait([job.run_id], timeout=240)
    finally:
        queue.shutdown()
        store.close()
    assert done.error is None
    assert done.verdict is not None
    assert done.verdict.verdict == "BIT-EXACT", done.verdict.reason
    assert len(done.devices) == 1, "what the original used is asked for by itself"
    (rerun,) = (run for one in sessions(recorded.home) for run in one.runs.values() if run.rerun_of)
    assert "system/gpu_0_utilization_percentage" in rerun.system
