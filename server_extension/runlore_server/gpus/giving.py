"""What a backend that shares out devices by itself can be asked for."""

from __future__ import annotations

from typing import Literal

from runlore_server.errors import OptionsRefused
from runlore_server.gpus.wish import Asking, wish

Giving = Literal["any", "whole", "none"]
"""``whole``: whole devices, by their type, as Slurm does; ``none``: none at all."""


def refuse(asked: Asking, giving: Giving) -> None:
    """Refuse what such a backend could never give.

    Raises:
        OptionsRefused: it could not, or what is asked cannot be understood.
    """
    wanted = wish(asked)
    if wanted is None or giving == "any":
        return
    if giving == "none":
        raise OptionsRefused("submitit leases no GPUs of this machine; the backend 'local' does")
    if wanted.count != int(wanted.count):
        raise OptionsRefused(
            f"Slurm gives whole GPUs, not {wanted.count:g}; where it knows parts of one (gres/shard), ask for "
            "none and give the backend the option gres=shard:N"
        )
    if wanted.memory:
        raise OptionsRefused(
            "Slurm does not know how much memory a GPU has: name its type, or give the backend a constraint"
        )
