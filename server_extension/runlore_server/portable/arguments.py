"""What ``runlore export`` can be given."""

from __future__ import annotations

import argparse
from typing import get_args

from runlore_server.portable.form import Form


def add(export: argparse.ArgumentParser) -> None:
    """Its arguments but for the choice of cells."""
    export.add_argument("run", metavar="RUN")
    export.add_argument("-o", "--output", metavar="FILE", help="where to write it ('-': to standard output)")
    export.add_argument(
        "--as",
        dest="form",
        choices=get_args(Form),
        default="notebook",
        help="script: as plain Python; airflow: as a DAG; both also for a job with those it waits for, or a sweep",
    )
