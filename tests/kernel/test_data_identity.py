"""What a file's content is taken to be, and when a digest is trusted later."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from blake3 import blake3

from runlore.capture.data.identity import CHANGED, StatCache, identify, sign
from runlore.capture.data.remote import redacted
from runlore.home import Home

BIG = os.urandom(2**17)


@pytest.fixture
def cache(tmp_path: Path) -> StatCache:
    return StatCache(tmp_path / "home" / "cache.sqlite")


def test_a_digest_is_kept_as_long_as_the_file_looks_the_same(tmp_path: Path, cache: StatCache) -> None:
    file = tmp_path / "f"
    file.write_bytes(BIG)
    signature = sign(str(file))
    assert signature is not None
    digest = str(blake3(BIG).hexdigest())
    assert identify(str(file), cache=cache) == (digest, len(BIG), None)
    # Hashed right after it was written: another write in the same tick would leave no trace, so it is not kept.
    assert cache.get(signature) is None
    cache.put(signature, digest, time.time_ns() + 60 * 10**9)
    cache.close()
    again = StatCache(tmp_path / "home" / "cache.sqlite")
    assert again.get(signature) == digest
    assert again.get(signature._replace(mtime=signature.mtime + 1)) is None
    assert again.get(signature._replace(ino=signature.ino + 1)) is None
    again.close()


def test_a_cache_that_cannot_be_used_is_done_without(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(BIG)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database" * 1000)
    for path in (broken, tmp_path / "f" / "below a file", Path("/proc/nothing/x")):
        cache = StatCache(path)
        assert identify(str(file), cache=cache).digest == str(blake3(BIG).hexdigest())
        cache.close()


def test_content_that_is_gone_has_no_digest(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"before")
    opened = sign(str(file))
    assert opened is not None
    file.write_bytes(b"afters")
    os.utime(file, ns=(opened.mtime, opened.mtime))  # the same size and time of change
    assert identify(str(file), opened) == (None, 6, CHANGED)
    file.unlink()
    assert identify(str(file), opened).why == "gone before it could be hashed"
    os.mkfifo(file)
    assert identify(str(file), opened).digest is None
    assert identify(str(file)).digest is None
    assert identify(str(tmp_path)).digest is None
    assert identify("\0").digest is None


def test_a_file_that_changes_while_it_is_hashed_has_no_digest(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(bytes(64 * 2**20))
    going = True

    def scribble() -> None:
        with file.open("r+b") as out:
            while going:
                out.seek(0)
                out.write(b"x")
                out.flush()

    scribbler = threading.Thread(target=scribble)
    scribbler.start()
    try:
        assert identify(str(file), sign(str(file))).digest is None
    finally:
        going = False
        scribbler.join()
    assert identify(str(file)).digest is not None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/key.parquet", "s3://bucket/key.parquet"),
        (
            "https://ada:secret@host:81/x?X-Amz-Signature=secret&a=b#secret",
            "https://host:81/x?X-Amz-Signature=...&a=...",
        ),
        ("simplecache::https://u:secret@h/x?secret", "simplecache::https://h/x?..."),
        ("memory:///a b", "memory:///a b"),
    ],
)
def test_urls_lose_their_secrets(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_the_cache_of_a_home_is_used_by_its_kernels(run_script: object, home: Home, tmp_path: Path) -> None:
    file = tmp_path / "big.bin"
    file.write_bytes(BIG)
    old = time.time_ns() - 3600 * 10**9
    os.utime(file, ns=(old, old))
    time.sleep(2.1)  # its time of change is now
    run_script("import runlore\nwith runlore.start_run(): open('big.bin', 'rb').read()")  # type: ignore[operator]
    signature = sign(str(file))
    assert signature is not None
    kept = StatCache(home.path / "data-cache.sqlite")
    assert kept.get(signature) == str(blake3(BIG).hexdigest())
    kept.close()
