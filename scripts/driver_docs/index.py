"""The page that lists all families."""

from collections.abc import Iterable

from scripts.driver_docs.page import FOLDER, Family, table

HEAD = """<!-- Made by scripts/docs -->
# Devices that edgeagent speaks to

`driver` is a word that says what a device is; the scheme of its `address` says how to speak to it. Which family it is
of is found out, and `edgeagent probe URL` shows it before anything is configured."""
FOOT = """How to reach devices: [snmp.md](snmp.md), [modbus.md](modbus.md), [redfish.md](redfish.md),
[bacnet.md](bacnet.md).
Rack PDUs and their outlets: [ipdu.md](ipdu.md).
A family that is missing: [CONTRIBUTING.md](../../CONTRIBUTING.md#add-a-device-in-six-steps)."""


def text(families: Iterable[Family]) -> str:
    """The index."""
    rows = [
        [
            ", ".join(f"`{word}`" for word in one.word.split(", ")),
            f"[{one.name}]({one.path.relative_to(FOLDER)})",
            one.title,
            one.protocol,
            f"[{one.stub}](../../firmware_stubs/{one.stub})" if one.stub else "",
            one.writes,
        ]
        for one in families
    ]
    head = ["driver", "family", "devices", "speaks", "simulated by", "switched or set"]
    return f"{HEAD}\n\n{table(head, rows)}\n\n{FOOT}\n"
