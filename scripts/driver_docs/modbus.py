"""Pages of the families that a register map describes, from their profiles."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from edgeagent.model.units import UNIT_OF_KIND
from edgeagent.protocols.modbus_profile import (
    How,
    Label,
    Mark,
    ModbusProfile,
    Register,
    RegisterRow,
    SettingRow,
    Type,
)
from edgeagent.protocols.modbus_profile_file import ModbusProfiles
from edgeagent.protocols.profile import Pace
from scripts.driver_docs.facts import DEVICES, WIRED, stub_of
from scripts.driver_docs.page import (
    ROOT,
    Family,
    code,
    comment_of,
    joined,
    number,
    section,
    set_table,
    simulated,
    table,
    toml,
)

FOLDER = "edgeagent/protocols/profiles/modbus"
ABOUT = (
    "Profile: [`{file}`](../../{file}). How to reach a device, and to describe one of your own: [modbus.md](modbus.md)."
)
PLAIN = (
    "Registers count from 0, as requests do, and are unsigned words unless something else is said. {n} counts from 1. "
    "No value: bit patterns that are BAD `sentinel`. Outside “from … to” a reading is BAD `out_of_range`."
)


def families() -> Iterator[Family]:
    """All of them, in the order of their names."""
    for name, profile in ModbusProfiles().all.items():
        yield _family(profile, (ROOT / FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _family(profile: ModbusProfile, text: str) -> Family:
    return Family(
        word=profile.driver,
        name=profile.name,
        title=profile.title,
        protocol="Modbus",
        stub=stub_of(profile.name),
        writes=joined(dict.fromkeys(_template(one.target) for one in profile.settings)),
        sections=[
            comment_of(text),
            ABOUT.format(file=f"{FOLDER}/{profile.name}.toml"),
            section("How it is known", _detection(profile)),
            section("Points", f"{PLAIN}\n\n{_points(profile.points)}"),
            section("What can be set", _settings(profile.settings)),
            section("Sample", toml(sample(profile))),
            section("Simulated by", simulated(stub_of(profile.name))),
        ],
    )


def _detection(profile: ModbusProfile) -> str:
    marks = " and ".join(map(_mark, profile.marks))
    known = (
        f"By {marks}." if marks else "Nothing tells it from others: `family` names it, or `profile` a copy of the file."
    )
    labels = {"vendor": profile.vendor, "model": profile.model, "serial": profile.serial, "firmware": profile.firmware}
    return known + "\n\n" + table(["identity", "from"], [[what, _label(one)] for what, one in labels.items()])


def _mark(mark: Mark) -> str:
    if mark.register is not None:
        return f"{_place(mark.register)} = {mark.equals}"
    return f"object {mark.object} of function 43/14, which matches {code(mark.pattern.pattern if mark.pattern else '')}"


def _label(label: Label) -> str:
    if label.text:
        return f"“{label.text}”"
    if label.object is not None:
        return f"object {label.object} of function 43/14"
    if label.register is None:
        return "not told"
    return f"{label.register}, {label.length} registers of text" if label.length else _place(label.register)


def _place(register: Register) -> str:
    swapped = ", low register first" if register.swapped and register.type.width > 1 else ""
    return f"{register}" + ("" if register.type in (Type.UINT16, Type.BIT) else f" {register.type.value}") + swapped


def _points(points: Iterable[RegisterRow]) -> str:
    groups = [list(same) for _, same in groupby(points, key=_alike)]
    head = ["point", "kind", "unit", "what", "register", "scale", "no value", "words", "also"]
    return table(head, [_point(same) for same in groups])


def _alike(row: RegisterRow) -> tuple[object, ...]:
    """What is equal in points that only a number tells apart."""
    return (
        _template(row.name), row.label, row.kind, row.register.table, row.register.type, row.multiply, row.divide,
        row.bits, row.codes and tuple(row.codes.items()), row.absent, row.range, row.pace, row.optional,
    )  # fmt: skip


def _template(name: str) -> str:
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "{n}", name)


def _point(same: list[RegisterRow]) -> list[str]:
    row, last = same[0], same[-1]
    many = len(same) > 1
    return [
        code(_template(row.name) if many else row.name),
        row.kind.value,
        UNIT_OF_KIND[row.kind],
        row.label,
        _place(row.register) + (f" to {last.register.address} for 1 to {len(same)}" if many else "") + _bits(row),
        _scaled(row),
        ", ".join(f"0x{pattern:X}" for pattern in sorted(row.absent)),
        ", ".join(f"{raw} {word}" for raw, word in (row.codes or {}).items()),
        joined(_also(row)),
    ]


def _bits(row: RegisterRow) -> str:
    if row.bits is None:
        return ""
    low, count = row.bits
    return f" bit {low}" if count == 1 else f" bits {low} to {low + count - 1}"


def _scaled(row: RegisterRow) -> str:
    fixed = [f"x {number(row.multiply)}" * (row.multiply != 1), f"÷ {number(row.divide)}" * (row.divide != 1)]
    if row.scale is not None:
        register, how = row.scale
        fixed.append(f"x 10^({_place(register)})" if how is How.POWER else f"÷ {_place(register)}")
    return joined(fixed, ", ")


def _also(row: RegisterRow) -> Iterator[str]:
    if row.pace is Pace.SLOW:
        yield "slow"
    if row.protective:
        yield "protective"
    if row.optional:
        yield "where fitted"
    if row.range is not None:
        yield f"from {number(row.range[0])} to {number(row.range[1])}"
    if row.fault is not None:
        yield f"fault while {row.fault[0]} is {row.fault[1]}"


def _settings(settings: Iterable[SettingRow]) -> str:
    groups = [list(same) for _, same in groupby(settings, key=lambda row: _template(row.target))]
    if not groups:
        return ""
    head = ["point", "register", "scale", "from", "to", "most at once", "safe", "may take", "its own timer"]
    return "Only what the device's own table allows, and never outside these bounds.\n\n" + table(
        head, [_setting(same) for same in groups]
    )


def _setting(same: list[SettingRow]) -> list[str]:
    row, last, guard = same[0], same[-1], same[0].guard
    many = len(same) > 1
    scale = [f"÷ {number(row.multiply)}" * (row.multiply != 1), f"x {number(row.divide)}" * (row.divide != 1)]
    words = ", ".join(f"{raw} {word}" for raw, word in (row.codes or {}).items())
    return [
        code(_template(row.target) if many else row.target),
        _place(row.register) + (f" to {last.register.address} for 1 to {len(same)}" if many else ""),
        joined([*scale, words], ", "),
        number(guard.low),
        number(guard.high),
        "" if guard.max_step is None else number(guard.max_step),
        "as it is" if guard.safe is None else number(guard.safe),
        f"{number(guard.settle_s)} s",
        ", ".join(f"{_place(arm.register)} = {arm.value}" for arm in row.arm),
    ]


def sample(profile: ModbusProfile) -> str:
    """A device of the family, as a person would write it, with all that it can do."""
    device = DEVICES[profile.driver]
    lines = [
        f"[devices.{device}]",
        f'driver = "{profile.driver}"',
        'address = "modbus://192.0.2.40:502/1"  # host, port, unit',
        f'family = "{profile.name}"',
    ]
    if profile.name in WIRED:
        return "\n".join(lines) + "\n\n" + WIRED[profile.name].strip()
    for row in {_template(one.target): one for one in reversed(profile.settings)}.values():
        lines += ["", *set_table(device, row.target, row.guard, _words(profile, row))]
    return "\n".join(lines)


def _words(profile: ModbusProfile, row: SettingRow) -> list[str]:
    """What a state takes; a number takes no words."""
    points = (point for point in profile.points if point.name == row.target)
    return sorted({word for point in points for word in (point.codes or {}).values()})
