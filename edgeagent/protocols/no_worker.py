"""The worker of a program that runs no children: every call says so."""

from collections.abc import Mapping
from typing import Any, NoReturn

from edgeagent.model.errors import WorkerError


class NoWorker:
    """Asks nobody."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def warm(self, timeout_s: float) -> NoReturn:
        """Raises WorkerError, at once."""
        raise WorkerError(f"cannot warm worker {self._name} within {timeout_s:g} s: this program runs no such child")

    async def call(self, name: str, args: Mapping[str, Any] | None = None, *, timeout_s: float) -> NoReturn:
        """Raises WorkerError, at once."""
        asked = f"{name}({', '.join(args or ())})"
        raise WorkerError(f"cannot call {asked} within {timeout_s:g} s: this program runs no child {self._name}")
