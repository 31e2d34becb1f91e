"""What a front-end hears while kernels run, and how the server begins and ends."""

import json
import time

import pytest
import websocket

from runlore.home import Home

CHANGE = "https://schema.runlore.org/events/change/v1"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("live") / "home")


@pytest.fixture(scope="module")
def server(home, start_server):
    return start_server(home)


class Listener:
    """A front-end's subscription to events."""

    def __init__(self, server):
        url = f"ws{server.url[4:]}/api/events/subscribe?token={server.token}"
        self._socket = websocket.create_connection(url, timeout=60)

    def next(self, timeout=60.0):
        self._socket.settimeout(timeout)
        while True:
            event = json.loads(self._socket.recv())
            if event["schema_id"] == CHANGE:
                return event

    def until(self, look):
        while not look(event := self.next()):
            pass
        return event

    def close(self):
        self._socket.close()


@pytest.fixture
def listener(server):
    assert server.call("GET", "/runlore/status").ok
    listener = Listener(server)
    yield listener
    listener.close()


def test_a_home_that_is_not_there_yet_is_an_empty_list(server, home):
    nothing = {"runs": [], "names": [], "next": None, "total": 0, "pinned": 0, "deleted": 0}
    assert server.call("GET", "/runlore/runs").json() == nothing


def test_a_run_is_announced_from_its_start_to_its_end(server, home, fake_kernel, listener):
    session = fake_kernel(home)
    run = session.start_run()
    event = listener.until(lambda event: run in event["runs"])
    assert event["jobs"] == []
    session.log(run, "loss", [(0, 1.0)])
    listener.until(lambda event: run in event["runs"])
    session.log(run, "loss", [(1, 0.5)])
    listener.until(lambda event: run in event["runs"])
    curves = server.call("GET", "/runlore/curves", params={"run": run}).json()["curves"]
    assert curves[0]["count"] == 2
    session.finish_run(run)
    listener.until(lambda event: run in event["runs"])
    assert server.call("GET", f"/runlore/runs/{run}").json()["status"] == "finished"


def test_a_kernel_that_logs_all_the_time_is_announced_a_few_times_a_second(fake_kernel, home, listener):
    session = fake_kernel(home)
    heard, began = 0, time.monotonic()  # before anything can be said of it: what is said may wait to be heard
    run = session.start_run()
    session.log(run, "loss", [(0, 1.0)])
    listener.until(lambda event: run in event["runs"])
    step = 0
    while heard < 8:
        step += 1
        session.log(run, "loss", [(step, 1.0)])
        try:
            listener.next(timeout=0.02)
        except websocket.WebSocketTimeoutException:
            continue
        heard += 1
    assert heard / (time.monotonic() - began) <= 3.5
    session.finish_run(run)


def test_etags_spare_the_transfer_of_what_has_not_changed(server):
    first = server.call("GET", "/runlore/runs")
    headers = {"Authorization": f"token {server.token}", "If-None-Match": first.headers["Etag"]}
    assert server.call("GET", "/runlore/runs", headers=headers).status_code == 304


def test_the_server_ends_in_an_orderly_way(start_server, tmp_path, fake_kernel):
    home = Home(tmp_path / "home")
    fake_kernel(home).run()
    server = start_server(home)
    assert server.call("GET", "/runlore/runs").json()["total"] == 1
    server.process.terminate()
    assert server.process.wait(60) == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "never retrieved" not in log


def test_without_the_lab_packages_the_extension_says_so_and_stays_out_of_the_way(start_server, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name == 'mlflow' else find(name, package)\n"
    )
    server = start_server(Home(tmp_path / "home"), env={"PYTHONPATH": str(tmp_path)})
    assert server.call("GET", "/runlore/status").status_code == 404
    assert "pip install 'runlore[lab]'" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_a_home_that_cannot_be_used_is_said_and_tried_again(start_server, tmp_path):
    path = tmp_path / "home"
    path.write_text("a file where the home should be")
    server = start_server(Home(path))
    response = server.call("GET", "/runlore/runs")
    assert response.status_code == 503
    assert "Runlore cannot use its files" in response.json()["message"]
    path.unlink()
    assert server.call("GET", "/runlore/runs").json()["total"] == 0
