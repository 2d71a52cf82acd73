"""collectd as the peer: its snmp plugin reads the same rack PDUs every 10 s, its mqtt plugin publishes them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.process import server

TOPIC = "collectd/#"
PERIOD_S = 10
RPDU2 = ".1.3.6.1.4.1.318.1.1.26"  # { hardware 26 } of PowerNet-MIB
COLUMNS = {  # per outlet
    "state": f"{RPDU2}.9.2.3.1.5",  # rPDU2OutletSwitchedStatusState
    "current": f"{RPDU2}.9.4.3.1.6",  # rPDU2OutletMeteredStatusCurrent
    "power": f"{RPDU2}.9.4.3.1.7",  # rPDU2OutletMeteredStatusPower
    "peak": f"{RPDU2}.9.4.3.1.8",  # rPDU2OutletMeteredStatusPeakPower
    "energy": f"{RPDU2}.9.4.3.1.11",  # rPDU2OutletMeteredStatusEnergy
    "phase_current": f"{RPDU2}.6.3.1.5",  # rPDU2PhaseStatusCurrent
    "phase_voltage": f"{RPDU2}.6.3.1.6",  # rPDU2PhaseStatusVoltage
    "phase_power": f"{RPDU2}.6.3.1.7",  # rPDU2PhaseStatusPower
    "bank_current": f"{RPDU2}.8.3.1.5",  # rPDU2BankStatusCurrent
    "device_power": f"{RPDU2}.4.3.1.5",  # rPDU2DeviceStatusPower
    "device_energy": f"{RPDU2}.4.3.1.9",  # rPDU2DeviceStatusEnergy
}


def configuration(devices: Sequence[Mapping[str, Any]], broker_port: int, folder: Path) -> str:
    """collectd.conf(5) for these PDUs."""
    names = " ".join(f'"{name}"' for name in COLUMNS)
    data = "\n".join(
        f'  <Data "{name}">\n    Table true\n    Type "gauge"\n    TypeInstanceOID ""\n'
        f'    TypeInstancePrefix "{name}."\n    Values "{oid}"\n  </Data>'
        for name, oid in COLUMNS.items()
    )
    hosts = "\n".join(
        f'  <Host "{device["name"]}">\n    Address "{device["host"]}:{device["port"]}"\n    Version 2\n'
        f'    Community "{device["community"]}"\n    BulkSize 24\n    Collect {names}\n  </Host>'
        for device in devices
    )
    return (
        f'Hostname "bench"\nFQDNLookup false\nInterval {PERIOD_S}\nReadThreads 2\nBaseDir "{folder}"\n'
        'PluginDir "/usr/lib/collectd"\nTypesDB "/usr/share/collectd/types.db"\n'
        f'LoadPlugin logfile\n<Plugin logfile>\n  LogLevel "warning"\n  File "STDERR"\n</Plugin>\n'
        f"LoadPlugin snmp\n<Plugin snmp>\n{data}\n{hosts}\n</Plugin>\n"
        f'LoadPlugin mqtt\n<Plugin mqtt>\n  <Publish "bench">\n    Host "127.0.0.1"\n    Port "{broker_port}"\n'
        '    ClientId "collectd"\n    Prefix "collectd"\n    QoS 1\n  </Publish>\n</Plugin>\n'
    )


@contextlib.contextmanager
def collectd(devices: Sequence[Mapping[str, Any]], broker_port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running collectd."""
    config = folder / "collectd.conf"
    config.write_text(configuration(devices, broker_port, folder))
    command = ["/usr/sbin/collectd", "-f", "-C", str(config), "-P", str(folder / "collectd.pid")]
    with server(command, folder / "collectd.log", {"MIBS": ""}) as child:
        yield child
