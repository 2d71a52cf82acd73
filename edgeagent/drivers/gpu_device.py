"""A ``gpu`` device of the configuration: all GPUs of one make in this computer."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.amdgpu import AmdScan
from edgeagent.drivers.gpu import NvidiaGpus
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.sysfs import SysfsDevice, folders
from edgeagent.model.points import DeviceId

NVIDIA, AMD, AUTO = "nvidia", "amd", "auto"
_UUID = r"(GPU|MIG)-[0-9A-Fa-f-]{8,64}"


@dataclass(frozen=True, slots=True)
class GpuOptions:
    """``gpus`` are NVIDIA's UUIDs, in the order in which they are numbered; empty takes what is found."""

    family: str = AUTO
    root: Path = Path("/sys")
    gpus: tuple[str, ...] = ()

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for the GPUs of the family."""
        if self._made_by == NVIDIA:
            return NvidiaGpus(device, parts.nvml, self.gpus, times, parts.clock)
        nothing = f"{self.root}/class/drm has no GPU of AMD"
        return SysfsDevice(device, AmdScan(self.root), parts.files, times, parts.clock, nothing=nothing)

    @property
    def _made_by(self) -> str:
        """The family; found out where it is not given: AMD's if its driver has a GPU and NVIDIA's is not loaded."""
        if self.family != AUTO:
            return self.family
        drivers = self.root / "bus/pci/drivers"
        amd = folders(drivers / "amdgpu", r"[0-9a-f]{4}:.*")
        return AMD if amd and not (drivers / "nvidia").is_dir() else NVIDIA


def parse(reader: Reader) -> GpuOptions:
    """The keys of a ``gpu`` device."""
    family = reader.choice("family", (AUTO, NVIDIA, AMD), AUTO)
    gpus = reader.texts("gpus", pattern=_UUID, shape="be a UUID as `nvidia-smi -L` shows it")
    if gpus and family == AMD:
        reader.problem("gpus", "cannot choose GPUs of AMD: leave it out")
    if len(set(gpus)) < len(gpus):
        reader.problem("gpus", "cannot name a GPU twice")
    return GpuOptions(family, reader.file("root", Path("/sys")), gpus)
