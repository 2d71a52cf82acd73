"""SNMP addresses."""

import pytest

from edgeagent.protocols.snmp_address import Community, SnmpAddress, User, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("snmp://192.0.2.10", SnmpAddress("192.0.2.10", 161, v3=False)),
        ("snmp://pdu.example:1161", SnmpAddress("pdu.example", 1161, v3=False)),
        ("snmpv3://[2001:db8::1]:16100", SnmpAddress("2001:db8::1", 16100, v3=True)),
        ("snmpv3://192.0.2.10/", SnmpAddress("192.0.2.10", 161, v3=True)),
    ],
)
def test_an_address_is_a_url(url, address):
    assert parse_address(url) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "url",
    [
        "192.0.2.10",
        "http://192.0.2.10",
        "snmp://",
        "snmp://host:0",
        "snmp://host:99999",
        "snmp://host:x",
        "snmp://public@host",
        "snmp://host/path",
        "snmp://host?x=1",
        "",
    ],
)
def test_what_is_not_an_address_is_refused(url):
    with pytest.raises(ValueError):
        parse_address(url)


def test_no_secret_is_shown():
    assert "swordfish" not in repr(Community("swordfish"))
    assert "swordfish" not in repr(User("edge", "swordfish", "swordfish"))
