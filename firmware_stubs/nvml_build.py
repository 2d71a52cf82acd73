"""The simulated NVIDIA GPUs: builds `nvml_stub.c` into a folder and writes the control file that it reads."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

LIBRARY = "libnvidia-ml.so.1"
CONTROL = "nvml.control"
SOURCE = Path(__file__).with_name("nvml_stub.c")
COMPILE_S = 60.0

Setting = int | str | None
"""None is "this GPU does not support it"."""

H100: Mapping[str, Setting] = {
    "name": "NVIDIA H100 80GB HBM3",
    "power_mw": 312_500,
    "temperature_c": 54,
    "memory_temperature_c": 61,
    "gpu_percent": 87,
    "memory_percent": 41,
    "memory_total": 85_520_809_984,
    "memory_used": 42_949_672_960,
    "energy_mj": 7_200_000_000,
    "ecc_corrected": 3,
    "ecc_uncorrected": 0,
    "reasons": 0,
    "sm_mhz": 1980,
    "memory_mhz": 2619,
    "replays": 0,
    "nvlink_crc": 0,
    "nvlink_replay": 0,
    "nvlink_recovery": 0,
    "limit_mw": 700_000,
    "limit_default_mw": 700_000,
    "limit_low_mw": 200_000,
    "limit_high_mw": 700_000,
}
"""What a busy one says."""


def compiler() -> str | None:
    """The C compiler of this machine, if there is one."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path, *, old_names: bool = False) -> Path:
    """The library, in a folder that goes into LD_LIBRARY_PATH; `old_names` is one of before driver release 535.

    Raises:
        RuntimeError: there is no C compiler, or it does not take the source.
    """
    cc = compiler()
    if cc is None:
        raise RuntimeError("cannot build the stub of NVML: there is no C compiler (cc or gcc)")
    library = folder / LIBRARY
    flags = ["-shared", "-fPIC", "-O1", *(["-DOLD_NAMES"] if old_names else [])]
    words = [cc, *flags, "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=COMPILE_S)
    if done.returncode:
        raise RuntimeError(f"cannot build the stub of NVML: {done.stderr}")
    return library


class GpuControl:
    """The GPUs of one library: what is set here is what the next call to it says."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        self._path = folder / CONTROL
        self.pod: dict[str, Setting] = {"driver": "550.54.15", "count": count}
        self.gpus = [{**H100, **_identity(number)} for number in range(count)]
        self.write()

    def set(self, number: int, **values: Setting) -> None:
        """Change values of one GPU, or its faults: `lost`, `hang_s`, `locked`, `ignores_limit`."""
        self.gpus[number].update(values)
        self.write()

    def set_pod(self, **values: Setting) -> None:
        """Change what stands outside of any GPU: `count`, `init_hang_s`, `init_error`."""
        self.pod.update(values)
        self.write()

    def write(self) -> None:
        """Put all of it into the control file, at once."""
        lines = [f"{key} {_text(value)}" for key, value in self.pod.items()]
        for number, gpu in enumerate(self.gpus):
            lines += [f"gpu {number} {key} {_text(value)}" for key, value in gpu.items()]
        fresh = self._path.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n", encoding="ascii")
        fresh.replace(self._path)


def _identity(number: int) -> Mapping[str, Setting]:
    return {
        "uuid": f"GPU-00000000-0000-4000-8000-{number:012d}",
        "serial": f"165000000{number}",
        "pci": f"00000000:{0x3B + number:02X}:00.0",
    }


def _text(value: Setting) -> str:
    return "none" if value is None else str(value)
