"""What ``runlore bundle`` can be given."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def add(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """The command of this room."""
    bundle = command("bundle", "write a run as one file with which 'runlore verify' repeats it elsewhere")
    bundle.add_argument("run", metavar="RUN")
    bundle.add_argument("-o", "--output", metavar="FILE", help="where to write it")
