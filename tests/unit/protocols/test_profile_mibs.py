"""Shipped profiles against the vendors' MIB files: where an object stands, its index, whether it may be written."""

import re
from functools import cache

import pytest

from edgeagent.protocols.profile_file import Profiles

PROFILES = Profiles()
POWERNET = ("PowerNet-MIB",)
LIEBERT = ("LIEBERT-GP-REGISTRATION-MIB", "LIEBERT-GP-ENVIRONMENTAL-MIB", "LIEBERT-GP-PDU-MIB")
FILES = {
    "apc-ats": POWERNET,
    "apc-inrow": POWERNET,
    "apc-inrow-rc": POWERNET,
    "apc-rpdu": POWERNET,
    "apc-rpdu2": POWERNET,
    "apc-ups": POWERNET,
    "eaton-epdu": ("EATON-EPDU-MIB",),
    "liebert-environmental": LIEBERT,
    "liebert-mph": LIEBERT,
    "raritan-pdu2": ("PDU2-MIB",),
    "rfc1628-ups": ("UPS-MIB",),
    "servertech-sentry4": ("Sentry4-MIB",),
    "stulz-wib8000": ("Stulz-WIB8000-MIB",),
    "vertiv-geist-v5": ("VERTIV-V5-MIB",),
}
NO_FILE = {"rittal-lcp"}
"""Families whose MIB is not at hand; their files say where their knowledge comes from."""
ELSEWHERE = {  # objects of MIBs that are not at hand, where RFCs or public programs say they stand
    "sysDescr": "1.3.6.1.2.1.1.1",
    "entPhysicalSerialNum": "1.3.6.1.2.1.47.1.1.1.1.11",  # ENTITY-MIB (RFC 6933)
    "lgpAgentIdentModel": "1.3.6.1.4.1.476.1.42.2.1.2",
    "lgpAgentIdentFirmwareVersion": "1.3.6.1.4.1.476.1.42.2.1.3",
    "lgpAgentIdentSerialNumber": "1.3.6.1.4.1.476.1.42.2.1.4",
    "upsmgIdentFamilyName": "1.3.6.1.4.1.705.1.1.1",  # MG-SNMP-UPS-MIB
    "upsmgIdentFirmwareVersion": "1.3.6.1.4.1.705.1.1.4",
    "upsmgIdentSerialNumber": "1.3.6.1.4.1.705.1.1.7",
    "xupsIdentModel": "1.3.6.1.4.1.534.1.1.2",  # XUPS-MIB
    "xupsIdentSerialNumber": "1.3.6.1.4.1.534.1.1.6",
}
ASSIGNED = re.compile(
    r"^[ \t]*([a-zA-Z][\w-]*)[ \t]+(?:OBJECT-TYPE|OBJECT IDENTIFIER|OBJECT-IDENTITY|MODULE-IDENTITY)\b(.*?)"
    r"::=\s*\{([^}]*)\}",
    re.MULTILINE | re.DOTALL,
)
FIXED = {"enterprises": "1.3.6.1.4.1", "mib-2": "1.3.6.1.2.1"}


@cache
def objects(texts: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Object name -> identifier and definition, by following ::= { parent number } upwards."""
    found = {}
    for text in texts:
        found |= {one[1]: (one[3].split(), one[2]) for one in ASSIGNED.finditer(re.sub(r"--[^\n]*", "", text))}

    def place(name, depth=0):
        if name in FIXED:
            return FIXED[name]
        if name not in found or depth > 40:
            return None
        parent = place(found[name][0][0], depth + 1)
        return None if parent is None else f"{parent}.{found[name][0][-1]}"

    return {name: (place(name), definition) for name, (_, definition) in found.items()}


def known_objects(name, test_data):
    folder = test_data / "snmp" / "mibs"
    return objects(tuple((folder / file).read_text(errors="replace") for file in FILES[name]))


def columns_of(profile):
    yield profile.presence
    for label in (*profile.maker, *profile.model, *profile.serial, *profile.firmware):
        yield label.column
        yield from label.beside[:1] if label.beside else ()
    for table in profile.tables:
        yield from (one for one in (table.rows, table.type, *table.keys.values()) if one)
        for point in table.points:
            yield from (point.column, *(gate.column for gate in point.gates))
            yield from (part.column for part in (point.scale, point.unit) if part)
            yield from (match.object for match in point.where if match.object)
    for setting in profile.settings:
        yield from (setting.row.column, *(gate.column for gate in setting.gates))
    for switch in profile.switches:
        yield from (switch.state, *(command.column for command in switch.commands.values()))


def test_every_family_has_its_mib_or_says_that_there_is_none():
    assert set(FILES) | NO_FILE == set(PROFILES.all)


@pytest.mark.parametrize("name", FILES)
def test_every_row_of_a_shipped_profile_stands_where_its_mib_says(name, test_data):
    known = {one: place for one, (place, _) in known_objects(name, test_data).items()} | ELSEWHERE
    columns = list(columns_of(PROFILES.all[name]))
    wrong = {one.object: one.oid for one in columns if known.get(one.object) != one.oid.removesuffix(".0")}
    assert not wrong


@pytest.mark.parametrize("name", FILES)
def test_what_a_profile_writes_may_be_written(name, test_data):
    known = known_objects(name, test_data)
    profile = PROFILES.all[name]
    written = [setting.row.column for setting in profile.settings]
    written += [command.column for switch in profile.switches for command in switch.commands.values()]
    for column in written:
        assert re.search(r"ACCESS\s+(read-write|write-only)", known[column.object][1]), column.object


@pytest.mark.parametrize("name", FILES)
def test_what_is_written_has_the_type_of_its_mib(name, test_data):
    known = known_objects(name, test_data)
    profile = PROFILES.all[name]
    unsigned = {setting.row.column.object: setting.unsigned for setting in profile.settings}
    for switch in profile.switches:
        unsigned |= {command.column.object: False for command in switch.commands.values()}
    for written, is_unsigned in unsigned.items():
        if written in known:
            syntax = re.search(r"SYNTAX\s+(\w+)", known[written][1])[1]
            assert (syntax in ("Unsigned32", "Gauge32", "Gauge")) == is_unsigned, written


@pytest.mark.parametrize("name", FILES)
def test_a_table_has_the_index_of_its_mib(name, test_data):
    """As many parts as the INDEX of its entry names; AUGMENTS has those of the table that it augments."""
    known = known_objects(name, test_data)
    for table in PROFILES.all[name].tables:
        for column in (table.rows, *(point.column for point in table.points)):
            if column is None or column.scalar or not table.index:
                continue
            assert len(table.index) == index_of(column.oid.rpartition(".")[0], known), column.object


def index_of(entry, known):
    definition = next(definition for place, definition in known.values() if place == entry)
    if augmented := re.search(r"AUGMENTS\s*\{\s*([\w-]+)\s*\}", definition):
        return index_of(known[augmented[1]][0], known)
    return len(re.search(r"INDEX\s*\{([^}]*)\}", definition)[1].split(","))
