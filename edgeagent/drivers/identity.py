"""Identity: a device is bound to the serial it had first, or to the one that the configuration gives."""

from collections.abc import Mapping
from typing import Protocol

from edgeagent.model.errors import DeviceError
from edgeagent.model.points import DeviceId


class DeviceChanged(DeviceError):
    """Another serial answers where a device is connected: its points must be learnt anew."""


class IdentityBook(Protocol):
    """Where the binding of devices to serials is kept."""

    def serial_of(self, device: DeviceId) -> str | None:
        """The serial that the device is bound to, if any."""

    def bind(self, device: DeviceId, serial: str) -> None:
        """Bind the device to a serial."""


class MemoryBook:
    """An IdentityBook that lasts as long as the process."""

    def __init__(self, serials: Mapping[DeviceId, str] | None = None) -> None:
        self._serials = dict(serials or {})

    def serial_of(self, device: DeviceId) -> str | None:
        """The serial that the device is bound to, if any."""
        return self._serials.get(device)

    def bind(self, device: DeviceId, serial: str) -> None:
        """Bind the device to a serial."""
        self._serials[device] = serial


def mismatch(book: IdentityBook, device: DeviceId, configured: str | None, serial: str) -> str:
    """What is wrong with the serial that answers, or nothing; binds a device that was not bound.

    The configured serial goes before the book: a person who writes it has decided.
    """
    if not configured and not book.serial_of(device):
        if serial:
            book.bind(device, serial)
        return ""
    return wrong_serial(book, device, configured, serial)


def wrong_serial(book: IdentityBook, device: DeviceId, configured: str | None, serial: str) -> str:
    """What is wrong with the serial that answers, or nothing; a device that has a serial and is not bound is wrong too.

    It binds nothing: who is about to switch a device must know whose it is.
    """
    bound = configured or book.serial_of(device)
    if not bound:
        return f"{device} has not been read yet: it is not known whether {serial} is the right one" if serial else ""
    if serial == bound:
        return ""
    says = f"says that it is {serial}" if serial else "does not say its serial"
    mend = f"if it was replaced on purpose, write the new serial into [devices.{device}]"
    return f"{device} is bound to serial {bound}, and what answers {says}; {mend}"
