"""NVIDIA GPUs of this computer, through NVML in its child (`protocols/nvml.py`).

Points are ``gpu.<n>.<name>``; n counts from 0 in the order of the PCI bus when the agent first saw the GPUs, or in the
order in which the configuration names them. A lost GPU keeps its number; its points are BAD until it is back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.core.clock import Clock
from edgeagent.drivers.parts import Times
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, PointId, ValueType, point_id
from edgeagent.model.reading import Quality, Reading, Reason, Value, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.nvml import Gpu, GpuAnswer, Nvml

GROUP = "fast"
DESCRIBE_S = 20.0
"""The driver may take seconds per GPU to wake it where persistence mode is off."""
STATES = ("ok", "lost", "reset_required", "failed")
VENDOR = "NVIDIA"
LOST_COUNT = "gpus.lost"
NOT_AVAILABLE = {2**32 - 1, 2**64 - 1}
"""nvml.h, NVML_VALUE_NOT_AVAILABLE: all bits set."""
# nvml.h, nvmlClocksEventReasons: the gravest first; several may hold at a time
REASONS: tuple[tuple[int, str], ...] = (
    (0x40, "hw_thermal"),
    (0x80, "hw_power_brake"),
    (0x08, "hw_slowdown"),
    (0x20, "sw_thermal"),
    (0x400, "reliability"),
    (0x200, "board_limit"),
    (0x04, "power_cap"),
    (0x10, "sync_boost"),
    (0x02, "clock_setting"),
    (0x100, "display"),
    (0x01, "idle"),
)
UNKNOWN_REASON = "other"


def worst_reason(bits: float) -> str:
    """The gravest of the reasons that hold clocks down."""
    if not bits:
        return "none"
    return next((word for bit, word in REASONS if int(bits) & bit), UNKNOWN_REASON)


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a GPU: its point, what it is, how it is converted, its origin, and what it cannot exceed."""

    name: str
    kind: Kind
    source: str
    convert: Callable[[float], Value] = float
    type: ValueType = ValueType.NUMBER
    highest: float | None = None
    codes: tuple[str, ...] = ()
    writable: bool = False


def _count(name: str, source: str) -> Item:
    return Item(name, Kind.COUNT, source, int, ValueType.INTEGER)


ITEMS: Mapping[str, Item] = MappingProxyType(
    {
        "power_mw": Item("power", Kind.POWER, "nvmlDeviceGetPowerUsage", lambda raw: raw / 1e3),
        "temperature_c": Item("temperature", Kind.TEMPERATURE, "nvmlDeviceGetTemperature", highest=150),
        "memory_temperature_c": Item("memory.temperature", Kind.TEMPERATURE, "NVML_FI_DEV_MEMORY_TEMP", highest=150),
        "gpu_percent": Item("utilisation", Kind.PERCENT, "nvmlDeviceGetUtilizationRates", highest=100),
        "memory_percent": Item("memory.utilisation", Kind.PERCENT, "nvmlDeviceGetUtilizationRates", highest=100),
        "memory_used": Item("memory.used", Kind.SIZE, "nvmlDeviceGetMemoryInfo", int, ValueType.INTEGER),
        "memory_total": Item("memory.total", Kind.SIZE, "nvmlDeviceGetMemoryInfo", int, ValueType.INTEGER),
        "energy_mj": Item("energy", Kind.ENERGY, "nvmlDeviceGetTotalEnergyConsumption", lambda raw: raw / 3.6e6),
        "limit_mw": Item(
            "power_limit", Kind.POWER, "nvmlDeviceGetPowerManagementLimit", lambda raw: raw / 1e3, writable=True
        ),
        "reasons": Item(
            "throttle",
            Kind.STATE,
            "nvmlDeviceGetCurrentClocksEventReasons",
            worst_reason,
            ValueType.CODE,
            codes=("none", *(word for _, word in REASONS), UNKNOWN_REASON),
        ),
        "ecc_corrected": _count("ecc.corrected", "nvmlDeviceGetTotalEccErrors"),
        "ecc_uncorrected": _count("ecc.uncorrected", "nvmlDeviceGetTotalEccErrors"),
        "sm_mhz": Item("clock.sm", Kind.FREQUENCY, "nvmlDeviceGetClockInfo", lambda raw: raw * 1e6),
        "memory_mhz": Item("clock.memory", Kind.FREQUENCY, "nvmlDeviceGetClockInfo", lambda raw: raw * 1e6),
        "replays": _count("pcie.replays", "nvmlDeviceGetPcieReplayCounter"),
        "nvlink_crc": _count("nvlink.crc_errors", "NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL"),
        "nvlink_replay": _count("nvlink.replays", "NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL"),
        "nvlink_recovery": _count("nvlink.recoveries", "NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL"),
    }
)
"""By the names of `protocols/nvml_child.py`. Milliwatts, millijoules and megahertz are NVML's."""
_REASON_OF = {"unsupported": Reason.ABSENT, "refused": Reason.REFUSED}


