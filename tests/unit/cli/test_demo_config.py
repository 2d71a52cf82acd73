"""The demo's files are right wherever the demo's folder is."""

import tomllib
from pathlib import Path

from edgeagent.cli.demo_config import agent_config, noc_config

ODD = Path('/srv/my "pod" \\ ü 💧')
POD = {"devices": [], "racks": [], "loads": [], "sysfs": str(ODD / "sysfs")}


def test_a_folder_of_any_name_stands_in_the_agents_file() -> None:
    text = agent_config(POD, broker="mqtt://127.0.0.1:1", keyring=ODD / "keys", state=ODD / "state", runtime=ODD)
    read = tomllib.loads(text)
    assert read["daemon"] == {"state": str(ODD / "state"), "runtime": str(ODD)}
    assert read["uplink"]["keyring"] == str(ODD / "keys")
    assert read["devices"]["chassis"]["root"] == str(ODD / "sysfs")


def test_a_folder_of_any_name_stands_in_the_nocs_file() -> None:
    read = tomllib.loads(noc_config("mqtt://127.0.0.1:1", ODD / "key", ODD / "noc.db"))
    assert (read["noc"]["signing_key"], read["noc"]["database"]) == (str(ODD / "key"), str(ODD / "noc.db"))
