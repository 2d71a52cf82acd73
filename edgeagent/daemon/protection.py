"""Making what protects the pod: from the image to decisions, to acts, and to what people see and may have done."""

from collections.abc import Callable, Mapping

import structlog

from edgeagent.actuators import registry
from edgeagent.actuators.keeper import Keeper
from edgeagent.actuators.parts import Parts as ActuatorParts
from edgeagent.actuators.registry import Actuators
from edgeagent.autonomy import cycled
from edgeagent.autonomy.alarms import AlarmDesk
from edgeagent.autonomy.chronicle import Chronicle
from edgeagent.autonomy.cycle import Cycle
from edgeagent.autonomy.estimates.pod import PodEstimates
from edgeagent.autonomy.executor import Executor
from edgeagent.autonomy.explain import Explainer
from edgeagent.autonomy.flight_recorder import FlightRecorder
from edgeagent.autonomy.orders import Orders
from edgeagent.autonomy.overview import Overview
from edgeagent.autonomy.present import Present
from edgeagent.autonomy.view import View
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.core.worker import Worker
from edgeagent.daemon import settables
from edgeagent.daemon.configuration import Configuration
from edgeagent.daemon.operations import OperationTable, number, text
from edgeagent.daemon.prepare import Prepare
from edgeagent.drivers.identity import IdentityBook, wrong_serial
from edgeagent.drivers.parts import Parts
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.device import DeviceState
from edgeagent.model.interlock import Standing
from edgeagent.model.points import DeviceId, PointId, device_of
from edgeagent.protocols.snmp_set import SPEC
from edgeagent.store.flight_log import FlightLog
from edgeagent.store.store import Store

log = structlog.get_logger(__name__)


