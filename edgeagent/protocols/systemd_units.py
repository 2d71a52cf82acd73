"""Units of systemd, through `systemctl` with a deadline for each call; it knows D-Bus and every release's ways."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.snmp_set import WriteOpen

PROPERTIES = "LoadState,ActiveState,FreezerState,CPUWeight"
DEFAULT_WEIGHT = 100
"""systemd.resource-control(5): what counts where no weight is set."""
MOST_BYTES = 1 << 16
HINT = "systemd/drop-ins/edgeagent-units.rules allows it to polkit"
_DENIED = ("access denied", "authentication required", "not permitted", "permission denied")
_NO_BUS = ("failed to connect to bus", "not been booted with systemd")


@dataclass(frozen=True, slots=True)
class UnitState:
    """What systemd says of a unit; ``active`` is its ActiveState, ``weight`` its CPUWeight."""

    active: str
    frozen: bool
    weight: int


class SystemdUnits:
    """The units of this computer."""

    def __init__(self, program: Sequence[str] = ("systemctl",), *, timeout_s: float = 5.0) -> None:
        self._program = tuple(program)
        self._timeout_s = timeout_s

    async def show(self, unit: str) -> UnitState:
        """What the unit is now.

        Raises:
            DeviceUnreachable: systemd does not answer.
            DeviceRefused: there is no such unit.
        """
        told = await self._run("show", unit, f"--property={PROPERTIES}")
        found = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        if found.get("LoadState") in {"not-found", "masked", "error", "bad-setting"}:
            raise DeviceRefused(f"cannot use unit {unit}: systemd says that it is {found['LoadState']}")
        return _state(unit, found)

    async def command(self, verb: str, unit: str) -> None:
        """Have it done; starting and stopping may go on after that.

        Raises:
            DeviceRefused, DeviceUnreachable: it was not done.
            WriteOpen: systemd was asked, and its answer is missing.
        """
        await self._write(verb, "--no-block", unit)

    async def set_weight(self, unit: str, weight: int) -> None:
        """Set its CPUWeight until the next boot. Raises as `command` does."""
        await self._write("set-property", "--runtime", unit, f"CPUWeight={weight}")

    async def _write(self, *words: str) -> None:
        try:
            await self._run(*words)
        except _Late as error:
            raise WriteOpen(str(error)) from None

    async def _run(self, *words: str) -> str:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                "--no-ask-password",
                "--no-pager",
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=MOST_BYTES,
            )
        except OSError as error:
            raise DeviceUnreachable(f"cannot run {self._program[0]}: {error.strerror or error}") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                said, trouble = await process.communicate()
        except TimeoutError:
            raise _Late(f"systemctl {' '.join(words)}: no answer within {self._timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        if process.returncode:
            raise _refusal(words, trouble.decode(errors="replace").strip()[:300])
        return said.decode(errors="replace")


class _Late(DeviceUnreachable):
    """No answer in time."""


def _refusal(words: Sequence[str], said: str) -> DeviceError:
    text = f"systemctl {' '.join(words)}: {said}"
    if any(word in said.lower() for word in _DENIED):
        return DeviceRefused(f"{text} ({HINT})")
    return DeviceUnreachable(text) if any(word in said.lower() for word in _NO_BUS) else DeviceRefused(text)


def _state(unit: str, found: Mapping[str, str]) -> UnitState:
    active = found.get("ActiveState", "")
    if not active:
        raise DeviceGarbled(f"cannot use unit {unit}: systemctl does not say whether it is active")
    weight = found.get("CPUWeight", "")
    frozen = found.get("FreezerState", "running") in {"frozen", "freezing"}
    return UnitState(active, frozen, int(weight) if weight.isdecimal() and int(weight) <= 10000 else DEFAULT_WEIGHT)
