"""Asking for maximum cooling: when something protects and is tripped, or blind."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeagent.autonomy.blind import AFTER_S
from edgeagent.autonomy.compiled import Tables
from edgeagent.model.decision import Step
from edgeagent.model.intent import Intent, Range, Rank
from edgeagent.model.interlock import Interlock, InterlockMemory

INTENT_S = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The aisles for which maximum cooling is asked, each with the interlock that asks first."""

    by_aisle: Mapping[str, str]

    @property
    def aisles(self) -> tuple[str, ...]:
        """The aisles, sorted."""
        return tuple(sorted(self.by_aisle))

    def intents(self, tables: Tables, now_s: float) -> list[Intent]:
        """One intent for each thing that cools one of the aisles."""
        found = []
        for one in tables.cooling:
            asking = [aisle for aisle in self.aisles if one.aisle in {"", aisle}]
            if asking:
                source = f"interlock {self.by_aisle[asking[0]]}"
                allows = Range(one.most, one.most)
                found.append(
                    Intent(one.target, allows, Rank.EQUIPMENT, source, "maximum cooling is asked for", now_s + INTENT_S)
                )
        return found

    def steps(self, tables: Tables) -> list[Step]:
        """What is asked for, and whether anything can be set."""
        found = []
        for aisle in self.aisles:
            able = any(one.aisle in {"", aisle} for one in tables.cooling)
            text = f"by {self.by_aisle[aisle]}" + ("" if able else "; nothing there can be set")
            found.append(Step("maximum cooling", aisle or "the pod", text))
        return found


def asked(awake: Iterable[Interlock], interlocks: Mapping[str, InterlockMemory]) -> Asked:
    """What the armed interlocks that protect ask for."""
    by_aisle: dict[str, str] = {}
    for one in awake:
        if one.armed and one.protects and _asks(one, interlocks[one.id]):
            for aisle in one.aisles:
                by_aisle.setdefault(aisle, one.id)
    return Asked(by_aisle)


def _asks(interlock: Interlock, memory: InterlockMemory) -> bool:
    return memory.active or memory.blind_s >= AFTER_S or (bool(interlock.sheds) and memory.demanded)
