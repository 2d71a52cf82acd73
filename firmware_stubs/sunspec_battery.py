"""The models of a simulated battery: by IEEE 1547 (701 to 715), of its bank (802, 803), and by the older model 124."""

from __future__ import annotations

from typing import TYPE_CHECKING

from firmware_stubs.sunspec_block import Block, power, says, scales, sets
from firmware_stubs.sunspec_control import Reversion, Setting
from firmware_stubs.sunspec_inverter import LINE_HZ, LINE_V
from firmware_stubs.sunspec_layout import LAYOUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware_stubs.energy import Battery
    from firmware_stubs.sunspec_control import Heartbeat

RUNNING, IS_FAULT = 3, 6  # InvSt of model 701
CONNECTED, DISCONNECTED, BANK_FAULT = 3, 1, 99  # State of model 802
DISCHARGING, CHARGING, HOLDING = 3, 4, 6  # ChaSt of models 124 and 802
CONNECT, DISCONNECT = 1, 2  # SetOp of model 802
CHARGE_BIT, DISCHARGE_BIT = 1, 2  # StorCtl_Mod of model 124
WATTS = 1  # WSetMod of model 704


class Rates:
    """Model 124: charging and discharging in percent of WChaMax, as two limits between which the battery stays."""

    def __init__(self, device: Battery, now: Callable[[], float], *, has_reversion: bool) -> None:
        self._device = device
        self.out_percent, self.in_percent, self.mode = 100.0, 100.0, 0
        self.timer = Reversion(now, self._go_back)
        self._has_reversion = has_reversion
        self.block = Block(124, LAYOUTS[124])
        self._fill(self.block)

    def _fill(self, block: Block) -> None:
        device = self._device
        scales(block, WChaMax_SF=0, MinRsvPct_SF=0, ChaState_SF=-2, InBatV_SF=-1, InOutWRte_SF=-2)
        says(block, lambda: device.rated_w, "WChaMax")
        says(block, lambda: self.mode, "StorCtl_Mod")
        says(block, lambda: 100.0 * device.soc_min, "MinRsvPct")
        says(block, lambda: 100.0 * device.soc, "ChaState")
        says(block, lambda: device.voltage_v, "InBatV")
        says(block, lambda: _charging(device), "ChaSt")
        says(block, lambda: self.out_percent, "OutWRte")
        says(block, lambda: self.in_percent, "InWRte")
        says(block, lambda: 1, "ChaGriSet")
        block.writes.update(StorCtl_Mod=self._set_mode, OutWRte=self._set_out, InWRte=self._set_in)
        block.writes["MinRsvPct"] = lambda percent: _reserve(device, percent)
        if self._has_reversion:
            says(block, lambda: self.timer.time_s, "InOutWRte_RvrtTms")
            block.writes["InOutWRte_RvrtTms"] = self._set_time

    def _set_mode(self, code: float) -> bool:
        if not self._device.local:
            self.mode = int(code)
            self._changed()
        return True

    def _set_out(self, percent: float) -> bool:
        if not self._device.local:
            self.out_percent = percent
            self._changed()
        return -100.0 <= percent <= 100.0

    def _set_in(self, percent: float) -> bool:
        if not self._device.local:
            self.in_percent = percent
            self._changed()
        return -100.0 <= percent <= 100.0

    def _changed(self) -> None:
        """Each write of a rate or of the mode lets the timer begin anew."""
        rated_w = self._device.rated_w
        low = -self.in_percent / 100.0 * rated_w if self.mode & CHARGE_BIT else -rated_w
        high = self.out_percent / 100.0 * rated_w if self.mode & DISCHARGE_BIT else rated_w
        self._device.setpoint_w = min(max(0.0, low), high)
        if self.mode:
            self.timer.start()
        else:
            self.timer.stop()

    def _set_time(self, seconds: float) -> bool:
        self.timer.time_s = seconds
        return True

    def _go_back(self) -> None:
        """The battery does as it likes again; here it rests."""
        self.out_percent, self.in_percent, self.mode = 100.0, 100.0, 0
        self._device.setpoint_w = 0.0


def measurement(device: Battery) -> Block:
    """Model 701."""
    block = Block(701, LAYOUTS[701])
    scales(block, A_SF=-2, V_SF=-1, Hz_SF=-3, PF_SF=-3, TotWh_SF=0, Tmp_SF=-1)
    says(block, lambda: 2, "ACType")
    says(block, lambda: 1 if device.connected else 0, "St", "ConnSt")
    says(block, lambda: IS_FAULT if device.fault else RUNNING, "InvSt")
    says(block, lambda: 0, "Alrm", "DERMode")
    power(block, "W_SF", lambda: device.ac_power_w, "W")
    says(block, lambda: device.ac_power_w / 3.0, "WL1", "WL2", "WL3")
    scales(block, VA_SF=1)
    says(block, lambda: abs(device.ac_power_w), "VA")
    says(block, lambda: 1.0 if device.ac_power_w >= 0.0 else -1.0, "PF")
    says(block, lambda: device.ac_power_w / LINE_V, "A")
    says(block, lambda: device.ac_power_w / 3.0 / LINE_V, "AL1", "AL2", "AL3")
    says(block, lambda: LINE_V, "LNV", "VL1", "VL2", "VL3")
    says(block, lambda: LINE_HZ, "Hz")
    says(block, lambda: device.discharged.shown_wh, "TotWhInj")
    says(block, lambda: device.charged.shown_wh, "TotWhAbs")
    says(block, lambda: device.temperature_c, "TmpCab")
    return block


