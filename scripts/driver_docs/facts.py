"""What no profile says: which stub speaks a family, how a device of a word is called, and what has no profile."""

from scripts.driver_docs.page import Family

STUBS = {
    "apc-ats": "mib_apc_ats.py",
    "apc-inrow": "mib_inrow.py",
    "apc-rpdu": "mib_apc_rpdu.py",
    "apc-rpdu2": "mib_apc.py",
    "apc-ups": "mib_apc_ups.py",
    "bacnet-crac": "bacnet_unit.py",
    "dc-plant": "modbus_power.py",
    "dry-contact-io": "modbus_io.py",
    "dse-genset": "modbus_power.py",
    "eaton-epdu": "mib_eaton.py",
    "facility-water": "modbus_cdu.py",
    "generic-cdu": "modbus_cdu.py",
    "generic-crac": "modbus_cdu.py",
    "liebert-environmental": "mib_liebert_env.py",
    "liebert-mph": "mib_mph.py",
    "modbus-ats": "modbus_power.py",
    "raritan-pdu2": "mib_raritan.py",
    "rfc1628-ups": "mib_ups.py",
    "rittal-lcp": "mib_rittal.py",
    "servertech-sentry4": "mib_sentry4.py",
    "stulz-wib8000": "mib_stulz.py",
    "sunspec": "modbus_sunspec.py",
    "vertiv-geist-v5": "mib_geist.py",
}
"""By family; the file in `firmware_stubs`. What is not here has none."""
DEVICES = {
    "ipdu": "pdu-a1",
    "ups": "ups-a",
    "ats": "ats-1",
    "dcplant": "dcplant-1",
    "cooling": "crac-1",
    "cdu": "cdu-1",
    "inverter": "pv-1",
    "battery": "battery-1",
    "meter": "meter-1",
    "generator": "generator-1",
    "water": "water-1",
    "enclosure": "enclosure-1",
}
"""By word: what samples call a device of it."""
BY_HAND = (
    Family("bmc, ipdu, ats, cdu, cooling", "redfish", "any Redfish service", "Redfish", "redfish_bmc.py",
           "outlets; set points of pumps, supply temperatures, flows"),
    Family("cooling, cdu, water, enclosure", "bacnet", "any BACnet/IP device, by its objects' names", "BACnet/IP",
           "bacnet_unit.py", "outputs and values, at a priority"),
    Family("enclosure", "gpio", "contacts on this computer's own lines", "GPIO", "", ""),
    Family("gpu", "gpu", "graphics processors of this computer", "NVML, sysfs", "nvml_stub.c", "power limit"),
    Family("npu", "npu", "Intel's neural processors", "sysfs", "sysfs_tree.py", ""),
    Family("disk", "disk", "wear, health and temperature of disks", "NVMe, SMART, sysfs", "sysfs_tree.py", ""),
    Family("link", "link", "network, optics, InfiniBand, PCI Express", "sysfs", "sysfs_tree.py", ""),
    Family("powercap", "powercap", "energy of processors", "sysfs", "sysfs_tree.py", ""),
    Family("host", "host", "the computer that the agent runs on", "/proc", "", ""),
    Family("hwmon", "hwmon", "the kernel's own sensors", "sysfs", "sysfs_tree.py", ""),
)  # fmt: skip
"""What has a page that people write, because nothing is listed beforehand or the knowledge is code."""
WIRED = {
    "dry-contact-io": """
[devices.enclosure-1.inputs]
1 = "door.front normally closed"
2 = "smoke.1"
3 = "leak.1"
4 = "leak.1.fault normally closed"  # the second contact of the same detector
5 = "tamper.1"

[devices.enclosure-1.outputs]
1 = "siren.1"
2 = "lock.front"

[devices.enclosure-1.set."siren.1.state"]
words = ["on", "off"]
safe = "off"
"""
}
"""Samples of families whose contacts a person wires."""


def stub_of(family: str) -> str:
    """The file that speaks it, or nothing."""
    return STUBS.get(family, "")
