"""Pages of the families that are read over BACnet by a profile."""

from collections.abc import Iterable, Iterator

from edgeagent.model.units import UNIT_OF_KIND
from edgeagent.protocols.bacnet_profile import BacnetProfile, BacnetProfiles, ObjectRow, Place, SettingRow
from edgeagent.protocols.bacnet_units import UNITS
from edgeagent.protocols.bacnet_words import VENDOR_NAME, WORD_OF_TYPE
from edgeagent.protocols.profile import Pace
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

FOLDER = "edgeagent/protocols/profiles/bacnet"
ABOUT = (
    "Profile: [`{file}`](../../{file}). How to reach a device, what its flags and units mean, and how to describe one "
    "of your own: [bacnet.md](bacnet.md)."
)
PLAIN = (
    "A point whose object has no name that fits is not there. Value, flags and unit are read together; the unit is "
    "converted, and one of another kind makes the reading BAD `garbled`. Outside “from … to” it is BAD `out_of_range`."
)
SETS = (
    "The object's present value, at this priority of its priority array. Only what the device's own table allows, and "
    "never outside these bounds. An agent that is stopped relinquishes what it wrote; one that is killed leaves it."
)


def families() -> Iterator[Family]:
    """All of them, in the order of their names."""
    for name, profile in BacnetProfiles().all.items():
        yield _family(profile, (ROOT / FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _family(profile: BacnetProfile, text: str) -> Family:
    return Family(
        word=profile.driver,
        name=profile.name,
        title=profile.title,
        protocol="BACnet/IP",
        stub=stub_of(profile.name),
        writes=joined(row.target for row in profile.settings),
        sections=[
            comment_of(text),
            ABOUT.format(file=f"{FOLDER}/{profile.name}.toml"),
            section("How it is known", _detection(profile)),
            section("Points", f"{PLAIN}\n\n{_points(profile.points)}"),
            section("What can be set", _settings(profile)),
            section("Sample", toml(sample(profile))),
            section("Simulated by", simulated(stub_of(profile.name))),
        ],
    )


def _detection(profile: BacnetProfile) -> str:
    marks = [
        f"the {'vendor' if mark.property == VENDOR_NAME else 'model'} name, which matches {code(mark.pattern.pattern)}"
        for mark in profile.marks
    ]
    if marks:
        return f"By {' and '.join(marks)}."
    return "Nothing tells it from others: `family` names it, or `profile` a copy of the file."


def _points(points: Iterable[ObjectRow]) -> str:
    head = ["point", "kind", "unit", "what", "object", "named", "words", "also"]
    return table(head, map(_point, points))


def _point(row: ObjectRow) -> list[str]:
    return [
        code(row.name),
        row.kind.value,
        UNIT_OF_KIND[row.kind],
        row.label,
        _object(row.place),
        code(row.place.pattern.pattern) if row.place.pattern is not None else "",
        ", ".join(f"{raw} {word}" for raw, word in (row.codes or {}).items()),
        joined(_also(row)),
    ]


def _object(place: Place) -> str:
    types = ", ".join(WORD_OF_TYPE[one] for one in place.types)
    return types if place.instance is None else f"{types} {place.instance}"


def _also(row: ObjectRow) -> Iterator[str]:
    if row.pace is Pace.SLOW:
        yield "slow"
    if row.protective:
        yield "protective"
    if row.unit is not None:
        yield f"in {UNITS[row.unit][row.kind].word} where it says no unit"
    if row.range is not None:
        yield f"from {number(row.range[0])} to {number(row.range[1])}"


def _settings(profile: BacnetProfile) -> str:
    head = ["point", "priority", "words", "from", "to", "most at once", "safe", "may take"]
    rows = [_setting(row, _words(profile, row)) for row in profile.settings]
    return f"{SETS}\n\n{table(head, rows)}" if rows else ""


def _words(profile: BacnetProfile, row: SettingRow) -> list[str]:
    """What a state takes; a number takes no words."""
    point = profile.row(row.target)
    return [] if point is None else sorted((point.codes or {}).values())


def _setting(row: SettingRow, words: list[str]) -> list[str]:
    guard = row.guard
    return [
        code(row.target),
        str(row.priority),
        ", ".join(words),
        "" if words else number(guard.low),
        "" if words else number(guard.high),
        "" if guard.max_step is None else number(guard.max_step),
        "as it is" if guard.safe is None else number(guard.safe),
        f"{number(guard.settle_s)} s",
    ]


def sample(profile: BacnetProfile) -> str:
    """A device of the family, as a person would write it, with all that it can do."""
    device = DEVICES[profile.driver]
    lines = [
        f"[devices.{device}]",
        f'driver = "{profile.driver}"',
        'address = "bacnet://192.0.2.45:47808/4001"  # host, port, device instance',
        f'family = "{profile.name}"',
    ]
    for row in profile.settings:
        lines += ["", *set_table(device, row.target, row.guard, _words(profile, row))]
    return "\n".join(lines)