class Protection:
    """All objects of the rooms autonomy and actuators, made once and joined; `adopt` follows a reload."""

    def __init__(
        self,
        configuration: Configuration,
        parts: Parts,
        book: IdentityBook,
        *,
        store: Store,
        flight_log: FlightLog,
        state: State,
        clock: Clock,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self._parts, self._book, self._state = parts, book, state
        self._configuration = configuration
        self.worker = Worker(SPEC, clock, health, metrics, on_line=_child_says)
        self.prepare = Prepare(
            self.worker, clock, health, is_acting=lambda: self.executor.is_acting, answers=self._answers
        )
        self.executor = Executor({}, audit=store, clock=clock, health=health, metrics=metrics, acted=self._hurry)
        self._poke: Callable[[DeviceId], object] = lambda _device: None
        site, tables = configuration.site, configuration.tables
        self.orders = Orders(site, tables, facts=store, audit=store, clock=clock)
        self.alarms = AlarmDesk(store, store, store, clock, metrics)
        self.estimates = PodEstimates(site, tables, state=state, clock=clock)
        self.cycle = Cycle(
            site,
            tables,
            state=state,
            executor=self.executor,
            orders=self.orders,
            alarms=self.alarms,
            chronicle=Chronicle(store, clock),
            flight=FlightRecorder(flight_log, clock),
            facts=store,
            clock=clock,
            metrics=metrics,
            watchers=(
                self.executor.alarms,
                self.prepare.alarms,
                self._kept_badly,
                self.estimates.alarms,
                self._marked,
                self._cycled,
            ),
        )
        self.view = View(self.cycle, self.executor, self.orders, clock, state.unit_of)
        now = Present(self.cycle, clock, state.unit_of)
        self.overview = Overview(now, self.orders)
        self.explainer = Explainer(now, self.overview, self.executor, alarms=self.alarms, trail=store)
        self.keeper = Keeper((), self._is_wanted, clock)
        self._actuators = self._build(configuration)

    @property
    def operations(self) -> OperationTable:
        """What people may have done."""
        return OperationTable(
            {
                "alarms.ack": lambda body, by: self.alarms.acknowledge(text(body, "key"), by),
                "alarms.shelve": lambda body, by: self.alarms.shelve(
                    text(body, "key"), number(body, "for_s"), by, text(body, "why")
                ),
                "alarms.unshelve": lambda body, by: self.alarms.unshelve(text(body, "key"), by),
                "override": self._override,
                "cycle": self._cycle,
                "override.end": lambda body, by: {"ended": self.orders.end(text(body, "name"), by=by).id},
                "lock": lambda body, by: {
                    "locked": self.orders.lock(text(body, "name"), by=by, why=text(body, "why", "")).name
                },
                "unlock": lambda body, by: {"unlocked": self.orders.unlock(text(body, "name"), by=by).name},
                "reset": self._reset,
            }
        )

    def see_soon(self, poke: Callable[[DeviceId], object]) -> None:
        """Have devices that were written to be read at once."""
        self._poke = poke

    def _answers(self, device: DeviceId) -> bool:
        status = self._state.statuses().get(device)
        return status is not None and status.state is DeviceState.ONLINE

    def _is_wanted(self, target: PointId) -> bool:
        """Whether somebody decides, now, that a target stays as it was set; no longer once deciding has stopped."""
        latest, standing = self.cycle.latest, self.executor.standings.get(target)
        if latest is None or standing is None:
            return False
        return self._parts.clock.now_s() - latest.snapshot.time_s < Cycle.beat_every_s

    def _marked(self) -> list[AlarmWanted]:
        """What is implausible; a point that a limit looks at is blind then, and has its own alarm."""
        desk = self._parts.estimates
        return [] if desk is None else desk.alarms(besides=self._configuration.tables.watchers.keys())

    def _cycled(self) -> list[AlarmWanted]:
        """One for each load that people cycled and that does not come back."""
        return cycled.alarms(self.orders.overrides(), self.cycle.latest, self.cycle.site)

    def _kept_badly(self) -> list[AlarmWanted]:
        """One for each setpoint that cannot be kept alive, or that would outlive this agent."""
        keeper = self.keeper
        lost = [
            AlarmWanted(f"kept/{one}", "major", f"{one} is not kept alive: {why}")
            for one, why in keeper.troubles.items()
        ]
        return [
            *lost,
            *(AlarmWanted(f"stays/{one}", "warning", f"{one}: {why}") for one, why in keeper.caveats.items()),
        ]

    def _hurry(self, target: PointId) -> None:
        cords = {load.target: load.cords for load in self._configuration.site.loads.values()}.get(target)
        for device in {cord.pdu for cord in cords} if cords else {device_of(target)}:
            self._poke(device)

    def adopt(self, configuration: Configuration) -> None:
        """Go on by another configuration: its site and tables at once, its actuators where they are others."""
        before, self._configuration = self._configuration, configuration
        if _acting(before) != _acting(configuration):
            former, self._actuators = self._actuators, self._build(configuration)
            self.prepare.let_go(former)
        self.cycle.adopt(configuration.site, configuration.tables)
        self.estimates.adopt(configuration.site, configuration.tables)

    def _build(self, configuration: Configuration) -> Actuators:
        parts = ActuatorParts(
            self._parts.clock, self._parts.snmp, self._parts.profiles, self.worker, self._wrong_serial
        )
        redfish = settables.redfish_pdus(configuration, self._parts, parts)
        built = registry.build(configuration.actuators, configuration.pdus, configuration.site, parts, redfish)
        others = settables.build(configuration, self._parts, parts)
        built.sessions.extend(others.sessions)
        for target, why in {**built.left_out, **others.left_out}.items():
            log.debug("cannot be set", target=target, reason=why)
        self.executor.adopt({**built.outlets, **built.loads, **others.actuators})
        self.keeper.take(others.held)
        self.prepare.take(built)
        return built

    def _wrong_serial(self, device: DeviceId, serial: str) -> str:
        """What is wrong with the serial that answers where a device is to be switched, or nothing."""
        configured = next((one.serial for one in self._configuration.devices if one.name == device), None)
        return wrong_serial(self._book, device, configured, serial)

    def _override(self, body: Mapping[str, object], by: str) -> Mapping[str, object]:
        one = self.orders.override(
            text(body, "name"), text(body, "value"), number(body, "for_s"), by=by, why=text(body, "why", "")
        )
        return {"id": one.id, "target": one.target, "value": one.value, "takes": self.orders.bounds(one)}

    def _cycle(self, body: Mapping[str, object], by: str) -> Mapping[str, object]:
        one = self.orders.cycle(text(body, "name"), number(body, "off_s"), by=by, why=text(body, "why", ""))
        return {"id": one.id, "target": one.target}

    def _reset(self, body: Mapping[str, object], by: str) -> Mapping[str, object]:
        memories = self.cycle.memory.interlocks
        latched = [name for name, one in memories.items() if one.standing is Standing.LATCHED]
        return {"reset": self.orders.reset(text(body, "name"), by=by, latched=latched)}


def _acting(configuration: Configuration) -> tuple[object, ...]:
    """What actuators are made from."""
    settable = [one for one in configuration.devices if one.guards or one.name in configuration.switchable]
    return configuration.pdus, configuration.site, configuration.actuators, configuration.workloads, settable


def _child_says(line: str) -> None:
    log.warning("from the child that writes", line=line)
