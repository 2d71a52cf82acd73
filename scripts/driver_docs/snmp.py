"""Pages of the families that speak SNMP, from their profiles."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from edgeagent.model.units import UNIT_OF_KIND
from edgeagent.protocols.profile import (
    Column,
    Gate,
    How,
    Label,
    Match,
    Pace,
    PointRow,
    Profile,
    Scale,
    Setting,
    Switch,
    Table,
)
from edgeagent.protocols.profile_file import Profiles
from scripts.driver_docs.facts import DEVICES, stub_of
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

FOLDER = "edgeagent/protocols/profiles"
HOW = {How.DIVIDE: "÷ {}", How.DIGITS: "÷ 10^{}", How.SIGNED: "÷ or x {} by its sign"}
ABOUT = "Profile: [`{file}`](../../{file}). How to reach a device, and what its errors mean: [snmp.md](snmp.md)."
PLAIN = (
    "What stands in square brackets is said only where the device has several. A point with several lines is read from "
    "the first object that the device has. Where a row is named, it is the one whose object says that. No value: "
    "numbers that are BAD `sentinel`, and companions that make it BAD while they say the number before the arrow. "
    "Outside “from … to” it is BAD `out_of_range`."
)


def families() -> Iterator[Family]:
    """All of them, in the order of their names."""
    for name, profile in Profiles().all.items():
        yield _family(profile, (ROOT / FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _family(profile: Profile, text: str) -> Family:
    stub = stub_of(profile.name)
    return Family(
        word=profile.driver,
        name=profile.name,
        title=profile.title,
        protocol="SNMP",
        stub=stub,
        writes=joined(_writes(profile)),
        sections=[
            comment_of(text),
            ABOUT.format(file=f"{FOLDER}/{profile.name}.toml"),
            section("How it is known", _detection(profile)),
            section("Points", f"{PLAIN}\n\n{_points(profile)}"),
            section("What can be switched", _switches(profile)),
            section("What can be set", _settings(profile)),
            section("What it tells by itself", _traps(profile)),
            section("Sample", toml(sample(profile))),
            section("Simulated by", simulated(stub)),
        ],
    )


def _writes(profile: Profile) -> Iterator[str]:
    if profile.switches:
        yield "outlets"
    yield from dict.fromkeys(_bare(setting.target) for setting in profile.settings)


def _bare(template: str) -> str:
    """A point's name without what only tells several apart."""
    return template.rpartition("]")[2]


def _detection(profile: Profile) -> str:
    places = ", ".join(map(code, profile.object_ids))
    identity: Mapping[str, tuple[Label, ...]] = {
        "vendor": profile.maker, "model": profile.model, "serial": profile.serial, "firmware": profile.firmware,
    }  # fmt: skip
    rows = [[what, ", else ".join(_label(one) for one in labels)] for what, labels in identity.items()]
    rows[0][1] = joined([rows[0][1], f"“{profile.vendor}”"], ", else ")
    known = (
        f"`sysObjectID` is or stands below {places}, and something stands at or below "
        f"{_object(profile.presence)}. Of several families that fit, the one that names the `sysObjectID` "
        "most closely is taken."
    )
    return known + "\n\n" + table(["identity", f"from {profile.mib}"], [[a, b or "not told"] for a, b in rows])


def _label(label: Label) -> str:
    part = f" (what matches `{label.pattern.pattern}`)" if label.pattern else ""
    beside = (
        f" in the row where {label.beside[0].object} matches `{label.beside[1].pattern.pattern}`"
        if label.beside
        else ""
    )
    return f"{label.column.object} `{label.column.oid}`{part}{beside}"


def _object(column: Column) -> str:
    return f"{column.object} {code(column.oid)}"


def _points(profile: Profile) -> str:
    rows = chain.from_iterable(map(_table_rows, profile.tables))
    head = ["point", "kind", "unit", "object", "row", "scale", "no value", "words", "also"]
    return table(head, rows)


def _table_rows(one: Table) -> Iterator[list[str]]:
    for point in one.points:
        yield [
            code(point.name),
            point.kind.value,
            UNIT_OF_KIND[point.kind],
            _object(point.column),
            joined(_row(point, one)),
            _scaled(point),
            joined([*_sentinels(point), *(_gate(gate) for gate in point.gates)]),
            ", ".join(f"{raw} {word}" for raw, word in [*(point.codes or {}).items(), *(point.texts or {}).items()]),
            joined(_also(point)),
        ]


def _scaled(point: PointRow) -> str:
    fixed = [f"x {number(point.multiply)}" * (point.multiply != 1), f"÷ {number(point.divide)}" * (point.divide != 1)]
    return joined([*fixed, _own_scale(point.scale), _unit(point)], ", ")


