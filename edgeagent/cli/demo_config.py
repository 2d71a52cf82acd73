"""The demo's configuration files, written from what the simulated pod tells about itself."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SITE, POD = "demo", "pod-1"
IPDU, GPU = "ipdu", "gpu"
AIR_UNIT, FAN = "generic-crac", "fan.1.setpoint"
SETTINGS = {
    "battery-1": """[devices.battery-1.set."setpoint.power"]
lowest = -3000
highest = 3000
tolerance = 60
every = "1 s"
""",
    "cdu-1": """[devices.cdu-1.set."pump.1.setpoint"]
lowest = 30
highest = 100
max_step = 20
tolerance = 1
every = "1 s"
""",
}
"""What a person may set there, as with `edgeagent override battery-1/setpoint.power 1500`."""
PROTECTION = """# The built-in tables, armed, and in a hurry: what takes minutes on a pod takes seconds here.
[autonomy]
stagger = "2 s"

[actuators]
restore_every = "1 s"

[limits.inlet-hot]
for = "4 s"
clear_for = "4 s"
max_change_per_s = 3.0

[limits.inlet-cool]
for = "6 s"
max_change_per_s = 3.0

[interlocks.hot-p3]
state = "in service"
clear_for = "4 s"

[interlocks.hot-p2]
state = "in service"

[interlocks.cool-again]
state = "in service"
"""


def broker_config(port: int) -> str:
    """A mosquitto that listens on loopback only and keeps nothing on the disk."""
    # Started by root, mosquitto would become another user, and the kernel would then forget that it dies with us.
    user = "user root\n" if os.geteuid() == 0 else ""
    return user + (
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "set_tcp_nodelay true\nlog_dest stdout\nmax_queued_messages 100000\n"
    )


def agent_config(pod: Mapping[str, Any], *, broker: str, keyring: Path, state: Path, runtime: Path) -> str:
    """An ``edgeagent.toml`` that reads every device of the simulated pod."""
    return "\n".join(_agent_lines(pod, broker, keyring, state, runtime)) + "\n"


def _agent_lines(pod: Mapping[str, Any], broker: str, keyring: Path, state: Path, runtime: Path) -> Iterator[str]:
    yield "# Written by `edgeagent demo`; a real pod's file looks the same."
    yield from ("[pod]", f'site = "{SITE}"', f'name = "{POD}"', "")
    yield from ("[daemon]", f"state = {_quoted(state)}", f"runtime = {_quoted(runtime)}", "")
    yield from ("[api]", "port = 0", "")
    yield from ("[uplink]", f'broker = "{broker}"', f"keyring = {_quoted(keyring)}", "")
    for device in readable(pod):
        yield from _device(device)
        if device.get("family") == AIR_UNIT:
            yield from _fan(device)
        yield from SETTINGS.get(device["name"], "").splitlines()
    yield from ("[devices.host]", 'driver = "host"', 'every = "5 s"', "")
    yield from ("[devices.chassis]", 'driver = "hwmon"', f"root = {_quoted(pod['sysfs'])}", 'every = "2 s"', "")
    yield from _site(pod)
    yield PROTECTION


def kinds(pod: Mapping[str, Any]) -> dict[str, int]:
    """How many of each driver's word there are, the most frequent first."""
    found = Counter(device["driver"] for device in readable(pod))
    return dict(found.most_common())


def spoken(pod: Mapping[str, Any]) -> str:
    """The kinds in words."""
    return ", ".join(f"{count} {word}" for word, count in kinds(pod).items())


def readable(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The devices that can be read here: simulated GPUs need a C compiler for their library."""
    return [device for device in pod["devices"] if device["driver"] != GPU or device["library"]]


def gpu_environment(pod: Mapping[str, Any]) -> dict[str, str]:
    """Where the agent finds the simulated NVIDIA library, if there is one."""
    found = next((device["library"] for device in readable(pod) if device["driver"] == GPU), None)
    return {"LD_LIBRARY_PATH": str(Path(found).parent)} if found else {}


def _device(device: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"[devices.{device['name']}]", f'driver = "{device["driver"]}"', 'every = "2 s"', 'timeout = "1 s"')
    if device["address"]:
        yield f'address = "{device["address"]}"'
    for key in ("community", "write_community", "user", "auth_key", "priv_key", "password"):
        if key in device:
            yield f'{key} = "{device[key]}"'
    if device["address"].startswith("modbus") and "family" in device:
        yield f'family = "{device["family"]}"'
    if device["driver"] == IPDU:
        yield from ("switchable = true", 'off_on_interval = "2 s"')
    for key in ("inputs", "outputs"):
        if key in device:
            yield f"[devices.{device['name']}.{key}]"
            yield from (f'{number} = "{name}"' for number, name in device[key].items())
    yield ""


def _fan(device: Mapping[str, Any]) -> Iterator[str]:
    """A fan that protection may drive: at 60 % by itself, at 100 % when an aisle is hot or blind."""
    name = device["name"]
    yield f'[devices.{name}.set."{FAN}"]'
    yield from ("lowest = 30", "highest = 100", "safe = 60", "tolerance = 2", 'every = "1 s"', "")
    yield from (f"[cooling.{name}]", f'target = "{name}/{FAN}"', "lowest = 30", "highest = 100", "safe = 60", "")


def _site(pod: Mapping[str, Any]) -> Iterator[str]:
    for rack in pod["racks"]:
        yield from (f"[racks.{rack['name']}]", 'aisle = "cold"')
        # Each simulated PDU has a probe in the inlet air of its rack; one of them is enough.
        probe = next((device["name"] for device in pod["devices"] if device.get("rack") == rack["name"]), None)
        yield from ([f'inlet = "{probe}/probe.1.temperature"', ""] if probe else [""])
    for device in (one for one in pod["devices"] if one["driver"] == IPDU):
        yield from (f"[pdus.{device['name']}]", f'feed = "{device["feed"]}"', f'rack = "{device["rack"]}"', "")
        yield from (f"[ratings.{device['name']}]", f"power_w = {device['rated_w']}", "")
    for load in pod["loads"]:
        cords = ", ".join(f'"{pdu}/outlet.{outlet}"' for pdu, outlet in load["cords"])
        yield from (f"[loads.{load['name']}]", f'class = "{load["class"]}"', f'rack = "{load["rack"]}"')
        yield from (f"cords = [{cords}]", "")


def noc_config(broker: str, key: Path, database: Path) -> str:
    """The NOC's configuration."""
    return (
        f'# Written by `edgeagent demo`.\n[noc]\nbroker = "{broker}"\n'
        f"signing_key = {_quoted(key)}\ndatabase = {_quoted(database)}\n"
    )


def _quoted(path: Path | str) -> str:
    """A path as TOML text, whatever stands in its name: JSON's escapes are TOML's too."""
    return json.dumps(str(path), ensure_ascii=False)
