"""What no profile says: which stub speaks a family, how a device of a word is called, and what has no profile."""

from scripts.driver_docs.page import Family

STUBS = {
    "apc-rpdu": "mib_apc_rpdu.py",
    "apc-rpdu2": "mib_apc.py",
    "raritan-pdu2": "mib_raritan.py",
    "rfc1628-ups": "mib_ups.py",
    "sunspec": "modbus_sunspec.py",
}
"""By family; the file in `firmware_stubs`. What is not here is tested with agents that tests make from the MIB."""
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
    Family("gpu", "gpu", "graphics processors of this computer", "NVML, sysfs", "nvml_stub.c", "power limit"),
    Family("npu", "npu", "Intel's neural processors", "sysfs", "sysfs_tree.py", ""),
    Family("disk", "disk", "wear, health and temperature of disks", "NVMe, SMART, sysfs", "sysfs_tree.py", ""),
    Family("link", "link", "network, optics, InfiniBand, PCI Express", "sysfs", "sysfs_tree.py", ""),
    Family("powercap", "powercap", "energy of processors", "sysfs", "sysfs_tree.py", ""),
    Family("host", "host", "the computer that the agent runs on", "/proc", "", ""),
    Family("hwmon", "hwmon", "the kernel's own sensors", "sysfs", "sysfs_tree.py", ""),
)  # fmt: skip
"""What has a page that people write, because nothing is listed beforehand or the knowledge is code."""
