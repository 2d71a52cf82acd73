"""A module of dry contacts and relays in the enclosure.

Contacts are loops that are closed while all is well: discrete input n reads 1 then, and a cut wire reads 0.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.enclosure import Enclosure
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import RegisterMap
from firmware_stubs.modbus_server import COIL, DISCRETE

CONTACTS, RELAYS = 16, 16
DRIVEN = ("strike_open", "siren", "light")
"""What the first relays drive, as the enclosure calls it."""
NAMES = ("strike.front", "siren.1", "light.1")
"""The same, as the agent's configuration calls it."""


def enclosure(shell: Enclosure, faulty: Faulty) -> RegisterMap:
    """Contacts 1, 2 … are the doors, smoke, each cable's leak and fault, tamper; relays 1 to 3 strike, siren, light."""
    words = RegisterMap(faulty)
    well = contacts(shell)
    for number in range(CONTACTS):
        words.bit(DISCRETE, number, well[number][1] if number < len(well) else lambda: False)
    for number in range(RELAYS):
        words.bit(COIL, number, *(_driven(shell, DRIVEN[number]) if number < len(DRIVEN) else _spare()))
    return words


def contacts(shell: Enclosure) -> list[tuple[str, Callable[[], bool]]]:
    """What hangs on the inputs, in order, as the agent's configuration calls it, and whether the loop is closed."""
    found = [(f"door.{name}", _shut(shell, name)) for name in shell.doors]
    found.append(("smoke.1", lambda: not shell.smoke))
    for number, name in enumerate(shell.leak_cable, 1):
        found.append((f"leak.{number}", _is_not(shell, name, "leak")))
        found.append((f"leak.{number}.fault", _is_not(shell, name, "fault")))
    found.append(("tamper.1", lambda: not shell.tamper))
    return found


def wiring(shell: Enclosure) -> dict[str, dict[str, str]]:
    """The ``inputs`` and ``outputs`` tables of the agent's configuration."""
    inputs = {str(number): f"{name} normally closed" for number, (name, _) in enumerate(contacts(shell), 1)}
    return {"inputs": inputs, "outputs": {str(number): name for number, name in enumerate(NAMES, 1)}}


def _shut(shell: Enclosure, door: str) -> Callable[[], bool]:
    return lambda: not shell.doors[door]


def _is_not(shell: Enclosure, cable: str, state: str) -> Callable[[], bool]:
    return lambda: shell.leak_cable[cable] != state


def _driven(shell: Enclosure, name: str) -> tuple[Callable[[], bool], Callable[[bool], None]]:
    return lambda: bool(getattr(shell, name)), lambda value: setattr(shell, name, value)


def _spare() -> tuple[Callable[[], bool], Callable[[bool], None]]:
    state = [False]

    def put(value: bool) -> None:
        state[0] = value

    return lambda: state[0], put
