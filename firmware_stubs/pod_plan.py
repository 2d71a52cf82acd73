"""What pod to build, and the command line that says so."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from firmware_stubs import mib_apc, mib_apc_rpdu, mib_eaton, mib_geist, mib_mph, mib_raritan, mib_sentry4
from firmware_stubs.faults import Fault, read_timetable
from firmware_stubs.trap_desk import place_of
from firmware_stubs.weather import MIDSUMMER_H

FAMILIES: Mapping[str, ModuleType] = {
    "raritan-pdu2": mib_raritan,
    "apc-rpdu": mib_apc_rpdu,
    "apc-rpdu2": mib_apc,
    "eaton-epdu": mib_eaton,
    "vertiv-geist-v5": mib_geist,
    "servertech-sentry4": mib_sentry4,
    "liebert-mph": mib_mph,
}
FAMILY_MIXES = ("standard", "mixed")
FAMILY_OF_FEED = {"A": "raritan-pdu2", "B": "apc-rpdu2"}
MIXED = ("raritan-pdu2", "eaton-epdu", "servertech-sentry4", "apc-rpdu2", "vertiv-geist-v5", "liebert-mph")
VERSION_OF_FAMILY = {"raritan-pdu2": "v3"}  # of the others v2c


@dataclass(frozen=True)
class PodPlan:
    """What to build. With `plain_agents` the pod is that many small PDUs of one family instead of racks with feeds.

    `speed` is how many seconds pass in the world per real second; faults and uptimes are in real seconds.
    """

    folder: Path
    racks: int = 2
    outlets: int = 24
    seed: int = 1
    speed: float = 1.0
    faults: Sequence[Fault] = ()
    served_log: Path | None = None
    plain_agents: int = 0
    plain_family: str = "apc-rpdu2"
    plant: bool = False  # with what feeds and cools the racks, and its devices
    weather: Path | None = None  # a trace, or a folder of them; None: never a cloud
    start_h: float = MIDSUMMER_H + 9.0  # hour of the year at which the world begins
    families: str = "standard"  # or mixed: rack PDUs, UPSes, coolers and transfer switch of all that speak SNMP
    version: str | None = None  # v2c or v3 for every agent; None: as the family has it
    traps: tuple[str, int] | None = None  # who hears of what happens to cards

    @property
    def mixed(self) -> bool:
        """Whether its devices are of all families; ValueError when it asks for what there is not."""
        if self.families not in FAMILY_MIXES:
            raise ValueError(f"families is {self.families!r}: it must be one of {', '.join(FAMILY_MIXES)}")
        return self.families == "mixed"

    def family_of(self, rack: int, feed: str) -> str:
        """The family of the PDU of a rack, counted from 0, on a feed; mixed: the two of a rack differ."""
        if self.plain_agents:
            return self.plain_family
        return MIXED[(rack + 3 * "AB".index(feed)) % len(MIXED)] if self.mixed else FAMILY_OF_FEED[feed]

    def version_of(self, family: str) -> str:
        """What version of SNMP an agent of a family speaks."""
        return self.version or VERSION_OF_FAMILY.get(family, "v2c")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="firmware_stubs.pod", description="Runs a simulated pod on loopback.")
    parser.add_argument("--dir", type=Path, required=True, help="folder for pod.json, sys/ and control.sock")
    parser.add_argument("--racks", type=int, default=2)
    parser.add_argument("--outlets", type=int, help="per PDU (default 24; 8 with --plain-agents)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same pod")
    parser.add_argument("--speed", type=float, default=1.0, help="world seconds per real second")
    parser.add_argument("--seconds", type=float, help="stop by itself after so long")
    parser.add_argument("--faults", type=Path, help="timetable: TOML with [[fault]] tables")
    parser.add_argument("--served-log", type=Path, help="JSON line per response sent")
    parser.add_argument("--plain-agents", type=int, default=0, metavar="N", help="N small PDUs instead of a pod")
    parser.add_argument("--plain-family", choices=sorted(FAMILIES), default="apc-rpdu2")
    parser.add_argument("--plant", action="store_true", help="with what feeds and cools the racks, and its devices")
    parser.add_argument("--families", choices=FAMILY_MIXES, default="standard", help="of what speaks SNMP")
    parser.add_argument("--weather", type=Path, help="hourly CSV, or a folder of them (default: a cloudless sky)")
    parser.add_argument("--start-hour", type=float, default=MIDSUMMER_H + 9.0, help="of the year, for sun and air")
    parser.add_argument("--version", choices=["v2c", "v3"], help="for every agent (default: as the family has it)")
    parser.add_argument("--traps", metavar="ADDRESS:PORT", help="who hears of tripped breakers, leaks, and more")
    return parser.parse_args(argv)


def plan_from(args: argparse.Namespace) -> PodPlan:
    """The plan of a command line; FaultError or OSError when its timetable cannot be read."""
    return PodPlan(
        folder=args.dir,
        racks=args.racks,
        outlets=args.outlets or (8 if args.plain_agents else 24),
        seed=args.seed,
        speed=args.speed,
        faults=read_timetable(args.faults.read_text()) if args.faults else (),
        served_log=args.served_log,
        plain_agents=args.plain_agents,
        plain_family=args.plain_family,
        plant=args.plant,
        weather=args.weather,
        start_h=args.start_hour,
        families=args.families,
        version=args.version,
        traps=None if args.traps is None else place_of(args.traps),
    )