class NvidiaGpus:
    """A Driver for all NVIDIA GPUs of this computer; those that were seen once stay, also when they are lost."""

    def __init__(self, device: DeviceId, nvml: Nvml, uuids: Sequence[str], times: Times, clock: Clock) -> None:
        self._device = device
        self._nvml = nvml
        self._times = times
        self._clock = clock
        self._known: dict[str, Gpu | None] = dict.fromkeys(uuids)
        self._fixed = bool(uuids)
        self._items: dict[str, dict[str, Item]] = {}
        self._silent = 0

    async def connect(self) -> DeviceInfo:
        """Find the GPUs, and what each of them can tell.

        Raises:
            DeviceError: there is no GPU, no driver, or no right to use it.
        """
        inventory = await self._nvml.describe(DESCRIBE_S)
        self._silent = inventory.lost
        if not self._fixed:
            self._known = dict.fromkeys(self._nvml.seen) | self._known
        for gpu in inventory.gpus:
            if not self._fixed or gpu.uuid in self._known:
                self._known[gpu.uuid] = gpu
        if not self._known:
            raise DeviceUnreachable(f"cannot read {self._device}: NVML finds no GPU that answers")
        answers = await self._nvml.read(list(self._known), self._answer_s)
        for uuid, answer in zip(self._known, answers, strict=True):
            known = self._items.setdefault(uuid, {})
            lacks = {name for name, why in answer.missing.items() if why == "unsupported"}
            # of one that is lost it is not known what it can tell: the usual, until it is back
            known.update({name: item for name, item in ITEMS.items() if name not in lacks})
        return DeviceInfo(self._identity(inventory.driver), tuple(self._points()), (self._group(),))

    async def read(self, group: str) -> list[Reading]:
        """Every point; of a GPU that is lost they are BAD and the others live.

        Raises:
            DeviceError: NVML as a whole does not answer in time.
        """
        assert group == GROUP
        answers = await self._nvml.read(list(self._known), self._answer_s)
        now_s = self._clock.now_s()
        readings = []
        for number, (uuid, answer) in enumerate(zip(self._known, answers, strict=True)):
            readings += self._readings(number, uuid, answer, now_s)
        lost = sum(answer.state != "ok" for answer in answers)
        readings.append(Reading(self._point(LOST_COUNT), max(lost, self._silent), now_s, source="nvmlDeviceGetCount"))
        return readings

    async def close(self) -> None:
        """Nothing is held open: the child is the daemon's."""

    @property
    def _answer_s(self) -> float:
        """Before the poller gives up, so that the child is the one that is blamed."""
        return 0.9 * self._times.deadline_s

    def _identity(self, driver: str) -> Identity:
        names = {gpu.name.removeprefix(f"{VENDOR} ") for gpu in self._known.values() if gpu is not None}
        count = f"{len(self._known)} x " if len(self._known) > 1 else ""
        serial = next(iter(self._known)) if len(self._known) == 1 else ""
        return Identity(VENDOR, count + ", ".join(sorted(names)), serial, driver)

    def _points(self) -> list[Point]:
        points = []
        for number, (uuid, gpu) in enumerate(self._known.items()):
            label = f"{gpu.name} at {gpu.pci}" if gpu is not None else uuid
            prefix = f"gpu.{number}."
            points.append(Point(self._device, prefix + "state", Kind.STATE, ValueType.CODE, codes=STATES, label=label))
            points += [
                Point(
                    self._device,
                    prefix + item.name,
                    item.kind,
                    item.type,
                    codes=item.codes,
                    writable=item.writable,
                    label=label,
                )
                for item in self._items[uuid].values()
            ]
        return [*points, Point(self._device, LOST_COUNT, Kind.COUNT, ValueType.INTEGER)]

    def _group(self) -> Group:
        names = frozenset(point.name for point in self._points())
        return Group(GROUP, self._times.every_s, self._times.deadline_s, names)

    def _readings(self, number: int, uuid: str, answer: GpuAnswer, now_s: float) -> list[Reading]:
        state = self._point(f"gpu.{number}.state")
        readings = [Reading(state, answer.state, now_s, source="NVML", raw=answer.message or answer.state)]
        for name, item in self._items[uuid].items():
            readings.append(_reading(self._point(f"gpu.{number}.{item.name}"), name, item, answer, now_s))
        return readings

    def _point(self, name: str) -> PointId:
        return point_id(self._device, name)


def _reading(point: PointId, name: str, item: Item, answer: GpuAnswer, now_s: float) -> Reading:
    raw = answer.values.get(name)
    if answer.state != "ok":
        return bad(point, Reason.DISCONNECTED, now_s, source=item.source)
    if raw is None:
        reason = _REASON_OF.get(answer.missing.get(name, ""), Reason.SENTINEL)
        return bad(point, reason, now_s, source=item.source)
    if raw in NOT_AVAILABLE:
        return bad(point, Reason.SENTINEL, now_s, source=item.source, raw=raw)
    value = item.convert(raw)
    if item.highest is not None and raw > item.highest:
        return Reading(point, value, now_s, Quality.UNCERTAIN, Reason.OUT_OF_RANGE, item.source, raw)
    return Reading(point, value, now_s, source=item.source, raw=raw)
