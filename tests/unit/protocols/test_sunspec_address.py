"""Addresses of SunSpec devices."""

import pytest

from edgeagent.protocols.sunspec_address import SunSpecAddress, parse_sunspec_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sunspec://10.0.0.5", SunSpecAddress("10.0.0.5", 502, 1)),
        ("sunspec://10.0.0.5/126", SunSpecAddress("10.0.0.5", 502, 126)),
        ("modbus://bess:1502/0/", SunSpecAddress("bess", 1502, 0)),
        ("sunspec://[fe80::1]:502/3", SunSpecAddress("fe80::1", 502, 3)),
    ],
)
def test_an_address_has_a_host_a_port_and_a_unit(url, address):
    assert parse_sunspec_address(url) == address
    assert parse_sunspec_address(str(address)) == address


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("snmp://10.0.0.5", "must be sunspec://host:port/unit"),
        ("10.0.0.5", "must be sunspec://host:port/unit"),
        ("sunspec:///1", "without a host"),
        ("sunspec://host:0/1", "cannot use this port"),
        ("sunspec://host:99999/1", "cannot use this port"),
        ("sunspec://host/256", "cannot use unit"),
        ("sunspec://host/one", "cannot use unit"),
        ("sunspec://host/1/2", "cannot use unit"),
        ("sunspec://host/1?slow", "more than a host, a port and a unit"),
        ("sunspec://user@host/1", "more than a host, a port and a unit"),
    ],
)
def test_what_is_no_address_says_why(url, text):
    with pytest.raises(ValueError, match=text):
        parse_sunspec_address(url)
