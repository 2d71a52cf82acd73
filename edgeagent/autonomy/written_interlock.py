"""One table ``[interlocks.<name>]`` as it is written."""

from collections.abc import Mapping

from edgeagent.autonomy.compiled import SHED_ORDER
from edgeagent.autonomy.expression import KEYWORDS, Atom, Unparsable, atoms
from edgeagent.autonomy.templates import InterlockTemplate, LimitTemplate, Scope
from edgeagent.autonomy.written_limit import LONGEST_S, NAME
from edgeagent.config.reader import Reader
from edgeagent.config.values import nearest
from edgeagent.model.interlock import Act, ServiceState
from edgeagent.model.site import ServiceClass

_ACTIONS: Mapping[str, tuple[Act, tuple[ServiceClass, ...]]] = {
    "shed P3": (Act.SHED, SHED_ORDER[:1]),
    "shed P2": (Act.SHED, SHED_ORDER),
    "restore": (Act.RESTORE, ()),
    "cooling max": (Act.COOL, ()),
    "alarm only": (Act.ALARM, ()),
}
_REACH = {Scope.RACK: 0, Scope.AISLE: 1, Scope.POD: 2}
MAX_NAMES = 8


def parse_interlock(name: str, reader: Reader, limits: Mapping[str, LimitTemplate]) -> InterlockTemplate:
    """One interlock, before it is made for racks, aisles or the pod; mistakes go to the reader."""
    if not NAME.fullmatch(name) or name in KEYWORDS:
        reader.problem(
            None, "cannot use this name: must be lower-case letters, digits and hyphens, and no word of logic"
        )
    act, sheds = _ACTIONS[reader.choice("action", list(_ACTIONS))]
    scope = Scope(reader.choice("scope", [one.value for one in Scope], Scope.RACK.value))
    when, names = _expression(reader, "when", reader.text("when"), scope, limits)
    second = reader.optional_text("second_sign")
    if second is not None:
        second, others = _expression(reader, "second_sign", second, scope, limits)
        _check_second(reader, when, second if others else "")
    blind_for_s = (
        reader.duration_s("blind_for", minimum=60, maximum=24 * LONGEST_S) if reader.has("blind_for") else None
    )
    if act is not Act.SHED and act is not Act.COOL:
        for key in ("second_sign", "blind_for"):
            if reader.has(key):
                reader.problem(key, f'cannot use this key with "{act.value}": it sheds and cools nothing')
    return InterlockTemplate(
        name=name,
        when=when,
        names=names,
        act=act,
        sheds=sheds,
        scope=scope,
        for_s=reader.duration_s("for", 0.0, maximum=LONGEST_S),
        clear_for_s=reader.duration_s("clear_for", 60.0, maximum=LONGEST_S),
        second=second or None,
        blind_for_s=blind_for_s,
        latch=reader.boolean("latch", False),
        state=ServiceState(
            reader.choice("state", [one.value for one in ServiceState], ServiceState.MONITOR_ONLY.value)
        ),
    )


def _expression(
    reader: Reader, key: str, text: str, scope: Scope, limits: Mapping[str, LimitTemplate]
) -> tuple[str, tuple[str, ...]]:
    """The text and the limits that it names; both empty if it cannot be used."""
    if not text:
        return "", ()  # said by the reader
    try:
        found = atoms(text)
    except Unparsable as error:
        reader.problem(key, str(error))
        return "", ()
    wrong = [message for atom in found if (message := _misfit(atom, scope, limits))]
    names = tuple(dict.fromkeys(atom.name for atom in found))
    if len(found) > MAX_NAMES:
        wrong.append(f"cannot use {len(found)} limits: at most {MAX_NAMES} can be checked together")
    for message in wrong:
        reader.problem(key, message)
    return ("", ()) if wrong else (text, names)


def _misfit(atom: Atom, scope: Scope, limits: Mapping[str, LimitTemplate]) -> str:
    """Why a limit cannot stand in an expression of this scope, or nothing."""
    if atom.name not in limits:
        near = nearest(atom.name, limits)
        return f"cannot use {atom.name}: there is no [limits.{atom.name}]" + (f"; did you mean {near}?" if near else "")
    limit = limits[atom.name].scope
    if atom.quantifier and limit is Scope.POD:
        return f'cannot use "{atom.quantifier} {atom.name}": there is only one for the pod'
    if atom.quantifier == "neighbour":
        fits = limit is Scope.RACK and scope is Scope.RACK
        return "" if fits else f'cannot use "neighbour {atom.name}": only a rack has neighbours'
    if not atom.quantifier and _REACH[limit] < _REACH[scope]:
        return f'cannot use {atom.name}: there is one for each {limit}; say "any {atom.name}" or "every {atom.name}"'
    return ""


def _check_second(reader: Reader, when: str, second: str) -> None:
    """Refuse a second sign that is not independent of the first."""
    if when and second and set(atoms(second)) <= set(atoms(when)):
        reader.problem("second_sign", 'cannot use this: it looks at nothing that "when" does not look at')
