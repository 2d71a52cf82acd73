"""The children that read what can hang, the ears for what devices and the kernel tell, and what drivers get of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Service
from edgeagent.core.state import State
from edgeagent.core.worker import Worker, WorkerSpec
from edgeagent.daemon.configuration import Configuration
from edgeagent.drivers.kernel_log import KernelLog
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.settings import DeviceSettings
from edgeagent.drivers.trap_senders import Senders
from edgeagent.drivers.traps import Traps
from edgeagent.model.points import DeviceId
from edgeagent.protocols import files, nvml, snmp_traps

FIRST_S, LAST_S = 0.1, 5.0
"""How long after its end a child is started again: a device that comes back must not wait for it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """What all of them need."""

    clock: Clock
    health: Health
    metrics: Metrics

    def worker(self, spec: WorkerSpec) -> Worker:
        """One worker; its child is started by the first call."""

        def say(line: str) -> None:
            log.warning("from a child", worker=spec.name, line=line)

        return Worker(spec, self.clock, self.health, self.metrics, on_line=say, backoff=Backoff(FIRST_S, LAST_S))


class Readers:
    """The workers behind drivers; ``parts`` is what drivers are built from."""

    def __init__(self, around: Around) -> None:
        self.workers = tuple(around.worker(spec) for spec in (nvml.SPEC, files.SPEC, files.DISK_SPEC))
        gpus, kernel, disks = self.workers
        self.parts = Parts(around.clock, nvml=nvml.Nvml(gpus), files=files.Files(kernel), disks=files.Files(disks))


def listeners(
    configuration: Configuration,
    parts: Parts,
    around: Around,
    state: State,
    *,
    devices: Callable[[], Iterable[DeviceSettings]],
    poke: Callable[[DeviceId], object],
) -> Iterator[Service]:
    """The services that listen, as far as they are configured."""

    def poke_all(driver: str) -> None:
        for one in devices():
            if one.driver == driver:
                poke(one.name)

    clock, health, metrics, tell = around.clock, around.health, around.metrics, state.events.publish
    if configuration.kernel_log.follow:
        yield KernelLog(configuration.kernel_log, clock, health, metrics, tell=tell, poke=poke_all)
    if configuration.traps is not None:
        worker = around.worker(snmp_traps.SPEC)
        yield worker
        yield Traps(
            configuration.traps,
            snmp_traps.TrapListener(worker),
            Senders(devices, parts.snmp),
            profiles=parts.profiles,
            clock=clock,
            health=health,
            metrics=metrics,
            tell=tell,
            poke=poke,
        )
