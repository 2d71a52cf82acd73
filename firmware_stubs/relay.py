"""A relay of a rack PDU as its card commands it: at once, after a delay, off and on again, or no more."""

from __future__ import annotations

import math
from enum import StrEnum

from firmware_stubs.racks import Outlet, Pdu
from firmware_stubs.world import World


class Command(StrEnum):
    """What may wait for its time."""

    OFF = "off"
    ON = "on"
    REBOOT = "reboot"


class Relay:
    """One outlet's. What is commanded takes the place of what waited."""

    def __init__(self, world: World, pdu: Pdu, outlet: Outlet) -> None:
        self.outlet = outlet
        self._world = world
        self._pdu = pdu
        self._command = Command.OFF

    def turn(self, *, on: bool, after_s: float = 0.0) -> None:
        """Switch it, after so many seconds."""
        self._plan(Command.ON if on else Command.OFF, (after_s, on))

    def reboot(self, hold_s: float, after_s: float = 0.0) -> None:
        """Off, and on again when it was off for so long; one that is off comes on then."""
        self._plan(Command.REBOOT, (after_s, False), (after_s + hold_s, True))

    def cancel(self, command: Command | None = None) -> None:
        """Forget what waits, if it is this; None: whatever it is."""
        if command in (None, self.waiting):
            self.outlet.pending.clear()

    @property
    def waiting(self) -> Command | None:
        """What waits."""
        return self._command if self.outlet.pending else None

    @property
    def wait_s(self) -> int:
        """Seconds until it moves next; 0 when nothing waits."""
        return math.ceil(self.outlet.pending[0][0] - self._world.time_s) if self.outlet.pending else 0

    def _plan(self, command: Command, *steps: tuple[float, bool]) -> None:
        self.outlet.pending.clear()
        self._command = command
        for after_s, on in steps:
            self._world.switch(self._pdu.name, self.outlet.number, on=on, after_s=after_s)
