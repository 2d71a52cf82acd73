"""The ``[workloads.<name>]`` tables: which units may be touched, and how."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.workload import (
    FROZEN,
    RUNNING,
    SETTLE_S,
    STOPPED,
    SystemdWorkloads,
    WorkloadActuator,
    Workloads,
    WorkloadWeight,
)
from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Actuator
from edgeagent.model.points import PointId
from edgeagent.protocols.systemd_units import SystemdUnits

MAX_WORKLOADS = 100
FREEZE, STOP, WEIGHT = "freeze", "stop", "weight"
LOWEST_WEIGHT, HIGHEST_WEIGHT = 1.0, 10000.0
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_UNIT = r"[A-Za-z0-9:_][A-Za-z0-9:_.\\@-]{0,199}\.(service|slice|scope)"
_ITS_OWN = re.compile(r"(edgeagent|dbus|dbus-broker|polkit|systemd-[a-z-]+)\.service|(system|user)\.slice|init\.scope")
"""What the agent itself stands on."""


@dataclass(frozen=True, slots=True)
class WorkloadSettings:
    """One workload; ``allow`` holds the ways in which it may be touched."""

    name: str
    unit: str
    allow: frozenset[str]
    settle_s: float = SETTLE_S


def parse(root: Reader) -> list[WorkloadSettings]:
    """Every workload; mistakes go to ``root.problems``."""
    tables = root.named_tables("workloads")
    if len(tables) > MAX_WORKLOADS:
        root.problem("workloads", f"cannot use {len(tables)} workloads: at most {MAX_WORKLOADS}")
    return [_one(name, reader) for name, reader in list(tables.items())[:MAX_WORKLOADS]]


def _one(name: str, reader: Reader) -> WorkloadSettings:
    if not _NAME.fullmatch(name):
        reader.problem(
            None, "cannot use this workload name: must be lower-case letters, digits and hyphens, at most 63"
        )
    unit = reader.text("unit", pattern=_UNIT, shape="be the name of a service, slice or scope")
    if _ITS_OWN.fullmatch(unit):
        reader.problem("unit", f"cannot use {unit}: the agent itself stands on it")
    allow = reader.texts("allow", pattern=f"{FREEZE}|{STOP}|{WEIGHT}", shape=f"be {FREEZE}, {STOP} or {WEIGHT}")
    settle_s = reader.duration_s("settle", SETTLE_S, minimum=1.0, maximum=600.0)
    return WorkloadSettings(name, unit, frozenset(allow), settle_s)


def build(
    settings: Sequence[WorkloadSettings], clock: Clock, systemd: SystemdUnits | None = None
) -> Mapping[PointId, Actuator]:
    """The actuators of all workloads, by their targets."""
    units = {one.name: one.unit for one in settings}
    workloads: Workloads = SystemdWorkloads(units, systemd or SystemdUnits())
    found: list[Actuator] = []
    for one in settings:
        words = {RUNNING} | ({FROZEN} if FREEZE in one.allow else set()) | ({STOPPED} if STOP in one.allow else set())
        if len(words) > 1:
            found.append(WorkloadActuator(workloads, one.name, clock, words=frozenset(words), settle_s=one.settle_s))
        if WEIGHT in one.allow:
            guard = Guard(LOWEST_WEIGHT, HIGHEST_WEIGHT, min_interval_s=1.0)
            found.append(SetpointActuator(WorkloadWeight(workloads, one.name), guard, clock))
    return {actuator.target: actuator for actuator in found}