def _own_scale(scale: Scale | None) -> str:
    return "" if scale is None else HOW[scale.how].format(scale.column.object)


def _unit(point: PointRow) -> str:
    if point.unit is None:
        return ""
    return f"{point.unit.column.object}: " + ", ".join(f"{raw} {unit}" for raw, unit in point.unit.units.items())


def _sentinels(point: PointRow) -> Iterator[str]:
    yield from (str(raw) for raw in sorted(point.sentinels))
    yield from (f"“{text}”" for text in sorted(point.sentinel_texts))
    if point.sentinel_below is not None:
        yield f"below {number(point.sentinel_below)}"
    if point.sentinel_above is not None:
        yield f"above {number(point.sentinel_above)}"
    if point.zero is not None:
        yield f"0 while {point.zero.column.object} is above {point.zero.above}"


def _gate(gate: Gate) -> str:
    if not gate.refuse:
        return ""
    return f"{gate.column.object} " + ", ".join(f"{raw} → {reason.value}" for raw, reason in gate.refuse.items())


def _also(point: PointRow) -> Iterator[str]:
    if point.pace is Pace.SLOW:
        yield "slow"
    if point.protective:
        yield "protective"
    if point.optional:
        yield "where fitted"
    if point.range is not None:
        yield f"from {number(point.range[0])} to {number(point.range[1])}"


def _row(point: PointRow, one: Table) -> Iterator[str]:
    """What tells the point's row from the others of its table."""
    yield from (f"{part} {value}" for part, value in (point.when or {}).items())
    if point.type_is is not None and one.type is not None:
        yield f"{one.type.object} {point.type_is}"
    for match in point.where:
        yield f"{one.keys[match.key].object} {match.object.object if match.object else _text_of(match)}"


def _text_of(match: Match) -> str:
    """The one text that fits, or the pattern."""
    whole = re.fullmatch(r"\\A(.*)\\Z", match.pattern.pattern)
    if whole is None:
        return f"matches {code(match.pattern.pattern)}"
    return "“" + re.sub(r"\\(.)", r"\1", whole[1]) + "”"


def _switches(profile: Profile) -> str:
    rows = [_switch(one) for one in profile.switches]
    return table(["point", "written", "read back"], rows) if rows else ""


def _switch(one: Switch) -> list[str]:
    written = [f"{word}: {_object(command.column)} = {command.code}" for word, command in one.commands.items()]
    states = ", ".join(f"{raw} {word}" for raw, word in one.states.items())
    return [code(one.target), "<br>".join(written), f"{_object(one.state)}: {states}"]


def _settings(profile: Profile) -> str:
    head = ["point", "object", "from", "to", "most at once", "safe", "may take", "void while"]
    if not profile.settings:
        return ""
    return "Only what the device's own table allows, and never outside these bounds.\n\n" + table(
        head, map(_setting, profile.settings)
    )


def _setting(one: Setting) -> list[str]:
    unit = f" {UNIT_OF_KIND[one.row.kind]}"
    return [
        code(one.target),
        _object(one.row.column),
        number(one.low) + unit,
        number(one.high) + unit,
        "" if one.max_step is None else number(one.max_step) + unit,
        "as it is" if one.safe is None else number(one.safe) + unit,
        f"{number(one.settle_s)} s",
        joined(f"{gate.column.object} is {', '.join(map(str, gate.refuse))}" for gate in one.gates),
    ]


def _traps(profile: Profile) -> str:
    rows = [[one.object, code(one.oid), one.word, one.severity, one.text] for one in profile.traps]
    return table(["trap", "OID", "event", "weight", "says"], rows) if rows else ""


def sample(profile: Profile) -> str:
    """A device of the family, as a person would write it, with all that it can do."""
    device = DEVICES[profile.driver]
    lines = [
        f"[devices.{device}]",
        f'driver = "{profile.driver}"',
        'address = "snmp://192.0.2.11"  # or snmpv3://, with user, auth_key and priv_key',
        'community = { credential = "snmp-community" }',
        f'family = "{profile.name}"  # found by itself where it is left out',
    ]
    if profile.switches:
        lines.append("switchable = true  # its outlets; false where it is left out")
    if profile.switches or profile.settings:
        lines.append('write_community = { credential = "snmp-write" }')
    for setting in {_named(one.target): one for one in profile.settings}.values():
        lines += ["", *set_table(device, _named(setting.target), setting)]
    return "\n".join(lines)


def _named(target: str) -> str:
    """The name of the first of several."""
    bare = _bare(target)
    while "{" in bare:
        bare = bare[: bare.index("{")] + "1" + bare[bare.index("}") + 1 :]
    return bare
