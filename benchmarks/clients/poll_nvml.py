"""pynvml called directly for the values that our driver reads of every GPU; what a GPU does not know is left out.

python -m benchmarks.clients.poll_nvml
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pynvml

from benchmarks.clients.poll_meter import serve

Handle = Any
CALLS: Sequence[Callable[[Handle], object]] = (
    pynvml.nvmlDeviceGetPowerUsage,
    lambda gpu: pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU),
    pynvml.nvmlDeviceGetUtilizationRates,
    pynvml.nvmlDeviceGetMemoryInfo,
    pynvml.nvmlDeviceGetTotalEnergyConsumption,
    pynvml.nvmlDeviceGetPowerManagementLimit,
    pynvml.nvmlDeviceGetCurrentClocksEventReasons,
    lambda gpu: pynvml.nvmlDeviceGetTotalEccErrors(gpu, pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, 1),
    lambda gpu: pynvml.nvmlDeviceGetTotalEccErrors(gpu, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, 1),
    lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM),
    lambda gpu: pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_MEM),
    pynvml.nvmlDeviceGetPcieReplayCounter,
    lambda gpu: pynvml.nvmlDeviceGetFieldValues(gpu, FIELDS),
)
FIELDS: list[int] = [
    pynvml.NVML_FI_DEV_MEMORY_TEMP,
    pynvml.NVML_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL,
    pynvml.NVML_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL,
    pynvml.NVML_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL,
]


def knows(gpu: Handle, call: Callable[[Handle], object]) -> bool:
    """Whether a GPU can tell it."""
    try:
        call(gpu)
    except pynvml.NVMLError:
        return False
    return True


async def main() -> None:
    """Poll every GPU there is."""
    pynvml.nvmlInit()
    gpus = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(pynvml.nvmlDeviceGetCount())]
    calls = [(gpu, call) for gpu in gpus for call in CALLS if knows(gpu, call)]

    async def poll() -> None:
        for gpu, call in calls:
            call(gpu)

    await serve(poll)


if __name__ == "__main__":
    asyncio.run(main())
