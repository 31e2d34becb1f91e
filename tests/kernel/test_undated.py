"""Files that say the same but for when they were made."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import pytest

from runlore.undated import LARGEST, digest_undated


def archive(year: int, member: str = "a.txt", content: bytes = b"1") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(zipfile.ZipInfo(member, (year, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def figure(date: str, drawn: str, points: str = "0,1") -> bytes:
    return (
        f'<svg><dc:date>{date}</dc:date><clipPath id="p{drawn}"/><g clip-path="url(#p{drawn})">{points}</g></svg>'
    ).encode()


def page(drawn: str, once: str = "") -> bytes:
    return f'<div id="{drawn}">{once}</div><script>draw("{drawn}")</script>'.encode()


def bomb() -> bytes:
    """A little that unpacks to more than anybody should unpack."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open("a", "w") as member:
        for _ in range(257):
            member.write(bytes(1 << 20))
    return made.getvalue()


UUIDS = [f"{one * 8}-{one * 4}-{one * 4}-{one * 4}-{one * 12}" for one in "abc"]


@pytest.mark.parametrize(
    ("name", "one", "same", "other"),
    [
        ("a.gz", gzip.compress(b"1", mtime=1), gzip.compress(b"1", mtime=2), gzip.compress(b"2", mtime=1)),
        ("a.zip", archive(2001), archive(2002), archive(2001, content=b"2")),
        ("a.zip", archive(2001), archive(2002), archive(2001, "b.txt")),
        (
            "m.keras",
            archive(2001, "metadata.json", b'{"date_saved": "2001"}'),
            archive(2001, "metadata.json", b'{"date_saved": "2002"}'),
            archive(2001, "metadata.json", b'{"keras_version": "2002"}'),
        ),
        ("a.svg", figure("2001", "0" * 10), figure("2002", "1" * 10), figure("2001", "0" * 10, "0,2")),
        ("a.pdf", b"/CreationDate (D:2001) 1", b"/CreationDate (D:2002) 1", b"/CreationDate (D:2001) 2"),
        ("a.html", page(UUIDS[0]), page(UUIDS[1]), page(UUIDS[0], UUIDS[2])),
        (
            "a.mat",
            b"MATLAB 5.0, Created on: Sun Nov  2 10:00:00 2001" + b"1",
            b"MATLAB 5.0, Created on: Mon Nov 13 11:00:00 2002" + b"1",
            b"MATLAB 5.0, Created on: Sun Nov  2 10:00:00 2001" + b"2",
        ),
    ],
)
def test_dates_are_left_aside_and_nothing_else(name: str, one: bytes, same: bytes, other: bytes) -> None:
    assert one != same
    assert digest_undated(name, one) == digest_undated(name, same) != digest_undated(name, other)


def test_ids_that_nothing_refers_to_are_content() -> None:
    assert digest_undated("a.html", page("x", UUIDS[0])) != digest_undated("a.html", page("x", UUIDS[1]))


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("a.html", '<a id="{0:08x}-0000-4000-8000-000000000000"/><b to="{0:08x}-0000-4000-8000-000000000000"/>'),
        ("a.svg", '<a id="p{0:010x}"/><b to="#p{0:010x}"/>'),
    ],
    ids=["html", "svg"],
)
def test_very_many_ids_are_no_harder_than_few(name: str, element: str) -> None:
    # Each of them looked for in all of the content, the time would grow with their square.
    one, other = (
        "".join(element.format(number) for number in range(first, first + 60_000)).encode()
        for first in (0, 1 << 20)
    )
    assert digest_undated(name, one) == digest_undated(name, other)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", lambda: b"1"),
        ("a.zip", lambda: archive(2001)[:-9]),
        ("a.gz", lambda: b"plain"),
        ("a.pdf", lambda: bytes(LARGEST + 1)),
        ("a.zip", bomb),
    ],
)
def test_what_has_no_such_digest(name: str, content: Callable[[], bytes]) -> None:
    assert digest_undated(name, content()) is None
