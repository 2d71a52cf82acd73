"""The ``[devices.<name>.inputs]`` and ``.outputs`` tables: what hangs on each contact of an I/O module.

An input is named by what it watches and is, unless it says otherwise, normally open: it shows 0 while all is well.
``"leak.1.fault"`` is the second contact of a leak detector: it makes the state of leak.1 ``fault``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.model.units import Kind
from edgeagent.protocols.modbus_profile import ModbusProfile, Register, RegisterRow, SettingRow

STATES: Mapping[str, tuple[str, str, bool]] = MappingProxyType(
    {
        "door": ("closed", "open", False),
        "smoke": ("clear", "smoke", True),
        "leak": ("dry", "leak", True),
        "tamper": ("clear", "tamper", False),
        "motion": ("clear", "motion", False),
        "flow": ("flowing", "stopped", True),
        "power": ("present", "lost", True),
        "alarm": ("clear", "alarm", True),
    }
)
"""By the first word of the name: the word while all is well, the other, and whether it protects."""
PLAIN = ("open", "closed", False)
FAULT = ".fault"
_NAME = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+){1,4})(?: normally (open|closed))?")
_SHAPE = 'cannot use "{}": must be a name as "door.front", and perhaps "normally closed" behind it'


@dataclass(frozen=True, slots=True)
class Contact:
    """What hangs on an input or an output, and whether it shows 1 while all is well."""

    name: str
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Wiring:
    """The contacts of a module by their number."""

    inputs: Mapping[int, Contact]
    outputs: Mapping[int, Contact]

    def named(self, profile: ModbusProfile) -> ModbusProfile:
        """The profile with its ``input.{n}.state`` and ``output.{n}.state`` called by what hangs on them."""
        if not self.inputs and not self.outputs:
            return profile
        names = {f"output.{number}.state": f"{contact.name}.state" for number, contact in self.outputs.items()}
        settings = tuple(_setting(row, names) for row in profile.settings)
        return replace(profile, points=tuple(self._points(profile, names)), settings=settings)

    def trouble(self, profile: ModbusProfile) -> str:
        """The first contact that the module does not have, as a person should hear of it; or nothing."""
        known = {row.name for row in profile.points}
        for word, contacts in (("input", self.inputs), ("output", self.outputs)):
            for number in contacts:
                if f"{word}.{number}.state" not in known:
                    return f"{profile.name} has no {word} {number}"
        return ""

    def _points(self, profile: ModbusProfile, names: Mapping[str, str]) -> Iterator[RegisterRow]:
        rows = {row.name: row for row in profile.points}
        inputs = {f"input.{number}.state": contact for number, contact in self.inputs.items()}
        seconds = {
            contact.name.removesuffix(FAULT): (rows[name].register, int(not contact.is_closed))
            for name, contact in inputs.items()
            if contact.name.endswith(FAULT) and name in rows
        }
        firsts = {contact.name for contact in inputs.values()}
        for row in profile.points:
            contact = inputs.get(row.name)
            if contact is None:
                yield replace(row, name=names.get(row.name, row.name))
            elif not (contact.name.endswith(FAULT) and contact.name.removesuffix(FAULT) in firsts):
                yield _watching(row, contact, seconds)


def parse_wiring(reader: Reader) -> Wiring:
    """What hangs where; mistakes go to the reader."""
    inputs, outputs = parse_contacts(reader, "inputs"), parse_contacts(reader, "outputs")
    names = [contact.name for contact in (*inputs.values(), *outputs.values())]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.problem("inputs", f'cannot use the name "{name}" for two contacts')
    return Wiring(inputs, outputs)


def parse_contacts(reader: Reader, key: str, *, first: int = 1) -> Mapping[int, Contact]:
    """What hangs on each contact of a table, counted from ``first``; mistakes go to the reader."""
    if not reader.has(key):
        return {}
    table = reader.table(key)
    found = {}
    for number in sorted(table.keys()):
        text = table.text(number, max_length=100)
        match = _NAME.fullmatch(text)
        if not number.isdecimal() or not first <= int(number) <= 2000:
            table.problem(number, f"cannot use this key: must be the number of a contact, from {first}")
        elif match is None:
            table.problem(number, _SHAPE.format(text))
        else:
            found[int(number)] = Contact(match[1], match[2] == "closed")
    return found


def _watching(row: RegisterRow, contact: Contact, seconds: Mapping[str, tuple[Register, int]]) -> RegisterRow:
    well, other, protects = STATES.get(contact.name.partition(".")[0], PLAIN)
    codes = {int(contact.is_closed): well, int(not contact.is_closed): other}
    second = seconds.get(contact.name)
    return replace(row, name=f"{contact.name}.state", kind=Kind.STATE, codes=codes, protective=protects, fault=second)


def _setting(row: SettingRow, names: Mapping[str, str]) -> SettingRow:
    return replace(row, target=names.get(row.target, row.target))
