"""The models of a simulated inverter, and of the sun's side of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_stubs.sunspec_block import Block, Value, constant, fitting, power, says, scales, sets
from firmware_stubs.sunspec_control import Setting
from firmware_stubs.sunspec_layout import LAYOUTS, MPPT, MPPT_MODULE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_stubs.energy import Pv

LINE_V, LINE_HZ = 230.0, 50.0
OFF, MPPT_RUNS, THROTTLED, FAULT = 1, 4, 5, 7  # St of model 103


def common(maker: str, model: str, serial: str) -> Block:
    """Model 1."""
    texts: dict[str, Value] = {"Mn": maker, "Md": model, "Vr": "1.2.3", "SN": serial, "DA": 1}
    return Block(1, LAYOUTS[1], {name: constant(value) for name, value in texts.items()})


def inverter(
    power_w: Callable[[], float],
    energy_wh: Callable[[], float],
    state: Callable[[], int],
    cabinet_c: Callable[[], float],
) -> Block:
    """Model 103, of an inverter that loads its phases alike."""
    block = Block(103, LAYOUTS[103])
    scales(block, A_SF=-2, V_SF=-1, Hz_SF=-2, PF_SF=-2, WH_SF=0, DCV_SF=-1, Tmp_SF=-1)
    says(block, lambda: abs(power_w()) / LINE_V, "A")
    says(block, lambda: abs(power_w()) / 3.0 / LINE_V, "AphA", "AphB", "AphC")
    says(block, lambda: LINE_V, "PhVphA", "PhVphB", "PhVphC")
    says(block, lambda: LINE_HZ, "Hz")
    power(block, "W_SF", power_w, "W")
    power(block, "VA_SF", lambda: abs(power_w()), "VA")
    says(block, lambda: 100.0, "PF")
    says(block, energy_wh, "WH")
    says(block, cabinet_c, "TmpCab")
    says(block, state, "St")
    says(block, lambda: 0, "Evt1", "Evt2")
    return block


def nameplate(rated_w: float) -> Block:
    """Model 120."""
    block = Block(120, LAYOUTS[120])
    scales(block, WRtg_SF=1, VARtg_SF=1)
    says(block, lambda: 4, "DERTyp")
    says(block, lambda: rated_w, "WRtg", "VARtg")
    return block


def settings(rated_w: float) -> Block:
    """Model 121."""
    block = Block(121, LAYOUTS[121])
    scales(block, WMax_SF=1, VRef_SF=0, VRefOfs_SF=0)
    says(block, lambda: rated_w, "WMax")
    says(block, lambda: LINE_V, "VRef")
    says(block, lambda: 0, "VRefOfs")
    return block


def inputs(fields: Sequence[Pv]) -> Block:
    """Model 160: one module per field."""
    text = " ".join([MPPT, *(MPPT_MODULE.format(n=number) for number in range(1, len(fields) + 1))])
    block = Block(160, text)
    scales(block, DCA_SF=-2, DCV_SF=-1, DCWH_SF=0)
    says(block, lambda: 0, "Evt")
    says(block, lambda: len(fields), "N")
    powers = [_dc_power(one) for one in fields]
    for number, (one, watts) in enumerate(zip(fields, powers, strict=True), start=1):
        says(block, constant(number), f"ID{number}")
        says(block, constant(one.name), f"IDStr{number}")
        says(block, _attribute(one, "dc_current_a"), f"DCA{number}")
        says(block, _attribute(one, "dc_voltage_v"), f"DCV{number}")
        says(block, watts, f"DCW{number}")
        says(block, _attribute(one, "energy_wh"), f"DCWH{number}")
        says(block, _attribute(one, "cell_c"), f"Tmp{number}")
    says(block, lambda: fitting(max((abs(watts()) for watts in powers), default=0.0)), "DCW_SF")
    return block


def immediate(device: Pv, limit: Setting) -> Block:
    """Model 123: connection, and the limit of its power."""
    block = Block(123, LAYOUTS[123])
    scales(block, WMaxLimPct_SF=-1)
    says(block, lambda: 1 if device.connected else 0, "Conn")
    block.writes["Conn"] = lambda code: _connect(device, code)
    sets(block, limit, value="WMaxLimPct", enable="WMaxLim_Ena", time="WMaxLimPct_RvrtTms")
    return block


def power_limit(device: Pv, now: Callable[[], float], *, has_reversion: bool) -> Setting:
    """The limit of a field's power, in percent; 100 when nobody limits it."""

    def apply(value: float | None) -> None:
        device.limit_percent = 100.0 if value is None else value

    return Setting(now, apply, lambda: False, has_reversion, value=100.0, revert_value=100.0)


def pv_state(device: Pv) -> int:
    """St of model 103."""
    if device.fault:
        return FAULT
    if not device.connected or device.power_w <= 0.0:
        return OFF
    return THROTTLED if device.limit_percent < 100.0 else MPPT_RUNS


def _connect(device: Pv, code: float) -> bool:
    device.connected = code == 1.0
    return True


def _dc_power(device: Pv) -> Callable[[], float]:
    return lambda: device.dc_voltage_v * device.dc_current_a


def _attribute(device: Pv, name: str) -> Callable[[], float]:
    return lambda: float(getattr(device, name))
