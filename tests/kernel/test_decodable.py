"""Threads that decode the same classes for the first time, all at once."""

from __future__ import annotations

from collections.abc import Callable

SCRIPT = """
import sys, threading
from typing import Literal, Optional, Union
import msgspec
from runlore.untrusted import from_json

sys.setswitchinterval(1e-6)
content = b"{" + b",".join(b'"field%d": 1' % number for number in range(59, -1, -1)) + b"}"
for _ in range(100):
    part = msgspec.defstruct("Part", [(f"part{n}", Optional[dict[str, list[str]]], None) for n in range(30)])
    fields = [(f"field{n}", Union[int, str, None, list[Literal["a", "b"]]], None) for n in range(60)]
    kinds = [msgspec.defstruct("Whole", [*[(f"of{n}", Optional[part], None) for n in range(5)], *fields])]
    kinds.append(msgspec.defstruct("Around", [("whole", kinds[0])]))
    together = threading.Barrier(4)

    def work(number):
        together.wait()
        from_json(b'{"whole": %b}' % content if number % 2 else content, kinds[number % 2])

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("all decoded")
"""


def test_classes_that_threads_meet_at_once_crash_nobody(run_script: Callable[..., str]) -> None:
    assert "all decoded" in run_script(SCRIPT)
