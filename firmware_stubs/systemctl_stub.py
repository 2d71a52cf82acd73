"""A stand-in for `systemctl` (systemd 252): units whose states and faults stand in a JSON file.

    python systemctl_stub.py STATE [OPTION...] show|freeze|thaw|start|stop|set-property UNIT [PROPERTY=VALUE]

STATE names a file: ``{"units": {NAME: {"ActiveState": "active", "FreezerState": "running", "CPUWeight": "[not set]"}},
"faults": {"hang_s": 0, "deny": false, "no_bus": false, "ignore": false}}``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

VERBS = {"freeze", "thaw", "start", "stop"}
EFFECTS = {
    "freeze": ("FreezerState", "frozen"),
    "thaw": ("FreezerState", "running"),
    "start": ("ActiveState", "active"),
    "stop": ("ActiveState", "inactive"),
}


def main(arguments: list[str]) -> int:
    """Do what systemctl would; its exit status."""
    path = Path(arguments[0])
    state = json.loads(path.read_text(encoding="utf-8"))
    faults = state.get("faults", {})
    options = [word for word in arguments[1:] if word.startswith("-")]
    verb, unit, *rest = [word for word in arguments[1:] if not word.startswith("-")]
    time.sleep(faults.get("hang_s", 0))
    if faults.get("no_bus"):
        return _say("System has not been booted with systemd as init system (PID 1). Can't operate.")
    if verb == "show":
        return _show(state["units"].get(unit), options)
    if faults.get("deny"):
        return _say(f"Failed to {verb} {unit}: Interactive authentication required.")
    if unit not in state["units"]:
        return _say(f"Failed to {verb} {unit}: Unit {unit} not found.", 5)
    if not faults.get("ignore"):
        _change(state["units"][unit], verb, rest)
        path.write_text(json.dumps(state), encoding="utf-8")
    return 0


def _show(unit: dict[str, str] | None, options: list[str]) -> int:
    wanted = next(word.removeprefix("--property=") for word in options if word.startswith("--property="))
    known = (
        {"LoadState": "loaded", **unit} if unit is not None else {"LoadState": "not-found", "ActiveState": "inactive"}
    )
    for name in wanted.split(","):
        print(f"{name}={known.get(name, '')}")
    return 0


def _change(unit: dict[str, Any], verb: str, rest: list[str]) -> None:
    if verb in VERBS:
        name, word = EFFECTS[verb]
        if verb == "stop" and unit["FreezerState"] == "frozen":
            return  # it cannot act on it
        unit[name] = word
    else:
        name, _, word = rest[0].partition("=")
        unit[name] = word


def _say(text: str, status: int = 1) -> int:
    print(text, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
