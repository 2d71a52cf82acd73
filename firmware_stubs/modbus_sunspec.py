"""Devices that speak SunSpec: a PV inverter, a battery by IEEE 1547 models or by model 124, and a meter.

Each serves a world object. Nothing here has a clock: ``now`` is given, and `tick` must be called as time goes on.
Powers carry the scale factor that fits them at this moment, as some inverters do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_stubs import sunspec_battery as battery
from firmware_stubs.sunspec_block import Block, power, says, scales
from firmware_stubs.sunspec_control import Heartbeat
from firmware_stubs.sunspec_inverter import (
    FAULT,
    MPPT_RUNS,
    common,
    immediate,
    inputs,
    inverter,
    nameplate,
    power_limit,
    pv_state,
    settings,
)
from firmware_stubs.sunspec_layout import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_stubs.energy import Battery, Meter, Pv

BASE = 40000
MARKER = [0x5375, 0x6E53]
END = [0xFFFF, 0]


@dataclass
class SunSpecUnit:
    """One unit on the bus: the marker, its models, the end. A register that is none of these is an illegal address."""

    blocks: list[Block]
    ticks: list[Callable[[], None]] = field(default_factory=list)
    base: int = BASE
    writes: list[tuple[int, list[int]]] = field(default_factory=list)
    """Every write that was taken, in order."""

    def read(self, address: int, count: int) -> list[int] | None:
        """Holding registers, or None where they are not all there."""
        self.tick()
        image = [*MARKER, *(word for block in self.blocks for word in block.registers()), *END]
        start = address - self.base
        return image[start : start + count] if start >= 0 and start + count <= len(image) else None

    def write(self, address: int, values: Sequence[int]) -> bool:
        """Write registers: whole points of one model, all of them writable. Nothing is taken of a write that is not."""
        self.tick()
        start = self.base + len(MARKER)
        for block in self.blocks:
            if start <= address < start + block.size:
                return self._write(block, address - start, address, list(values))
            start += block.size
        return False

    def tick(self) -> None:
        """Let timers and heartbeats run out."""
        for tick in self.ticks:
            tick()

    def _write(self, block: Block, offset: int, address: int, values: list[int]) -> bool:
        covered = block.covered(offset, len(values))
        if covered is None:
            return False
        for one in covered:
            at = one.offset - offset
            if not block.write(one, values[at : at + one.size]):
                return False
        self.writes.append((address, values))
        return True


def meter(device: Meter) -> SunSpecUnit:
    """A three-phase meter: model 203."""
    block = Block(203, LAYOUTS[203])
    scales(block, A_SF=-2, V_SF=-1, Hz_SF=-2, TotWh_SF=0)
    says(block, lambda: sum(device.current_a), "A")
    says(block, lambda: sum(device.voltage_v) / len(device.voltage_v), "PhV")
    for place, letter in enumerate("ABC"):
        says(block, _item(lambda: device.current_a, place), f"Aph{letter}")
        says(block, _item(lambda: device.voltage_v, place), f"PhVph{letter}")
        says(block, _item(lambda: _shares_w(device), place), f"Wph{letter}")
    says(block, lambda: device.frequency_hz, "Hz")
    power(block, "W_SF", lambda: device.power_w, "W")
    says(block, lambda: device.exported_wh, "TotWhExp")
    says(block, lambda: device.imported_wh, "TotWhImp")
    says(block, lambda: 0, "Evt")
    return SunSpecUnit([common("Edge Meters", "GM-3P", device.serial or device.name), block])


def pv_inverter(device: Pv, now: Callable[[], float], *, has_reversion: bool = True) -> SunSpecUnit:
    """A PV inverter: models 103, 120, 121, 123 and 160."""
    limit = power_limit(device, now, has_reversion=has_reversion)
    ac = inverter(lambda: device.power_w, lambda: device.energy_wh, lambda: pv_state(device), lambda: device.cabinet_c)
    scales(ac, DCV_SF=-1)
    says(ac, lambda: device.dc_voltage_v, "DCV")
    power(ac, "DCW_SF", lambda: device.dc_voltage_v * device.dc_current_a, "DCW")
    blocks = [
        common("Edge Solar", "PV-30", device.serial or device.name),
        ac,
        nameplate(device.rated_w),
        settings(device.rated_w),
        immediate(device, limit),
        inputs([device]),
    ]
    return SunSpecUnit(blocks, [limit.timer.tick])


def battery_der(device: Battery, now: Callable[[], float], *, has_reversion: bool = True) -> SunSpecUnit:
    """A battery by the models of IEEE 1547: 701, 702, 704, 713, 715, and its bank by 802 and 803."""
    setting = battery.battery_setting(device, now, has_reversion=has_reversion)
    beats = [Heartbeat(now, setting.go_back) for _ in range(2)]
    blocks = [
        common("Edge Storage", "DER-50", device.serial or device.name),
        battery.measurement(device),
        battery.capacity(device),
        battery.setpoints(setting),
        battery.storage(device),
        battery.control(device, now, beats[0]),
        battery.bank(device, now, beats[1]),
        battery.cells(device),
    ]
    return SunSpecUnit(blocks, [setting.timer.tick, *(beat.tick for beat in beats)])


def battery_hybrid(device: Battery, now: Callable[[], float], *, has_reversion: bool = True) -> SunSpecUnit:
    """A battery behind a hybrid inverter: models 103, 120, 121 and 124."""
    rates = battery.Rates(device, now, has_reversion=has_reversion)
    plate = nameplate(device.rated_w)
    scales(plate, WHRtg_SF=1, MaxChaRte_SF=0, MaxDisChaRte_SF=0)
    says(plate, lambda: 82, "DERTyp")
    says(plate, lambda: device.capacity_wh, "WHRtg")
    says(plate, lambda: device.max_charge_w, "MaxChaRte")
    says(plate, lambda: device.max_discharge_w, "MaxDisChaRte")
    blocks = [
        common("Edge Hybrid", "HY-10", device.serial or device.name),
        inverter(
            lambda: device.ac_power_w,
            lambda: device.discharged.shown_wh,
            lambda: FAULT if device.fault else MPPT_RUNS,
            lambda: device.temperature_c,
        ),
        plate,
        settings(device.rated_w),
        rates.block,
    ]
    return SunSpecUnit(blocks, [rates.timer.tick])


def _shares_w(device: Meter) -> list[float]:
    """The power of each phase: by volts times amperes, and together what the meter says."""
    parts = [volts * abs(amps) for volts, amps in zip(device.voltage_v, device.current_a, strict=True)]
    whole = sum(parts) or 1.0
    return [device.power_w * part / whole for part in parts]


def _item(values: Callable[[], Sequence[float]], place: int) -> Callable[[], float]:
    return lambda: values()[place]
