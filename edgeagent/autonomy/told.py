"""What people are told of interlocks: an alarm while one is tripped, and the steps that led there."""

from collections.abc import Mapping

from edgeagent.autonomy.compiled import Tables
from edgeagent.model.decision import AlarmWanted, Severity, Step
from edgeagent.model.interlock import Act, Interlock, InterlockMemory, Standing
from edgeagent.model.limit import LimitMemory
from edgeagent.model.site import ServiceClass


def interlock_alarms(tables: Tables, interlocks: Mapping[str, InterlockMemory]) -> list[AlarmWanted]:
    """One alarm for each interlock that is tripped or latched; letting loads return is none."""
    return [
        AlarmWanted(f"interlock/{one.id}", _severity(one), _text(one, interlocks[one.id]))
        for one in tables.interlocks
        if interlocks[one.id].active and one.act is not Act.RESTORE
    ]


def interlock_steps(
    tables: Tables, interlocks: Mapping[str, InterlockMemory], limits: Mapping[str, LimitMemory]
) -> list[Step]:
    """Every interlock that is not simply clear, with what its limits say."""
    found = []
    for one in tables.interlocks:
        memory = interlocks[one.id]
        blind = one.protects and memory.blind_s > 0
        if memory.standing in {Standing.CLEAR, Standing.OUT} and not blind:
            continue
        seen = ", ".join(f"{name} {limits[name].truth} ({limits[name].why})" for name in one.watches)
        standing = "blind" if memory.standing is Standing.CLEAR else str(memory.standing)
        why = f"{memory.why}; " if memory.why else ""
        found.append(Step(standing, one.id, f"{why}{seen}; {one.state}"))
    return found


def _severity(interlock: Interlock) -> Severity:
    if not interlock.armed:
        return "warning"
    return "critical" if ServiceClass.P2 in interlock.sheds else "major"


def _text(interlock: Interlock, memory: InterlockMemory) -> str:
    does = f"{interlock.act} {' '.join(interlock.sheds)}".strip()
    if memory.standing is Standing.LATCHED:
        return f"{interlock.id} is latched until a person resets it"
    return f"{interlock.id} {'acts' if interlock.armed else 'would act'}: {does}, because {memory.why}"
