"""The peer of the ``loop`` benchmark: a shell script over net-snmp's programs that reads, compares and sets.

It watches one value, looks at nothing before it sets, and writes nothing down.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from benchmarks.process import BenchError

TEMPERATURE = ".1.3.6.1.4.1.318.1.1.26.10.2.2.1.8.1"  # PowerNet-MIB rPDU2SensorTempHumidityStatusTempC
COMMAND = ".1.3.6.1.4.1.318.1.1.26.9.2.4.1.5"  # PowerNet-MIB rPDU2OutletSwitchedControlCommand
IMMEDIATE_ON = 1
LOW_TENTHS_C = 50  # always exceeded: each pass is one reaction
SCRIPT = """
for pass in $(seq "$1"); do
  value=$(snmpget -v2c -c "$3" -Oqv -t2 -r0 "$2" "$5") || exit 1
  if [ "$value" -gt "$7" ]; then snmpset -v2c -c "$4" -Oqv -t2 -r0 "$2" "$6" i "$8" >/dev/null || exit 1; fi
done
"""


def react(passes: int, device: Mapping[str, Any], port: int, outlet: int) -> None:
    """Let it read and set so many times; BenchError when it cannot."""
    access = (f"127.0.0.1:{port}", device["community"], device["write_community"])
    objects = (TEMPERATURE, f"{COMMAND}.{outlet}", str(LOW_TENTHS_C), str(IMMEDIATE_ON))
    command = ["/bin/sh", "-c", SCRIPT, "sh", str(passes), *access, *objects]
    done = subprocess.run(
        command, env={"MIBS": "", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"cannot measure net-snmp's programs: {done.stderr.strip() or done.returncode}")
