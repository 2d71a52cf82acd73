"""AMD GPUs, as the driver amdgpu shows them in sysfs (kernel documentation: gpu/amdgpu: thermal, driver-misc)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from edgeagent.drivers.sysfs import Decode, File, Numbers, folders, line, scaled, whole
from edgeagent.model.device import Identity
from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind

AMD = "0x1002"
RAVEN = {"0x15dd", "0x15d8"}
"""PCI ids of Raven and Picasso APUs, some of which always say that they are busy to 100 %."""
# file below the card's device → point, kind, decoding, type
PLAIN: Mapping[str, tuple[str, Kind, Decode, ValueType]] = MappingProxyType(
    {
        "gpu_busy_percent": ("utilisation", Kind.PERCENT, whole, ValueType.NUMBER),
        "mem_busy_percent": ("memory.utilisation", Kind.PERCENT, whole, ValueType.NUMBER),
        "mem_info_vram_used": ("memory.used", Kind.SIZE, whole, ValueType.INTEGER),
        "mem_info_vram_total": ("memory.total", Kind.SIZE, whole, ValueType.INTEGER),
        "pcie_replay_count": ("pcie.replays", Kind.COUNT, whole, ValueType.INTEGER),
    }
)
# file below its hwmon → point, kind, decoding; the first of one point that is there counts
SENSORS: tuple[tuple[str, str, Kind, Decode], ...] = (
    ("power1_average", "power", Kind.POWER, scaled(1e6)),
    ("power1_input", "power", Kind.POWER, scaled(1e6)),
    ("power1_cap", "power_limit", Kind.POWER, scaled(1e6)),
    ("temp1_input", "temperature", Kind.TEMPERATURE, scaled(1e3)),
    ("temp2_input", "hotspot.temperature", Kind.TEMPERATURE, scaled(1e3)),
    ("temp3_input", "memory.temperature", Kind.TEMPERATURE, scaled(1e3)),
    ("fan1_input", "fan.speed", Kind.ROTATIONAL, scaled(1.0)),
    ("freq1_input", "clock.sm", Kind.FREQUENCY, scaled(1.0)),
    ("freq2_input", "clock.memory", Kind.FREQUENCY, scaled(1.0)),
)
_ERRORS = re.compile(r"(ue|ce):\s*(\d{1,18})")


def errors(word: str) -> Decode:
    """A count of the file `ras/umc_err_count`, which holds ``ue: 0`` and ``ce: 0``."""

    def decode(text: str, _now_s: float) -> int:
        for key, count in _ERRORS.findall(text):
            if key == word:
                return int(count)
        raise ValueError(f"{text!r} has no count {word}")

    return decode


class AmdScan:
    """Finds the AMD GPUs below a sysfs root; a GPU keeps its number, by its place on the PCI bus."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = Numbers()

    def __call__(self) -> tuple[Identity, list[File]]:
        """Who they are, and their files."""
        cards = [card / "device" for card in folders(self._root / "class/drm", r"card\d+")]
        amd = sorted((card for card in cards if line(card / "vendor") == AMD), key=lambda card: str(card.resolve()))
        files: list[File] = []
        names = []
        for card in amd:
            names.append(line(card / "product_name") or line(card / "device"))
            files += self._files(card)
        count = f"{len(amd)} x " if len(amd) > 1 else ""
        serial = line(amd[0] / "unique_id") if len(amd) == 1 else ""
        return Identity("AMD", count + ", ".join(sorted(set(names))), serial), files

    def _files(self, card: Path) -> Iterator[File]:
        part = f"gpu.{self._numbers.of(card.resolve().name)}"
        label = f"{line(card / 'product_name') or line(card / 'device')} at {card.resolve().name}"
        raven = line(card / "device") in RAVEN
        for name, (point, kind, decode, type_) in PLAIN.items():
            if (card / name).exists():
                doubtful = _always_busy if raven and name == "gpu_busy_percent" else None
                yield File(
                    f"{part}.{point}", kind, card / name, decode, type_, label=label, part=part, doubtful=doubtful
                )
        yield from _sensors(card, part, label)
        counts = card / "ras/umc_err_count"
        if counts.exists():
            for word, point in (("ue", "ecc.uncorrected"), ("ce", "ecc.corrected")):
                yield File(
                    f"{part}.{point}", Kind.COUNT, counts, errors(word), ValueType.INTEGER, label=label, part=part
                )


def _sensors(card: Path, part: str, label: str) -> Iterator[File]:
    seen: set[str] = set()
    for folder in folders(card / "hwmon", r"hwmon\d+"):
        for name, point, kind, decode in SENSORS:
            if point not in seen and (folder / name).exists():
                seen.add(point)
                yield File(f"{part}.{point}", kind, folder / name, decode, label=label, part=part)


def _always_busy(value: object) -> bool:
    return value == 100
