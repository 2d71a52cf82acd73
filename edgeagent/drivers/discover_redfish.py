"""Meeting a Redfish service: what it is foremost, by its root; a certificate that nobody knows is shown."""

import asyncio
import hashlib
import ssl
from collections.abc import Mapping

from edgeagent.drivers.found import AUTO, Found, Wish, met
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.redfish_device import BMC, RedfishOptions
from edgeagent.drivers.target import RedfishTarget
from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.protocols.redfish import ROOT, RedfishSession, lease
from edgeagent.protocols.redfish_address import RedfishAddress
from edgeagent.protocols.redfish_service import linked

REDFISH = "redfish"
UNITS: Mapping[str, Mapping[str, str]] = {
    "ThermalEquipment": {"CDUs": "cdu"},
    "PowerEquipment": {"RackPDUs": "ipdu", "FloorPDUs": "ipdu", "TransferSwitches": "ats"},
}
"""Collections of the service root, and the word of a device that has members there."""
TITLES = {"cdu": "coolant distribution unit", "ipdu": "rack PDU", "ats": "transfer switch", BMC: "BMC"}


async def meet_redfish(target: RedfishTarget, parts: Parts, wish: Wish) -> Found:
    """What answers at an address. Raises DeviceError."""
    if wish.family not in (AUTO, REDFISH):
        raise DeviceGarbled(f'cannot read the family "{wish.family}" over Redfish: it tells by itself what it has')
    hold = lease(parts.redfish, target.address, target.access, wish.wait_s)
    try:
        word = await _word(hold.open())
        return await _read(target, parts, wish, word)
    except DeviceRefused as error:
        if target.address.tls and target.access.fingerprint is None and "certificate" in str(error):
            raise DeviceRefused(f"{error}{await _shown(target.address, wish.wait_s)}") from None
        raise
    finally:
        await hold.close()


async def _read(target: RedfishTarget, parts: Parts, wish: Wish, word: str) -> Found:
    driver = RedfishOptions(target.address, target.access, word).build(wish.device, wish.times, parts)
    info, readings = await met(driver)
    return Found(driver, info, info.identity, word, REDFISH, f"{TITLES[word]} that speaks Redfish", readings)


async def _word(session: RedfishSession) -> str:
    root = await session.get(ROOT)
    if root is None:
        raise DeviceGarbled(f"cannot find a Redfish service: there is no resource at {ROOT}")
    for equipment, collections in UNITS.items():
        top = await session.get(path) if (path := linked(root.body.get(equipment))) else None
        for key, word in collections.items():
            if top is not None and (path := linked(top.body.get(key))):
                members = await session.get(path)
                if members is not None and members.body.get("Members"):
                    return word
    return BMC


async def _shown(address: RedfishAddress, wait_s: float) -> str:
    """What the service shows as its certificate, so that a person can compare it with the device's own."""
    try:
        ask = asyncio.to_thread(ssl.get_server_certificate, (address.host, address.port), timeout=wait_s)
        found = ssl.PEM_cert_to_DER_cert(await ask)
    except (OSError, ValueError):
        return ""
    print_ = hashlib.sha256(found).hexdigest()
    return f"; it shows sha256:{print_}: if that is the device's own, add ?fingerprint=sha256:{print_}"
