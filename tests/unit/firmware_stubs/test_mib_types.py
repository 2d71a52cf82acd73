"""Every row is what the vendor's MIB says: object number, type, and writable only where the MIB allows it."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from firmware_stubs import (
    mib_apc,
    mib_apc_ats,
    mib_apc_rpdu,
    mib_apc_ups,
    mib_eaton,
    mib_geist,
    mib_inrow,
    mib_liebert_env,
    mib_mph,
    mib_raritan,
    mib_sentry4,
    mib_stulz,
    mib_ups,
)
from firmware_stubs.energy import Battery, Generator, Grid, Meter, Pv, TransferSwitch, Ups
from firmware_stubs.layout import standard_pod
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_ber import Oid, Tag
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_table import OidTable, Row
from firmware_stubs.supply import Supply

OBJECT = re.compile(
    r"^\s*(?P<name>\w+)\s+OBJECT-TYPE\s+SYNTAX\s+(?P<syntax>(?:(?!OBJECT-TYPE).)*?)\s+(?:MAX-)?ACCESS\s+(?P<access>[\w-]+)"
    r"(?:(?!OBJECT-TYPE).)*?::=\s*\{\s*(?P<parent>\w+)\s+(?P<number>\d+)\s*\}",
    re.DOTALL | re.MULTILINE,
)
NODE = re.compile(
    r"^\s*(?P<name>\w+)\s+(?:OBJECT IDENTIFIER|(?:MODULE|OBJECT)-IDENTITY\s(?:(?!::=).)*?)\s*::="
    r"\s*\{\s*(?P<parent>[\w-]+)\s+(?P<number>\d+)\s*\}",
    re.DOTALL | re.MULTILINE,
)
CONVENTION = re.compile(
    r"^[ \t]*(?P<name>\w+)\s*::=\s*(?:TEXTUAL-CONVENTION(?:(?!SYNTAX).)*?SYNTAX\s+)?(?P<syntax>\w[\w ]*)",
    re.DOTALL | re.MULTILINE,
)
TAGS = {
    "INTEGER": Tag.INTEGER,
    "Integer32": Tag.INTEGER,
    "TruthValue": Tag.INTEGER,
    "Unsigned32": Tag.GAUGE32,
    "Gauge": Tag.GAUGE32,
    "Gauge32": Tag.GAUGE32,
    "Counter": Tag.COUNTER32,
    "Counter64": Tag.COUNTER64,
    "TimeTicks": Tag.TIME_TICKS,
    "DisplayString": Tag.OCTETS,
    "SnmpAdminString": Tag.OCTETS,
    "OCTET": Tag.OCTETS,
    "BITS": Tag.OCTETS,
    "OBJECT": Tag.OBJECT_ID,
}


class Mib:
    """Just enough of a MIB parser: where an object is, what it is made of, who may write it."""

    def __init__(self, text: str) -> None:
        text = re.sub(r'"[^"]*"|--[^\n]*', '""', text)  # whichever of text and comment comes first hides the other
        self.parents = {m["name"]: (m["parent"], int(m["number"])) for m in NODE.finditer(text)}
        self.objects = {m["name"]: m for m in OBJECT.finditer(text)}
        self.parents |= {name: (m["parent"], int(m["number"])) for name, m in self.objects.items()}
        self.conventions = {m["name"]: m["syntax"].split()[0] for m in CONVENTION.finditer(text)}

    def oid(self, name: str) -> Oid:
        if name == "enterprises":
            return (1, 3, 6, 1, 4, 1)
        if name == "mib-2":
            return (1, 3, 6, 1, 2, 1)
        parent, number = self.parents[name]
        return (*self.oid(parent), number)

    def tag(self, name: str) -> Tag:
        word = re.split(r"[\s({]", self.objects[name]["syntax"].strip())[0]
        return TAGS[word] if word in TAGS else TAGS[self.conventions[word]]

    def writable(self, name: str) -> bool:
        return self.objects[name]["access"] == "read-write"


def rack_pdu(module: ModuleType) -> OidTable:
    world = standard_pod(1, 24, 1)
    card = Card("pdu-a1", V2cAccess(), module.ENTERPRISE, "S1", now=lambda: 0.0)
    table: OidTable = module.build(world, world.pdus["pdu-a1"], card)
    return table


def card(module: ModuleType) -> Card:
    return Card("device-1", V2cAccess(), module.ENTERPRISE, "S1", now=lambda: 0.0)


def supply() -> Supply:
    return Supply(Grid(), Meter("meter-1"), Battery("battery-1"), Pv("pv-1"), Generator(), TransferSwitch())


AIR = AirUnit("air-1a", "aisle-1")
LIEBERT = "LIEBERT-GP-REGISTRATION-MIB"
FAMILIES = {
    "apc": (["PowerNet-MIB"], lambda: rack_pdu(mib_apc)),
    "apc-rpdu": (["PowerNet-MIB"], lambda: rack_pdu(mib_apc_rpdu)),
    "raritan": (["PDU2-MIB"], lambda: rack_pdu(mib_raritan)),
    "eaton": (["EATON-EPDU-MIB"], lambda: rack_pdu(mib_eaton)),
    "geist": (["VERTIV-V5-MIB"], lambda: rack_pdu(mib_geist)),
    "sentry4": (["Sentry4-MIB"], lambda: rack_pdu(mib_sentry4)),
    "mph": (["LIEBERT-GP-PDU-MIB", LIEBERT], lambda: rack_pdu(mib_mph)),
    "ups": (["UPS-MIB"], lambda: mib_ups.build(Ups("ups-a", "A"), card(mib_ups))),
    "apc-ups": (["PowerNet-MIB"], lambda: mib_apc_ups.build(Ups("ups-a", "A"), card(mib_apc_ups))),
    "apc-ats": (["PowerNet-MIB"], lambda: mib_apc_ats.build(supply(), card(mib_apc_ats))),
    "inrow": (["PowerNet-MIB"], lambda: mib_inrow.build(AIR, card(mib_inrow))),
    "liebert": (["LIEBERT-GP-ENVIRONMENTAL-MIB", LIEBERT], lambda: mib_liebert_env.build(AIR, card(mib_liebert_env))),
    "stulz": (["Stulz-WIB8000-MIB"], lambda: mib_stulz.build([AIR, AIR], card(mib_stulz))),
}
"""Not here: the Rittal, and lgpAgentIdent of the Liebert cooler, whose MIB files are not among the test data."""


@pytest.fixture(scope="module", params=FAMILIES.values(), ids=list(FAMILIES))
def family(request: pytest.FixtureRequest, test_data: Path) -> tuple[Mib, OidTable]:
    names, build = request.param
    paths = [test_data / "snmp" / "mibs" / name for name in names]
    for path in paths:
        if not path.is_file():
            pytest.skip(f"no MIB at {path}")
    return Mib("\n".join(path.read_text(errors="replace") for path in paths)), build()


def vendor_rows(table: OidTable) -> Iterator[Row]:
    ident = mib_liebert_env.IDENT
    ours = (row for row in table if row.oid[: len(ident)] != ident)
    return (row for row in ours if row.oid[:6] == (1, 3, 6, 1, 4, 1) or row.oid[:7] == mib_ups.UPS)


def test_every_row_has_the_oid_that_the_mib_gives_its_object(family: tuple[Mib, OidTable]) -> None:
    mib, table = family
    assert {row.name: row.object_oid for row in vendor_rows(table)} == {
        row.name: mib.oid(row.name) for row in vendor_rows(table)
    }


def test_every_row_has_the_type_that_the_mib_gives_its_object(family: tuple[Mib, OidTable]) -> None:
    mib, table = family
    assert {row.name: row.tag for row in vendor_rows(table)} == {
        row.name: mib.tag(row.name) for row in vendor_rows(table)
    }


def test_only_what_the_mib_makes_writable_can_be_set(family: tuple[Mib, OidTable]) -> None:
    mib, table = family
    assert [row.name for row in vendor_rows(table) if row.setter and not mib.writable(row.name)] == []


def test_every_value_suits_its_type(family: tuple[Mib, OidTable]) -> None:
    _, table = family
    for row in table:
        value = row.binding().value
        expected = {Tag.OCTETS: bytes, Tag.OBJECT_ID: tuple}.get(row.tag, int)
        assert isinstance(value, expected), row.name
        if row.tag in (Tag.GAUGE32, Tag.TIME_TICKS):
            assert 0 <= value < 2**32, row.name
        if row.tag is Tag.INTEGER:
            assert -(2**31) <= value < 2**31, row.name
