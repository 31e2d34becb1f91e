"""What ``runlore gpus`` can be given, and how other commands ask for GPUs."""

from __future__ import annotations

import argparse


def add_request(to: argparse.ArgumentParser) -> None:
    """The options by which a job asks for GPUs."""
    to.add_argument(
        "--gpus",
        type=float,
        default=0,
        metavar="N",
        help="how many GPUs it gets: 1, 2, or a part of one (0.5); by default what the recorded run used",
    )
    to.add_argument("--gpu-type", metavar="NAME", help="part of the GPU's name, such as h200")
    to.add_argument("--gpu-memory", metavar="SIZE", help="what each GPU must have at least, such as 40GB")
