"""NVIDIA's management library, inside the child that may hang: raw numbers out, named errors for what is wrong.

A call to a GPU that is in trouble can stand still for minutes, even in the kernel; hence a child (`core/worker.py`).
A handle of a GPU that was lost stays lost until the library is begun anew; that is done at the next call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pynvml

from edgeagent.model.errors import DeviceError, DeviceRefused, DeviceUnreachable

OK, LOST, RESET, FAILED = "ok", "lost", "reset_required", "failed"
UNSUPPORTED, REFUSED = "unsupported", "refused"
AGGREGATE = 1
"""NVML_AGGREGATE_ECC: since the board was made, so that a restart of the driver loses nothing."""
FIELDS: Mapping[str, int] = {
    "memory_temperature_c": pynvml.NVML_FI_DEV_MEMORY_TEMP,
    "nvlink_crc": pynvml.NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL,
    "nvlink_replay": pynvml.NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL,
    "nvlink_recovery": pynvml.NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL,
}
MEMBERS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
"""The member of nvmlValue_t for each nvmlValueType_t."""
STATES: Mapping[int, str] = {
    pynvml.NVML_ERROR_GPU_IS_LOST: LOST,
    pynvml.NVML_ERROR_NOT_FOUND: LOST,
    pynvml.NVML_ERROR_RESET_REQUIRED: RESET,
}
MISSING: Mapping[int, str] = {
    pynvml.NVML_ERROR_NOT_SUPPORTED: UNSUPPORTED,
    pynvml.NVML_ERROR_FUNCTION_NOT_FOUND: UNSUPPORTED,
    pynvml.NVML_ERROR_INVALID_ARGUMENT: UNSUPPORTED,
    pynvml.NVML_ERROR_NO_PERMISSION: REFUSED,
}
UNREACHABLE: Mapping[int, str] = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "libnvidia-ml.so.1 is not here; it comes with NVIDIA's driver",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "NVIDIA's driver is not loaded, or /dev/nvidiactl may not be opened"
    " (systemd/drop-ins/nvidia.conf allows it)",
    pynvml.NVML_ERROR_TIMEOUT: "NVIDIA's driver does not answer",
}
REFUSING: Mapping[int, str] = {
    pynvml.NVML_ERROR_NO_PERMISSION: "/dev/nvidiactl may not be opened (systemd/drop-ins/nvidia.conf allows it)",
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "library and driver are of different releases: restart the machine",
}

Handle = Any
Ask = Callable[[Handle], float]


class Library:
    """The library, begun when first needed, and anew after a GPU was lost."""

    def __init__(self) -> None:
        self._begun = False
        self._is_doubtful = False

    def describe(self) -> dict[str, Any]:
        """The driver's release, and every GPU that answers, in the order of the PCI bus; ``lost`` counts the others."""
        self._begin()
        try:
            count = pynvml.nvmlDeviceGetCount()
            driver = pynvml.nvmlSystemGetDriverVersion()
        except pynvml.NVMLError as error:
            raise self._broken(error) from None
        found = [one for one in map(self._identity, range(count)) if one is not None]
        self._is_doubtful = len(found) < count
        return {"driver": driver, "gpus": sorted(found, key=lambda one: one["pci"]), "lost": count - len(found)}

    def read(self, *, uuids: Sequence[str]) -> list[dict[str, Any]]:
        """For each GPU its state, its values by name, and why others have none."""
        self._begin()
        return [self._values(uuid) for uuid in uuids]

    def limits(self, *, uuid: str) -> dict[str, int]:
        """The power limit in force, the default and the bounds, in milliwatts."""
        handle = self._handle(uuid)
        try:
            low, high = pynvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
            now, default = (
                pynvml.nvmlDeviceGetPowerManagementLimit(handle),
                pynvml.nvmlDeviceGetPowerManagementDefaultLimit(handle),
            )
        except pynvml.NVMLError as error:
            raise self._refused(uuid, error) from None
        return {"now": now, "default": default, "low": low, "high": high}

    def set_limit(self, *, uuid: str, milliwatts: int) -> None:
        """Set the power limit."""
        handle = self._handle(uuid)
        try:
            pynvml.nvmlDeviceSetPowerManagementLimit(handle, milliwatts)
        except pynvml.NVMLError as error:
            raise self._refused(uuid, error) from None

    def _begin(self) -> None:
        try:
            if self._begun and self._is_doubtful:
                self._begun = False
                pynvml.nvmlShutdown()
            if not self._begun:
                pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise self._broken(error) from None
        self._begun, self._is_doubtful = True, False

    def _broken(self, error: pynvml.NVMLError) -> DeviceError:
        """What it means that the library as a whole does not serve."""
        self._is_doubtful = True
        if error.value in REFUSING:
            return DeviceRefused(f"cannot use NVML: {REFUSING[error.value]}")
        return DeviceUnreachable(f"cannot use NVML: {UNREACHABLE.get(error.value, error)}")

    def _refused(self, uuid: str, error: pynvml.NVMLError) -> DeviceError:
        if error.value == pynvml.NVML_ERROR_NO_PERMISSION:
            return DeviceRefused(f"{uuid} refuses: only root may set it (systemd/drop-ins/nvidia-power.conf allows it)")
        if error.value in STATES:
            self._is_doubtful = True
            return DeviceUnreachable(f"{uuid} does not answer: {error}")
        return DeviceRefused(f"{uuid} refuses: {error}")

    def _handle(self, uuid: str) -> Handle:
        self._begin()
        try:
            return pynvml.nvmlDeviceGetHandleByUUID(uuid)
        except pynvml.NVMLError as error:
            raise self._refused(uuid, error) from None

    def _identity(self, index: int) -> dict[str, str] | None:
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            uuid, name = pynvml.nvmlDeviceGetUUID(handle), pynvml.nvmlDeviceGetName(handle)
            pci = pynvml.nvmlDeviceGetPciInfo(handle).busId
        except pynvml.NVMLError:
            return None
        return {"uuid": uuid, "name": name, "pci": pci.decode() if isinstance(pci, bytes) else pci}

    def _values(self, uuid: str) -> dict[str, Any]:
        values: dict[str, float] = {}
        missing: dict[str, str] = {}
        try:
            handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
            for name, ask in ASKS.items():
                try:
                    values[name] = ask(handle)
                except pynvml.NVMLError as error:
                    missing[name] = _why(error)
            _take_fields(handle, values, missing)
        except pynvml.NVMLError as error:
            self._is_doubtful = True
            return {"state": STATES.get(error.value, FAILED), "message": str(error), "values": {}, "missing": {}}
        return {"state": OK, "message": "", "values": values, "missing": missing}


