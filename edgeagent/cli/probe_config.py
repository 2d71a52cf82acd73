"""What ``edgeagent probe --config`` prints: the table of a device to paste; secrets by the name of a credential."""

import ipaddress
import re

from edgeagent.cli.probe_table import who
from edgeagent.config.tree import quoted
from edgeagent.drivers.discover_modbus import SUNSPEC
from edgeagent.drivers.found import Found
from edgeagent.drivers.standard_device import STANDARD
from edgeagent.drivers.target import BacnetTarget, ModbusTarget, RedfishTarget, SnmpTarget, Target
from edgeagent.model.errors import DeviceGarbled
from edgeagent.protocols.snmp_address import User

MAX_NAME = 63
CREDENTIALS = "/etc/edgeagent/credentials"
ANY_WORD = "ipdu"
"""The word of what has no profile: ``family = "standard"`` reads the same under every word of SNMP."""


def toml(target: Target, found: Found) -> str:
    """The table of this device. Raises DeviceGarbled where nothing of this release reads it."""
    if not found.family and not isinstance(target, SnmpTarget):
        raise DeviceGarbled(
            f"cannot write a configuration for {target.address}: no profile describes it; name one with --family, or"
            " write one and name it as profile = FILE"
        )
    name = name_of(target, found)
    lines = [f"# {who(found)}", f"[devices.{name}]", *_driver(target, found), *_access(target, name)]
    if serial := found.info.identity.serial:
        lines.append(f"serial = {quoted(serial)}  # another one that answers here is not read")
    return "\n".join(lines)


def name_of(target: Target, found: Found) -> str:
    """A name to begin with: the host's, or what it is and its address."""
    host = target.address.host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        text = host.partition(".")[0]
    else:
        text = f"{found.word or 'device'}-{host}"
    if isinstance(target, ModbusTarget) and target.address.unit != 1:
        text += f"-{target.address.unit}"
    if isinstance(target, BacnetTarget) and target.address.instance is not None:
        text += f"-{target.address.instance}"
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_NAME] or "device"


def _driver(target: Target, found: Found) -> list[str]:
    address = str(target.address)
    if found.family == SUNSPEC:
        address = address.replace("modbus://", "sunspec://", 1)
    if not found.family:
        return [
            f"driver = {quoted(found.word or ANY_WORD)}  # or another word for what it is",
            f"address = {quoted(address)}",
            f"family = {quoted(STANDARD)}  # no profile knows it: it is read by the standard MIBs",
        ]
    lines = [f"driver = {quoted(found.word)}", f"address = {quoted(address)}"]
    tells = isinstance(target, RedfishTarget) or found.family == SUNSPEC
    return lines if tells else [*lines, f"family = {quoted(found.family)}"]


def _access(target: Target, name: str) -> list[str]:
    if isinstance(target, RedfishTarget):
        return _redfish(target, name)
    if isinstance(target, ModbusTarget | BacnetTarget):
        return []
    if isinstance(target.access, User):
        user = f"user = {quoted(target.access.name)}"
        return [user, _credential("auth_key", "snmp-auth-key"), _credential("priv_key", "snmp-priv-key")]
    return [_credential("community", "snmp-community")]


def _redfish(target: RedfishTarget, name: str) -> list[str]:
    access = target.access
    lines = []
    if access.user:
        lines += [f"user = {quoted(access.user)}", _credential("password", f"{name}-password")]
    if access.basic:
        lines.append('login = "basic"')
    if access.fingerprint is not None:
        lines.append(f"fingerprint = {quoted(f'sha256:{access.fingerprint.hex()}')}")
    if access.ca is not None:
        lines.append(f"ca = {quoted(str(access.ca.absolute()))}")
    return lines


def _credential(key: str, name: str) -> str:
    return f'{key} = {{ credential = "{name}" }}  # the file {CREDENTIALS}/{name}, see docs/install.md'
