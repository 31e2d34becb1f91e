"""Reruns in kernels of a Jupyter gateway, on a real one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from runlore_server.errors import RerunRefused
from runlore_server.rerun.channels import Link
from runlore_server.rerun.gateway import Gateway
from runlore_server.rerun.prepare import prepare
from tests.ports import free_port
from tests.rerun.conftest import Command, Recorded, alive, record, wait_until
from tests.server.conftest import JupyterServer
from tests.server.relay import Relay

TOKEN = "open-sesame-4711"
ENTERPRISE = os.environ.get("RUNLORE_TEST_ENTERPRISE_GATEWAY")
"""The program ``jupyter-enterprisegateway`` of an environment of its own: it asks for an old jupyter_server."""

PLAIN = """%%track plain
runlore.log(x=random.random(), threads=int(os.environ["OMP_NUM_THREADS"]))
print(Path("here").read_text(), {"a", "b", "c", "d", "e", "f"})
"""
HOLD = """%%track held
runlore.log(y=random.random())
print("begun")
Path("begun").touch()
while Path("hold").exists():
    time.sleep(0.05)
if Path("die").exists():
    os.kill(os.getpid(), 9)
runlore.log(y=random.random())
"""


@dataclass
class Bench:
    """A recorded session, and a gateway on the same home."""

    recorded: Recorded
    port: int
    process: subprocess.Popen[bytes]

    def environ(self, port: int | None = None, token: str = TOKEN) -> dict[str, str]:
        return {
            "JUPYTER_GATEWAY_URL": f"http://user:pass-4712@127.0.0.1:{port or self.port}",
            "JUPYTER_GATEWAY_AUTH_TOKEN": token,
            "JUPYTER_GATEWAY_RETRY_INTERVAL": "0.2",
            "JUPYTER_GATEWAY_RETRY_MAX": "4",
            "KERNEL_USERNAME": "tester",  # an Enterprise Gateway takes no root
        }

    def verify(self, name: str, kernel: str, **environ: str) -> Command:
        run = self.recorded.runs[name].run_id
        return self.recorded.command(
            "verify", run, "--json", "--kernel", kernel, env={**self.environ(), **environ}
        )

    def pid(self) -> int:
        """That of the kernel that was started last."""
        processes = psutil.Process(self.process.pid).children()
        return max(processes, key=lambda process: process.create_time()).pid

    def kernels(self) -> list[str]:
        """The ids of the kernels that live on the gateway."""
        asked = Request(f"http://127.0.0.1:{self.port}/api/kernels", headers={"Authorization": f"token {TOKEN}"})
        with urlopen(asked, timeout=10) as answer:
            return [str(model["id"]) for model in json.load(answer)]

    @contextmanager
    def held(self, port: int | None = None) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """A rerun of the run that holds, and the pid of its kernel."""
        cwd = self.recorded.cwd
        begun = cwd / "begun"
        (cwd / "hold").touch()
        begun.unlink(missing_ok=True)  # by the run that was recorded, or the rerun before
        run = self.recorded.runs["held"].run_id
        process = self.recorded.start("rerun", run, "--json", "--kernel", "gateway:mapped", env=self.environ(port))
        try:
            wait_until(begun.exists)
            yield process, self.pid()
        finally:
            for name in ("hold", "begun", "die"):
                (cwd / name).unlink(missing_ok=True)
            process.kill()
            process.communicate()


def spec(root: Path, name: str, argv: list[str], **fields: object) -> None:
    folder = root / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    told = {"argv": argv, "display_name": name, "language": "python", **fields}
    (folder / "kernel.json").write_text(json.dumps(told))


def started(root: Path, kind: str, *more: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    environ = {**os.environ, "JUPYTER_PATH": str(root / "jupyter")}
    if kind == "enterprise":
        options = ["--EnterpriseGatewayApp", "--EnterpriseGatewayApp.list_kernels=True"]
        command = [str(ENTERPRISE)]
    else:
        options = ["--KernelGatewayApp", "--JupyterWebsocketPersonality.list_kernels=True"]
        command = [sys.executable, "-m", "kernel_gateway"]
    app, listing = options
    settings = [f"{app}.ip=127.0.0.1", f"{app}.port={port}", f"{app}.port_retries=0", f"{app}.auth_token={TOKEN}"]
    with (root / "gateway.log").open("wb") as log:
        process = subprocess.Popen([*command, *settings, listing, *more], env=environ, stdout=log, stderr=log)
    return process, port


@pytest.fixture(scope="module", params=["kernel", *(["enterprise"] if ENTERPRISE else [])])
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp("gateway")
    launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec(root, "mapped", [sys.executable, *launch], env={"PYTHONHASHSEED": "${KERNEL_PYTHONHASHSEED}"})
    spec(root, "unmapped", [sys.executable, *launch])
    spec(root, "ir", ["R"], language="R")
    hidden = f"mount -t tmpfs none {root}/home && exec {sys.executable} {' '.join(launch)}"
    spec(root, "elsewhere", ["unshare", "-m", "sh", "-c", hidden])
    venv.create(root / "bare", with_pip=False, symlinks=True)
    (site,) = (root / "bare").glob("lib/python*/site-packages")
    ours = next(path for path in sys.path if (Path(path) / "ipykernel").is_dir())
    (site / "ours.pth").write_text(ours)  # where Runlore is not, but for a link that this one does not follow
    spec(root, "bare", [str(root / "bare" / "bin" / "python"), *launch])
    process, port = started(root, request.param)
    try:
        (root / "work").mkdir()
        (root / "work" / "here").write_text("this is the place")
        setup = "import os, random, time, runlore\nfrom pathlib import Path"
        recorded = record(
            root,
            ["%load_ext runlore", setup, PLAIN, HOLD],
            {"OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "42"},
        )
        found = Bench(recorded, port, process)
        wait_until(lambda: answers(found))
        yield found
    finally:
        process.terminate()
        process.wait()


def answers(bench: Bench) -> bool:
    try:
        return bench.kernels() == []
    except OSError:
        return False


def test_a_rerun_on_a_gateway_is_exact_and_leaves_nothing_there(bench: Bench) -> None:
    done = bench.verify("plain", "gateway:mapped")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 2), done.stdout
    assert bench.kernels() == []
    # The rerun of the rerun happens there as well, without being told.
    again = bench.recorded.command("verify", done.json["run_id"], "--json", env=bench.environ())
    assert (again.code, again.json["verdict"]) == (0, "BIT-EXACT"), again.stdout
    launch = json.loads((bench.recorded.home.rerun(again.json["run_id"]) / "launch.json").read_text())
    assert launch["kernel"]["gateway"] == f"http://127.0.0.1:{bench.port}"
    assert_no_secrets(bench)


@pytest.mark.thorough
def test_the_seed_of_hashes_is_told_where_no_kernelspec_maps_it(bench: Bench) -> None:
    done = bench.verify("plain", "gateway:unmapped")
    told = json.dumps(done.json["ladder"])
    assert "PYTHONHASHSEED 42 -> not set" in told, told


@pytest.mark.thorough
def test_a_job_of_a_server_with_the_gateway_on_its_command_line_happens_there(
    bench: Bench, tmp_path: Path
) -> None:
    options = [f"--GatewayClient.url=http://127.0.0.1:{bench.port}", f"--GatewayClient.auth_token={TOKEN}"]
    user = {"KERNEL_USERNAME": "tester"}
    server = JupyterServer(bench.recorded.home, tmp_path, *options, env=user)
    try:
        wait_until(server.is_up)
        offered = server.call("GET", "/runlore/kernels").json()
        assert "gateway:mapped" in {kernel["name"] for kernel in offered["kernels"]}, offered
        asked = {"run_id": bench.recorded.runs["plain"].run_id, "kernel": "gateway:mapped"}
        job = server.call("POST", "/runlore/jobs", json=asked).json()

        def ended() -> dict[str, Any] | None:
            now: dict[str, Any] = server.call("GET", f"/runlore/jobs/{job['run_id']}").json()
            return now if now["state"] in ("succeeded", "failed", "cancelled") else None

        assert (found := wait_until(ended))["state"] == "succeeded", found
        assert found["verdict"]["verdict"] == "BIT-EXACT", found
    finally:
        server.close()
    assert bench.kernels() == []
    assert_no_secrets(bench)


@pytest.mark.parametrize(
    ("kernel", "environ", "reason", "said"),
    [
        ("gateway:fortran", {}, "KernelMissing", "gateway:mapped"),
        ("gateway:ir", {}, "KernelRefused", "runs R"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_AUTH_TOKEN": "wrong"}, "GatewayRefused", "refuses the token"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_URL": ""}, "NoGateway", "JUPYTER_GATEWAY_URL"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_URL": "http://127.0.0.1:9"}, "GatewayAway", "cannot be reached"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_URL": "gopher://x"}, "GatewayRefused", "must start with http"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_AUTH_TOKEN": f"{TOKEN}\n"}, "GatewayRefused", "no HTTP header"),
        ("gateway:mapped", {"JUPYTER_GATEWAY_HEADERS": "{"}, "GatewayRefused", "settings"),
    ],
)
def test_what_cannot_be_had_is_refused_before_anything_starts(  # noqa: PLR0917 - a table
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kernel: str, environ: dict[str, str], reason: str, said: str
) -> None:
    for name, value in {**bench.environ(), **environ}.items():
        monkeypatch.setenv(name, value)
    run = bench.recorded.runs["plain"]
    before = sorted(bench.recorded.home.reruns.glob("*"))
    with pytest.raises(RerunRefused, match=said) as refused:
        prepare(bench.recorded.home, run.session_id, run.run_id, kernel=kernel)
    assert type(refused.value).__name__ == reason
    assert TOKEN not in str(refused.value)
    assert sorted(bench.recorded.home.reruns.glob("*")) == before


@pytest.mark.thorough
def test_a_kernel_without_runlore_there_is_told_with_what_to_do(bench: Bench) -> None:
    done = bench.verify("plain", "gateway:bare")
    assert done.code != 0
    assert "pip install --upgrade runlore" in done.json["reason"], done.stdout
    assert bench.kernels() == []


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="hiding a folder from one process takes root")
@pytest.mark.thorough
def test_a_kernel_that_does_not_see_the_same_files_is_told_with_what_to_do(bench: Bench) -> None:
    done = bench.verify("plain", "gateway:elsewhere")
    assert done.json["verdict"] == "FAILED", done.stdout
    assert "must be at the same paths there" in done.json["reason"], done.stdout
    assert bench.kernels() == []


def test_ctrl_c_ends_the_kernel_on_the_gateway_and_keeps_the_notebook(bench: Bench) -> None:
    with bench.held() as (process, pid):
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, stderr
    wait_until(lambda: not alive(pid))
    assert bench.kernels() == []
    newest = max(bench.recorded.home.reruns.glob("*/notebook.ipynb"), key=lambda file: file.stat().st_mtime_ns)
    assert "begun" in newest.read_text()


@pytest.mark.thorough
def test_sigkill_of_the_command_leaves_no_kernel_on_the_gateway(bench: Bench) -> None:
    with bench.held() as (process, pid):
        process.kill()
        wait_until(lambda: not alive(pid))
    wait_until(lambda: bench.kernels() == [])


@pytest.mark.thorough
def test_a_connection_that_breaks_is_made_again_and_nothing_is_lost(bench: Bench) -> None:
    with closing(Relay(bench.port)) as relay, bench.held(relay.port) as (process, _):
        relay.cut()
        relay.join()
        (bench.recorded.cwd / "hold").unlink()
        stdout, stderr = process.communicate(timeout=60)
    assert json.loads(stdout)["verdict"] == "BIT-EXACT", stdout + stderr


@pytest.mark.thorough
def test_a_gateway_that_is_gone_fails_the_rerun_with_the_reason(bench: Bench) -> None:
    with closing(Relay(bench.port)) as relay, bench.held(relay.port) as (process, _):
        relay.cut()
        stdout, stderr = process.communicate(timeout=60)
    (left,) = bench.kernels()  # nobody could end it
    end(bench, left)
    told = json.loads(stdout)
    assert told["verdict"] == "FAILED", stdout + stderr
    assert "cannot be reached" in told["reason"]


@pytest.mark.thorough
def test_a_kernel_that_dies_is_not_waited_for_though_the_gateway_restarts_it(bench: Bench) -> None:
    with bench.held() as (process, _):
        (bench.recorded.cwd / "die").touch()
        (bench.recorded.cwd / "hold").unlink()
        stdout, stderr = process.communicate(timeout=60)
    told = json.loads(stdout)
    assert (told["verdict"], "kernel died" in told["reason"]) == ("FAILED", True), stdout + stderr
    assert bench.kernels() == []


@pytest.mark.thorough
def test_a_kernel_that_is_culled_fails_the_rerun_with_the_reason(bench: Bench) -> None:
    with bench.held() as (process, _):
        (kernel,) = bench.kernels()
        end(bench, kernel)
        stdout, stderr = process.communicate(timeout=60)
    told = json.loads(stdout)
    assert told["verdict"] == "FAILED", stdout + stderr
    assert "culled" in told["reason"] or "kernel died" in told["reason"], told["reason"]


def test_what_the_gateway_has_is_listed(bench: Bench) -> None:
    listed = bench.recorded.command("kernels", "--json", env=bench.environ()).json
    assert listed["gateway"] == f"http://127.0.0.1:{bench.port}"
    usable = {kernel["name"]: kernel["usable"] for kernel in listed["kernels"]}
    assert usable["gateway:mapped"]
    assert not usable["gateway:ir"]
    away = bench.recorded.command("kernels", env={**bench.environ(), "JUPYTER_GATEWAY_AUTH_TOKEN": "wrong"})
    assert "refuses the token" in away.stdout
    assert away.code == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
@pytest.mark.thorough
def test_certificates_are_checked_for_requests_and_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    files = [f"--KernelGatewayApp.certfile={certificate}", f"--KernelGatewayApp.keyfile={key}"]
    process, port = started(tmp_path, "kernel", *files)
    try:
        monkeypatch.setenv("JUPYTER_GATEWAY_URL", f"https://localhost:{port}")
        monkeypatch.setenv("JUPYTER_GATEWAY_AUTH_TOKEN", TOKEN)
        wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in said(Gateway()))
        monkeypatch.setenv("JUPYTER_GATEWAY_CA_CERTS", str(certificate))
        gateway = Gateway()
        assert said(gateway) == ""
        kernel = gateway.start("python3", {}, str(uuid.uuid4()))
        link = Link(gateway, kernel, "session")
        link.open()
        link.close()
        gateway.delete(kernel)
        assert gateway.state(kernel) is None
        monkeypatch.setenv("JUPYTER_GATEWAY_CA_CERTS", "")
        monkeypatch.setenv("JUPYTER_GATEWAY_VALIDATE_CERT", "no")
        assert said(Gateway()) == ""
        monkeypatch.setenv("JUPYTER_GATEWAY_CA_CERTS", str(tmp_path / "none"))
        assert "certificates" in said(Gateway())
    finally:
        process.terminate()
        process.wait()


def said(gateway: Gateway) -> str:
    """What the gateway's kernels cannot be listed for; nothing where they can."""
    try:
        gateway.specs()
    except RerunRefused as error:
        return str(error)
    return ""


def end(bench: Bench, kernel: str) -> None:
    asked = Request(
        f"http://127.0.0.1:{bench.port}/api/kernels/{kernel}",
        headers={"Authorization": f"token {TOKEN}"},
        method="DELETE",
    )
    with urlopen(asked, timeout=30):
        pass


def assert_no_secrets(bench: Bench) -> None:
    for file in bench.recorded.home.path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert TOKEN.encode() not in content, file
            assert b"pass-4712" not in content, file
