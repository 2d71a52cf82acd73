"""A bell: how a driver says, between two polls, that its device has something new."""

from collections.abc import Callable

from edgeagent.model.points import DeviceId


class Bell:
    """Rung by drivers, heard by whoever polls; until somebody is named, nobody hears it and the next poll tells."""

    def __init__(self) -> None:
        self._heard: Callable[[DeviceId], object] = lambda _device: None

    def answer(self, heard: Callable[[DeviceId], object]) -> None:
        """Name who hears it."""
        self._heard = heard

    def ring(self, device: DeviceId) -> None:
        """Have the device read now."""
        self._heard(device)
