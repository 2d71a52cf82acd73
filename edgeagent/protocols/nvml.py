"""NVML from this side of the pipe: questions to the child that holds NVIDIA's library, each with a deadline.

One Nvml per daemon. A call that hangs costs the child, which is replaced, and never the loop.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

from edgeagent.core.worker import WorkerSpec
from edgeagent.model.errors import DeviceGarbled, DeviceUnreachable, WorkerError
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp_set import Asks, WriteOpen

SPEC = WorkerSpec("nvml", "edgeagent.protocols.nvml_child:HANDLERS", longest_call_s=60.0)
MILLI = 1000

T = TypeVar("T")


class Gpu(msgspec.Struct, frozen=True):
    """One GPU; ``pci`` is its place, as ``00000000:3B:00.0``."""

    uuid: str
    name: str
    pci: str


class Inventory(msgspec.Struct, frozen=True):
    """What NVML finds; ``lost`` counts GPUs that are there and do not answer."""

    driver: str
    gpus: tuple[Gpu, ...]
    lost: int


class GpuAnswer(msgspec.Struct, frozen=True):
    """One GPU's raw values by the names of `nvml_child`, and for the others why there is none."""

    state: Literal["ok", "lost", "reset_required", "failed"]
    message: str
    values: dict[str, int | float]
    missing: dict[str, str]


class Limits(msgspec.Struct, frozen=True):
    """A GPU's power limit, its default and its bounds, in milliwatts."""

    now: int
    default: int
    low: int
    high: int


class Nvml:
    """The library in its child; who writes goes before who reads."""

    def __init__(self, worker: Asks) -> None:
        self._worker = worker
        self._turn = Turn()
        self._seen: dict[str, None] = {}

    @property
    def seen(self) -> tuple[str, ...]:
        """The UUID of every GPU that was ever described, in that order: one that is lost keeps its place."""
        return tuple(self._seen)

    async def describe(self, timeout_s: float) -> Inventory:
        """Which GPUs there are.

        Raises:
            DeviceUnreachable: no library, no driver, or no answer in time.
            DeviceRefused: the agent may not use it.
        """
        found = await self._read("describe", {}, Inventory, timeout_s)
        self._seen.update(dict.fromkeys(gpu.uuid for gpu in found.gpus))
        return found

    async def read(self, uuids: Sequence[str], timeout_s: float) -> tuple[GpuAnswer, ...]:
        """What each GPU says, in the order of the question. Raises as `describe` does."""
        answers = await self._read("read", {"uuids": list(uuids)}, tuple[GpuAnswer, ...], timeout_s)
        if len(answers) != len(uuids):
            raise DeviceGarbled(f"cannot use NVML: {len(uuids)} GPUs were asked and {len(answers)} answered")
        return answers

    async def limits(self, uuid: str, timeout_s: float) -> Limits:
        """A GPU's power limits; goes before waiting polls. Raises DeviceError."""
        async with self._turn.write():
            return await self._ask("limits", {"uuid": uuid}, Limits, timeout_s)

    async def set_limit(self, uuid: str, milliwatts: int, timeout_s: float) -> None:
        """Set a GPU's power limit once.

        Raises:
            DeviceRefused, DeviceUnreachable: nothing was written.
            WriteOpen: the child died or hung over it; nobody knows.
        """
        async with self._turn.write():
            try:
                await self._worker.call("set_limit", {"uuid": uuid, "milliwatts": milliwatts}, timeout_s=timeout_s)
            except WorkerError as error:
                raise WriteOpen(f"cannot tell whether {uuid} was set: {error}") from None

    async def _read(self, name: str, args: dict[str, Any], kind: type[T], timeout_s: float) -> T:
        async with self._turn.read():
            return await self._ask(name, args, kind, timeout_s)

    async def _ask(self, name: str, args: dict[str, Any], kind: type[T], timeout_s: float) -> T:
        try:
            answer = await self._worker.call(name, args, timeout_s=timeout_s)
        except WorkerError as error:
            raise DeviceUnreachable(f"cannot use NVML: {error}") from None
        try:
            return msgspec.convert(answer, kind)
        except msgspec.ValidationError as error:
            raise DeviceGarbled(f"cannot use NVML: {error}") from None
