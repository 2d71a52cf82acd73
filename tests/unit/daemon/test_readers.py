"""Which workers and listeners there are, and whom the kernel's log has read."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.daemon.readers import Around, Readers, listeners
from edgeagent.drivers.kernel_log import KernelLogSettings
from edgeagent.drivers.traps import TrapSettings


@dataclass
class Configured:
    """As much of a configuration as listeners look at."""

    kernel_log: KernelLogSettings = field(default_factory=KernelLogSettings)
    traps: TrapSettings | None = None


DEVICES = [SimpleNamespace(name=name, driver=name.partition("-")[0]) for name in ("gpu-1", "gpu-2", "disk-1")]


def made(configuration):
    clock = ManualClock()
    around, state, poked = Around(clock, Health(clock), Metrics()), State(clock), []
    readers = Readers(around)
    services = listeners(configuration, readers.parts, around, state, devices=lambda: DEVICES, poke=poked.append)
    return readers, list(services), poked


async def test_each_reader_has_a_worker_that_has_no_child_before_the_first_call():
    readers, services, _ = made(Configured())
    assert [one.name for one in readers.workers] == ["worker nvml", "worker sysfs", "worker disk"]
    assert [one.pid for one in readers.workers] == [None, None, None]
    assert services == []


async def test_what_is_configured_listens():
    everything = replace(Configured(), kernel_log=KernelLogSettings(follow=True), traps=TrapSettings(("127.0.0.1", 1)))
    _, services, _ = made(everything)
    assert [one.name for one in services] == ["kernel log", "worker traps", "traps"]


async def test_a_line_of_the_kernel_has_every_device_of_its_kind_read():
    _, (log,), poked = made(Configured(KernelLogSettings(follow=True)))
    log._poke("gpu")
    assert poked == ["gpu-1", "gpu-2"]
