"""Where a device is, with its credentials, as people type it."""

import pytest

from edgeagent.drivers.target import ModbusTarget, RedfishTarget, SnmpTarget, parse_target
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.redfish_address import Access, RedfishAddress
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

V3 = SnmpAddress("h", 161, v3=True)
USER = User("edge", "auth-secret", "priv-secret")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("snmp://10.0.0.1", SnmpTarget(SnmpAddress("10.0.0.1", 161, v3=False), Community("public"))),
        ("snmp://h:1161?community=s%26t+u", SnmpTarget(SnmpAddress("h", 1161, v3=False), Community("s&t+u"))),
        ("snmp://[::1]:162", SnmpTarget(SnmpAddress("::1", 162, v3=False), Community("public"))),
        ("snmpv3://edge@h?auth=auth-secret&priv=priv-secret", SnmpTarget(V3, USER)),
        ("snmpv3://h?user=edge&auth_key=auth-secret&priv_key=priv-secret", SnmpTarget(V3, USER)),
        ("modbus://h/7", ModbusTarget(ModbusAddress("h", 502, 7))),
        ("sunspec://h:1502", ModbusTarget(ModbusAddress("h", 1502, 1), sunspec=True)),
        ("redfish://h", RedfishTarget(RedfishAddress("h", 443), Access())),
        ("redfish+http://u:p%40q@h:8000", RedfishTarget(RedfishAddress("h", 8000, tls=False), Access("u", "p@q"))),
        ("redfish+http://u:p@h?login=basic", RedfishTarget(RedfishAddress("h", 80, tls=False), Access("u", "p", True))),
    ],
)
def test_a_url_says_where_a_device_is_and_with_what_it_is_asked(url, target):
    assert parse_target(url, {}) == target


def test_a_secret_may_come_from_the_environment_or_from_a_file(tmp_path):
    (tmp_path / "key").write_text("priv-secret\n")
    environment = {"EDGEAGENT_AUTH_KEY": "auth-secret", "EDGEAGENT_COMMUNITY": "hidden", "EDGEAGENT_PASSWORD": "p"}
    assert parse_target(f"snmpv3://edge@h?priv_key_file={tmp_path / 'key'}", environment) == SnmpTarget(V3, USER)
    assert parse_target("snmp://h", environment).access == Community("hidden")
    assert parse_target("snmp://h?community=given", environment).access == Community("given")
    assert parse_target("redfish://u@h", environment).access == Access("u", "p")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "must begin with one of snmp://"),
        ("10.0.0.1", "as in snmp://10.0.0.11"),
        ("http://h", "must begin with one of"),
        ("snmp:h", "must begin with one of"),
        ("snmp://", "without a host"),
        ("snmp://h:99999", "port"),
        ("snmp://h/1", "more than a host and a port"),
        ("snmp://u@h", "snmpv3:// for version 3"),
        ("snmp://h?comunity=x", "'comunity'"),
        ("snmp://h?community=a#b", "%23"),
        ("snmp://h?community_file=/nowhere/at/all", "/nowhere/at/all"),
        ("snmpv3://h?auth=auth-secret&priv=priv-secret", "without a user"),
        ("snmpv3://edge@h?auth=auth-secret", "EDGEAGENT_PRIV_KEY"),
        ("snmpv3://edge@h?auth=short&priv=priv-secret", "fewer than 8"),
        ("modbus://h/256", "unit"),
        ("redfish://u@h", "password"),
        ("redfish://h?fingerprint=1", "fingerprint"),
        ("snmp://[::1", "cannot use this URL"),
    ],
)
def test_what_cannot_be_meant_is_told(url, told):
    with pytest.raises(ValueError, match="cannot") as caught:
        parse_target(url, {})
    assert told in str(caught.value)


@pytest.mark.parametrize("url", ["snmp://h?community=swordfish&x=1", "snmpv3://e@h?auth=swordfish&priv=x"])
def test_no_message_repeats_a_secret(url):
    with pytest.raises(ValueError, match="cannot") as caught:
        parse_target(url, {})
    assert "swordfish" not in str(caught.value)
    target = parse_target("redfish://u:swordfish@h", {})
    assert "swordfish" not in repr(target) + str(target.address)
