"""Options of every command that has runs repeated: in which kernel, and with which values of parameters."""

from __future__ import annotations

import argparse

from runlore.values import as_pair


def add_kernel(to: argparse.ArgumentParser) -> None:
    """In which kernel: the recorded one, another one, or one in the environment built from the lock."""
    where = to.add_mutually_exclusive_group()
    where.add_argument("--kernel", metavar="NAME", help="use this kernel instead of the recorded one")
    where.add_argument(
        "--env",
        choices=["recorded", "locked"],
        default="recorded",
        help="locked: build the recorded environment again and use that",
    )


def add_parameters(to: argparse.ArgumentParser) -> None:
    """Which parameters have other values than recorded."""
    to.add_argument(
        "-p",
        "--param",
        nargs="+",
        action="extend",
        type=as_pair,
        default=[],
        metavar="NAME=VALUE",
        help="set parameters to other values (config.net.width=128; 'runlore show' lists them)",
    )
