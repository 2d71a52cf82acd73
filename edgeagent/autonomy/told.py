"""What people are told of interlocks: an alarm while one is tripped, and the steps that led there."""

from collections.abc import Iterable, Mapping

from edgeagent.autonomy.interlock import HOLDS
from edgeagent.autonomy.terms import Speech
from edgeagent.model.decision import AlarmWanted, Severity, Step
from edgeagent.model.interlock import Act, Interlock, InterlockMemory, Standing
from edgeagent.model.limit import LimitMemory
from edgeagent.model.site import ServiceClass


def interlock_alarms(
    warning: Iterable[Interlock], interlocks: Mapping[str, InterlockMemory], speech: Speech
) -> list[AlarmWanted]:
    """One alarm for each that is tripped or latched; those that let loads return are not among them."""
    return [
        AlarmWanted(
            f"interlock/{one.id}", _severity(one), _sentence(_text(one, interlocks[one.id], speech)), cause=one.id
        )
        for one in warning
        if interlocks[one.id].active
    ]


def interlock_steps(
    warning: Iterable[Interlock], interlocks: Mapping[str, InterlockMemory], limits: Mapping[str, LimitMemory]
) -> list[Step]:
    """Every one that is not simply clear, with what its limits say."""
    found = []
    for one in warning:
        memory = interlocks[one.id]
        blind = memory.blind_s > 0 and one.protects
        quiet = memory.standing is Standing.CLEAR or memory.standing is Standing.OUT
        if quiet and not blind:
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


def _text(interlock: Interlock, memory: InterlockMemory, speech: Speech) -> str:
    """What is so, and what follows: "the inlet of r1 is above 32 °C for 6 s: P3 loads are switched off"."""
    condition = speech.condition(interlock)
    if memory.standing is Standing.LATCHED:
        return f"{condition}: that is over, and {interlock.id} is latched until a person resets it"
    why = condition if memory.why == HOLDS else f"{memory.why} (whether {condition} is not known)"
    return f"{why}: {_follows(interlock)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _follows(interlock: Interlock) -> str:
    if interlock.act is Act.SHED:
        loads = f"{' and then '.join(interlock.sheds)} loads"
        return f"{loads} are switched off" if interlock.armed else f"{loads} would be switched off (monitor only)"
    if interlock.act is Act.COOL:
        return (
            "maximum cooling is asked for" if interlock.armed else "maximum cooling would be asked for (monitor only)"
        )
    return "it is to be looked at"