def _why(error: pynvml.NVMLError) -> str:
    """Why one value is not there; an error of the whole GPU goes on."""
    if error.value in MISSING:
        return MISSING[error.value]
    if error.value in STATES or error.value == pynvml.NVML_ERROR_UNINITIALIZED:
        raise error
    return FAILED


def _take_fields(handle: Handle, values: dict[str, float], missing: dict[str, str]) -> None:
    try:
        answers = pynvml.nvmlDeviceGetFieldValues(handle, list(FIELDS.values()))
    except pynvml.NVMLError as error:
        missing.update(dict.fromkeys(FIELDS, _why(error)))
        return
    for name, answer in zip(FIELDS, answers, strict=True):
        if answer.nvmlReturn != pynvml.NVML_SUCCESS:
            missing[name] = _why(pynvml.NVMLError(answer.nvmlReturn))
        elif answer.valueType < len(MEMBERS):
            values[name] = getattr(answer.value, MEMBERS[answer.valueType])
        else:
            missing[name] = FAILED


def _reasons(handle: Handle) -> int:
    """Why clocks are held down; drivers before release 535 know it by its old name only."""
    try:
        return int(pynvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    except pynvml.NVMLError as error:
        if error.value != pynvml.NVML_ERROR_FUNCTION_NOT_FOUND:
            raise
    return int(pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))


ASKS: Mapping[str, Ask] = {
    "power_mw": pynvml.nvmlDeviceGetPowerUsage,
    "temperature_c": lambda handle: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU),
    "gpu_percent": lambda handle: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu,
    "memory_percent": lambda handle: pynvml.nvmlDeviceGetUtilizationRates(handle).memory,
    "memory_used": lambda handle: pynvml.nvmlDeviceGetMemoryInfo(handle).used,
    "memory_total": lambda handle: pynvml.nvmlDeviceGetMemoryInfo(handle).total,
    "energy_mj": pynvml.nvmlDeviceGetTotalEnergyConsumption,
    "limit_mw": pynvml.nvmlDeviceGetPowerManagementLimit,
    "reasons": _reasons,
    "ecc_corrected": lambda handle: pynvml.nvmlDeviceGetTotalEccErrors(
        handle, pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, AGGREGATE
    ),
    "ecc_uncorrected": lambda handle: pynvml.nvmlDeviceGetTotalEccErrors(
        handle, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, AGGREGATE
    ),
    "sm_mhz": lambda handle: pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_SM),
    "memory_mhz": lambda handle: pynvml.nvmlDeviceGetClockInfo(handle, pynvml.NVML_CLOCK_MEM),
    "replays": pynvml.nvmlDeviceGetPcieReplayCounter,
}
"""What is asked of a GPU one by one; `FIELDS` are asked for together."""

_library = Library()
HANDLERS: Mapping[str, Callable[..., Any]] = {
    "describe": _library.describe,
    "read": _library.read,
    "limits": _library.limits,
    "set_limit": _library.set_limit,
}