def capacity(device: Battery) -> Block:
    """Model 702."""
    block = Block(702, LAYOUTS[702])
    scales(block, W_SF=1)
    says(block, lambda: device.rated_w, "WMaxRtg", "WMax", "WChaRteMaxRtg", "WDisChaRteMaxRtg")
    says(block, lambda: device.max_charge_w, "WChaRteMax")
    says(block, lambda: device.max_discharge_w, "WDisChaRteMax")
    return block


def setpoints(setting: Setting) -> Block:
    """Model 704: the setpoint of the active power."""
    block = Block(704, LAYOUTS[704])
    scales(block, WSet_SF=0, WSetPct_SF=-1)
    sets(block, setting, value="WSet", enable="WSetEna", time="WSetRvrtTms")
    says(block, lambda: WATTS, "WSetMod")
    block.writes["WSetMod"] = lambda code: code == float(WATTS)
    if setting.has_reversion:
        says(block, lambda: setting.revert_value, "WSetRvrt")
        says(block, lambda: 1 if setting.revert_enabled else 0, "WSetEnaRvrt")
        says(block, lambda: setting.timer.remaining_s, "WSetRvrtRem")
        block.writes["WSetRvrt"], block.writes["WSetEnaRvrt"] = setting.set_revert, setting.set_revert_enabled
    return block


def storage(device: Battery) -> Block:
    """Model 713."""
    block = Block(713, LAYOUTS[713])
    scales(block, WH_SF=1, Pct_SF=-2)
    says(block, lambda: device.capacity_wh, "WHRtg")
    says(block, lambda: device.stored_wh, "WHAvail")
    says(block, lambda: 100.0 * device.soc, "SoC")
    says(block, lambda: 100.0 * device.health, "SoH")
    says(block, lambda: 2 if device.fault else 0, "Sta")
    return block


def control(device: Battery, now: Callable[[], float], beat: Heartbeat) -> Block:
    """Model 715."""
    block = Block(715, LAYOUTS[715])
    says(block, lambda: 1 if device.local else 0, "LocRemCtl")
    says(block, lambda: int(now()) % 0xFFFFFFFF, "DERHb")
    says(block, lambda: beat.value, "ControllerHb")
    says(block, lambda: 1 if device.connected else 0, "OpCtl")
    block.writes["ControllerHb"] = beat.write
    block.writes["OpCtl"] = lambda code: _connect(device, code)
    block.writes["AlarmReset"] = lambda code: _reset(device, code)
    return block


def bank(device: Battery, now: Callable[[], float], beat: Heartbeat) -> Block:
    """Model 802."""
    block = Block(802, LAYOUTS[802])
    scales(block, AHRtg_SF=0, WHRtg_SF=1, WChaDisChaMax_SF=1, SoC_SF=-2, SoH_SF=-1, V_SF=-1, CellV_SF=-3, A_SF=-1)
    scales(block, AMax_SF=-1)
    says(block, lambda: device.capacity_wh / device.voltage_v, "AHRtg")
    says(block, lambda: device.capacity_wh, "WHRtg")
    says(block, lambda: device.max_charge_w, "WChaRteMax")
    says(block, lambda: device.max_discharge_w, "WDisChaRteMax")
    says(block, lambda: 100.0 * device.soc_max, "SoCMax", "SocRsvMax")
    says(block, lambda: 100.0 * device.soc_min, "SoCMin", "SoCRsvMin")
    says(block, lambda: 100.0 * device.soc, "SoC")
    says(block, lambda: 100.0 * device.health, "SoH")
    says(block, lambda: _charging(device), "ChaSt")
    says(block, lambda: 1 if device.local else 0, "LocRemCtl")
    says(block, lambda: int(now()) % 0xFFFF, "Hb")
    says(block, lambda: beat.value, "CtrlHb")
    says(block, lambda: 4, "Typ")
    says(block, lambda: BANK_FAULT if device.fault else CONNECTED if device.connected else DISCONNECTED, "State")
    says(block, lambda: 0, "Evt1", "Evt2", "EvtVnd1", "EvtVnd2")
    says(block, lambda: device.voltage_v, "V")
    says(block, lambda: device.current_a, "A")
    power(block, "W_SF", lambda: device.power_w, "W")
    says(block, lambda: CONNECT if device.connected else DISCONNECT, "SetOp")
    block.writes["CtrlHb"] = beat.write
    block.writes["SetOp"] = lambda code: _connect(device, 1.0 if code == CONNECT else 0.0)
    block.writes["SoCRsvMin"] = lambda percent: _reserve(device, percent)
    return block


def cells(device: Battery) -> Block:
    """Model 803, without its strings."""
    block = Block(803, LAYOUTS[803])
    scales(block, ModTmp_SF=-1)
    says(block, lambda: 1, "NStr")
    says(block, lambda: 1 if device.connected else 0, "NStrCon")
    says(block, lambda: device.temperature_c, "ModTmpMax", "ModTmpMin", "ModTmpAvg")
    return block


def battery_setting(device: Battery, now: Callable[[], float], *, has_reversion: bool) -> Setting:
    """What a battery is told to do; 0 W when nobody tells it."""

    def apply(value: float | None) -> None:
        device.setpoint_w = 0.0 if value is None else value

    return Setting(now, apply, lambda: device.local, has_reversion)


def _charging(device: Battery) -> int:
    if device.power_w > 0.0:
        return DISCHARGING
    return CHARGING if device.power_w < 0.0 else HOLDING


def _connect(device: Battery, code: float) -> bool:
    device.connected = code == 1.0
    return True


def _reserve(device: Battery, percent: float) -> bool:
    device.soc_min = percent / 100.0
    return True


def _reset(device: Battery, code: float) -> bool:
    if code == 1.0:
        device.reset_alarm()
    return True
