"""Artifacts as a real server sends them: whole, in ranges, as tables, and never so that they execute."""

import io

import pytest

from runlore.home import Home

RUN = "aaaa000000000001"
PAGE = b"<script>alert(document.cookie)</script>"
CONTENTS = {
    "dot.png": (b"\x89PNG bytes", "image/png"),
    "plots/page.html": (PAGE, "text/html"),
    "plots/drawing.svg": (b"<svg onload='alert(1)'/>", "image/svg+xml"),
    "forged.png": (PAGE, 'text/html"\r\nX-Evil: 1'),
    'größe "1".txt': ("words äö".encode(), "text/plain"),
    "../../etc/passwd": (b"only a name", "text/plain"),
    "rows.csv": (b"\xef\xbb\xbfname,score\nfirst,0.5\n<b>second</b>\nthird,1,2\n", "text/csv"),
    "empty.csv": (b"", "text/csv"),
    "damaged.parquet": (b"PAR1 nothing PAR1", "application/octet-stream"),
    "big.bin": (bytes(range(256)) * 16384, "application/octet-stream"),
}


@pytest.fixture(scope="module")
def digests():
    return {}


@pytest.fixture(scope="module")
def home(tmp_path_factory, fake_kernel, digests):
    import pyarrow as pa
    from pyarrow import parquet

    home = Home(tmp_path_factory.mktemp("artifacts") / "home")
    session = fake_kernel(home)
    run = session.start_run("rich", run_id=RUN)
    for path, (content, media_type) in CONTENTS.items():
        digests[path] = session.artifact(run, path, content, media_type)
    table = io.BytesIO()
    parquet.write_table(pa.table({"x": range(1000), "y": [None] * 1000}), table)
    digests["table.parquet"] = session.artifact(run, "table.parquet", table.getvalue())
    session.finish_run(run)
    return home


@pytest.fixture(scope="module")
def get(home, start_server):
    server = start_server(home)

    def call(path, *, resource="artifacts", params=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.call(
            "GET",
            f"/runlore/runs/{RUN}/{resource}/{path}",
            params=params,
            headers={"Authorization": f"token {server.token}", **named},
        )

    return call


@pytest.mark.parametrize("path", CONTENTS)
def test_an_artifact_comes_as_it_was_logged_and_cannot_execute(get, digests, path):
    from urllib.parse import quote

    response = get(quote(path, safe=""))
    content, media_type = CONTENTS[path]
    assert response.status_code == 200, response.text
    assert response.content == content
    assert response.headers["ETag"] == f'"{digests[path]}"'
    assert int(response.headers["Content-Length"]) == len(content)
    policy = response.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "allow-" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Evil" not in response.headers
    is_shown = media_type in ("image/png", "text/plain", "text/csv")
    assert response.headers["Content-Type"] == (media_type if is_shown else "application/octet-stream")
    assert response.headers["Content-Disposition"].startswith("inline" if is_shown else "attachment")


def test_a_path_with_slashes_may_be_given_as_it_is(get):
    assert get("plots/page.html").content == PAGE
    assert get("dot.png", params={"download": "1"}).headers["Content-Disposition"].startswith("attachment")


def test_what_the_client_has_is_not_sent_again(get, digests):
    response = get("dot.png", If_None_Match=f'"{digests["dot.png"]}"')
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=4194300-", 4194300, 4194303), ("bytes=-4", 4194300, 4194303)],
)
def test_ranges_are_sent(get, asked, first, last):
    response = get("big.bin", Range=asked)
    assert response.status_code == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/4194304"
    assert response.content == CONTENTS["big.bin"][0][first : last + 1]


def test_ranges_that_are_not_there_are_refused_and_strange_ones_passed_over(get):
    beyond = get("big.bin", Range="bytes=4194304-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */4194304")
    for asked in ("bytes=0-1,5-6", "lines=0-1", "bytes=-"):
        assert get("big.bin", Range=asked).status_code == 200
    other = get("big.bin", Range="bytes=0-9", If_Range='"another"')
    assert (other.status_code, len(other.content)) == (200, 4194304)


@pytest.mark.parametrize("path", ["none", "..%2F..%2F..%2Fkey", "../../../key", "%2Fetc%2Fpasswd", "plots"])
def test_nothing_else_on_the_disk_can_be_had(get, path):
    response = get(path)
    assert response.status_code == 404


def test_content_that_is_gone_or_was_changed_is_refused(get, home, digests):
    path = home.objects / digests["dot.png"]
    content = path.read_bytes()
    assert get("dot.png").status_code == 200
    try:
        path.write_bytes(b"\x89PNG evil!")
        assert "was changed on disk" in get("dot.png").json()["message"]
        path.unlink()
        assert "cannot be read" in get("dot.png").json()["message"]
        path.symlink_to("/etc/hostname")
        assert get("dot.png").status_code == 404
        path.unlink()
        path.mkdir()
        assert get("dot.png").json()["reason"] == "ObjectMissing"
        path.rmdir()
    finally:
        path.write_bytes(content)
    assert get("dot.png").content == content


def test_tables_begin_with_their_first_rows(get):
    csv = get("rows.csv", resource="tables", params={"rows": 2}).json()
    assert csv == {
        "columns": ["name", "score"],
        "rows": [["first", "0.5"], ["<b>second</b>", None]],
        "more": True,
        "total": None,
        "left_out": 0,
    }
    whole = get("rows.csv", resource="tables").json()
    assert (whole["columns"], whole["rows"][-1], whole["total"]) == (["name", "score", ""], ["third", "1", "2"], 3)
    assert get("empty.csv", resource="tables").json()["rows"] == []
    parquet = get("table.parquet", resource="tables", params={"rows": 3}).json()
    assert parquet["rows"] == [["0", None], ["1", None], ["2", None]]
    assert (parquet["total"], parquet["more"]) == (1000, True)


@pytest.mark.parametrize("path", ["damaged.parquet", "dot.png"])
def test_what_is_no_table_is_refused(get, path):
    response = get(path, resource="tables")
    assert (response.status_code, response.json()["reason"]) == (400, "InvalidRequest")
