"""What there is for jobs to be carried out with, as far as this process knows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from runlore_server.backends.configured import giving, specified
from runlore_server.errors import OptionsRefused
from runlore_server.gpus.assignment import check
from runlore_server.gpus.detection import last_detected
from runlore_server.gpus.device import Device
from runlore_server.gpus.giving import refuse
from runlore_server.queue.dispatcher import CAPACITY, SLOTS
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.local import default_slots
from runlore_server.queue.owner import Owner
from runlore_server.queue.request import Request
from runlore_server.queue.status import Offer, offers


class Offering:
    """What the queue's owner offers; without one, what this process would.

    Args:
        ledger: where the owner notes it.
        owner: knows whether there is one.
    """

    def __init__(self, ledger: Ledger, owner: Owner) -> None:
        self._ledger = ledger
        self._owner = owner

    def all(self) -> dict[str, Offer]:
        """Every backend's, by its name, the default first.

        Raises:
            SettingRefused: the environment names backends, slots or devices wrongly.
        """
        if self._owner.exists() and (told := offers(self._ledger.setting(CAPACITY))):
            return told
        here = Offer(self._ledger.setting(SLOTS) or default_slots(), last_detected().devices)
        return {
            name: here if name == "local" else Offer(0, None, giving=giving(spec))
            for name, spec in specified(os.environ).items()
        }

    def refuse(self, asked: Request) -> None:
        """Refuse devices that no backend of this kind could give.

        Raises:
            OptionsRefused: there is no such backend, or it could not.
            SettingRefused: see ``all``.
        """
        offered = self.all()
        refuse(asked, offered[self._name(asked.backend, offered)].giving)

    def devices(self, backend: str | None) -> tuple[Sequence[Device], str] | None:
        """The devices of a backend and why there are none; ``None`` where it shares them out by itself.

        Raises:
            OptionsRefused: there is no such backend.
            SettingRefused: see ``all``.
        """
        offered = self.all()
        name = self._name(backend, offered)
        if name == "local":
            found = last_detected()
            return found.devices, found.why
        devices = offered[name].devices
        return None if devices is None else (devices, "")

    def within_reach(self, asked: Request) -> bool:
        """Whether a job may be carried out some time by the backends that there are.

        Machines come to a cluster and go; the devices of this one are what they are.

        Raises:
            SettingRefused: see ``all``.
        """
        offered = self.all()
        name = asked.backend or next(iter(offered))
        if name not in offered or name != "local":
            return name in offered
        found = last_detected()
        try:
            check(asked, found.devices, found.why)
        except OptionsRefused:
            return False
        return True

    @staticmethod
    def _name(backend: str | None, offered: Mapping[str, Offer]) -> str:
        name = backend or next(iter(offered))
        if name not in offered:
            raise OptionsRefused(f"no backend is called {name!r}; there are: {', '.join(offered)}")
        return name
