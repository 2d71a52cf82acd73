"""``/v1/autonomy``: causes and effects, who holds what until when, what is off, locks and overrides. Plain data."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.cycle import Cycle
from edgeagent.autonomy.executor import Executor
from edgeagent.autonomy.latest import Latest
from edgeagent.autonomy.orders import Orders
from edgeagent.autonomy.standing import Standing
from edgeagent.autonomy.terms import Speech
from edgeagent.core.clock import Clock
from edgeagent.model.decision import Memory, ShedLoad
from edgeagent.model.intent import Output
from edgeagent.model.interlock import Act, Interlock, InterlockMemory, ServiceState
from edgeagent.model.points import PointId
from edgeagent.model.site import Load, Site

EFFECTS = ("cooling max", "shed P3", "shed P2", "restore", "alarm only")
"""The columns of the matrix, in the order in which they come."""


class View:
    """What people are shown of the autonomy; ages are in seconds."""

    def __init__(
        self, cycle: Cycle, executor: Executor, orders: Orders, clock: Clock, unit_of: Callable[[PointId], str]
    ) -> None:
        self._cycle, self._executor, self._orders, self._clock = cycle, executor, orders, clock
        self._unit_of = unit_of

    @property
    def version(self) -> Hashable:
        """Another one whenever something else is decided, wanted or has come of it."""
        return self._cycle.changes, self._executor.changes, self._orders.changes

    def view(self) -> Mapping[str, object]:
        """The whole view."""
        now_s, tables, site, memory = self._clock.now_s(), self._cycle.tables, self._cycle.site, self._cycle.memory
        latest = self._cycle.latest
        return {
            "state": _state(tables.interlocks),
            "tables": tables.version,
            "matrix": {"effects": list(EFFECTS), "rows": matrix(tables, memory, now_s)},
            "outputs": self._outputs(latest, now_s),
            "cooling": [] if latest is None else list(latest.decision.cool),
            "shed": [_shed(one, site.loads[one.load], now_s) for one in memory.shed if one.load in site.loads],
            "refused": refused(latest),
            "locks": [
                {"name": one.name, "by": one.by, "why": one.why, "for_s": round(now_s - one.at_s, 1)}
                for one in self._orders.locks.values()
            ],
            "overrides": [
                {
                    "id": one.id,
                    "target": one.target,
                    "value": one.value,
                    "by": one.by,
                    "why": one.why,
                    "in_s": round(max(0.0, one.begins_s - now_s), 1),
                    "left_s": round(one.until_s - now_s, 1),
                }
                for one in self._orders.overrides()
            ],
            "uncovered": list(tables.uncovered),
        }

    def _outputs(self, latest: Latest | None, now_s: float) -> list[dict[str, object]]:
        standings = self._executor.standings
        outputs = () if latest is None else latest.outputs
        return [self._output(one, standings.get(one.target), now_s) for one in outputs]

    def _output(self, output: Output, standing: Standing | None, now_s: float) -> dict[str, object]:
        left_s, words = self._until(output, now_s)
        return {
            "target": output.target,
            "name": people_name(output.target, self._cycle.site),
            "value": output.value,
            "by": output.source,
            "rank": output.rank.name.lower(),
            "why": output.reason,
            "for_s": None if standing is None else round(now_s - standing.since_s, 1),
            "left_s": left_s,
            "until": words,
            "outcome": _outcome(standing),
            "message": standing.outcome.message if standing is not None and standing.outcome is not None else "",
            "decision": output.decision,
            "limited": list(output.limited),
        }

    def _until(self, output: Output, now_s: float) -> tuple[float | None, str]:
        """When it ends: the seconds that are left, or a condition in words."""
        site = self._cycle.site
        for one in self._orders.overrides():
            if one.target == output.target and output.source == one.source:
                return round(one.until_s - now_s, 1), ""
        shed = next((one for one in self._cycle.memory.shed if _target(one, site) == output.target), None)
        if shed is not None and shed.returning_s is None:
            speech = Speech(site, self._cycle.tables, self._unit_of)
            return None, speech.returns_when(site.loads[shed.load])
        if shed is not None:
            return None, "it is read as on"
        return None, "somebody asks for more" if output.source == "safe" else "its cause has ended"


def matrix(tables: Tables, memory: Memory, now_s: float) -> list[dict[str, object]]:
    """One row for each interlock as it is written, with every place that it was made for."""
    rows: dict[str, list[Interlock]] = {}
    for one in tables.interlocks:
        rows.setdefault(one.id.partition("@")[0], []).append(one)
    return [_row(name, made, memory, now_s) for name, made in rows.items()]


def _row(name: str, made: Sequence[Interlock], memory: Memory, now_s: float) -> dict[str, object]:
    first = made[0]
    return {
        "interlock": name,
        "state": str(first.state),
        "effects": effects(first),
        "latch": first.latch,
        "places": [_place(one, memory.interlocks.get(one.id, InterlockMemory()), now_s) for one in made],
    }


def _place(one: Interlock, memory: InterlockMemory, now_s: float) -> dict[str, object]:
    return {
        "id": one.id,
        "place": one.id.partition("@")[2],
        "standing": str(memory.standing),
        "truth": memory.truth,
        "blind": one.protects and memory.blind_s > 0,
        "why": memory.why,
        "for_s": round(now_s - memory.changed_s, 1) if memory.changed_s else None,
        "waits_s": round(max(0.0, one.for_s - memory.held_s), 1) if memory.standing == "pending" else None,
        "trips": memory.trips,
    }


def effects(one: Interlock) -> list[str]:
    """The columns in which it acts; what sheds also asks for cooling."""
    if one.act is Act.SHED:
        return ["cooling max", *(f"shed {service_class}" for service_class in one.sheds)]
    return [str(one.act)]


def refused(latest: Latest | None) -> list[dict[str, str]]:
    """What was wanted and may not be, with the reason."""
    steps = () if latest is None else latest.decision.trace
    return [{"name": step.subject, "why": step.text} for step in steps if step.what in {"refused", "vetoed"}]


def people_name(target: str, site: Site) -> str:
    """A load by its name, anything else by its point."""
    return next((load.name for load in site.loads.values() if load.target == target), target)


def _state(interlocks: Iterable[Interlock]) -> str:
    """Of all interlocks together: one in service makes the pod act."""
    states = {one.state for one in interlocks}
    order = (ServiceState.IN_SERVICE, ServiceState.MONITOR_ONLY, ServiceState.OUT_OF_SERVICE)
    return next((str(state) for state in order if state in states), "no interlocks")


def _shed(one: ShedLoad, load: Load, now_s: float) -> dict[str, object]:
    return {
        "load": one.load,
        "rack": load.rack,
        "class": str(load.service_class),
        "interlock": one.interlock,
        "power_w": one.power_w,
        "for_s": round(now_s - one.since_s, 1),
        "returning": one.returning_s is not None,
    }


def _target(one: ShedLoad, site: Site) -> str | None:
    return site.loads[one.load].target if one.load in site.loads else None


def _outcome(standing: Standing | None) -> str:
    if standing is None:
        return "cannot be set"
    return "under way" if standing.outcome is None else standing.outcome.word
