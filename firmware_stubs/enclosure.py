"""The pod's shell, as its contacts and probes show it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Enclosure:
    """Doors (open or not), smoke, leak cables ("dry", "leak", or "fault" where the cable is broken), tamper."""

    name: str = "enclosure-1"
    serial: str = ""
    doors: dict[str, bool] = field(default_factory=lambda: {"front": False, "rear": False})
    smoke: bool = False
    leak_cable: dict[str, str] = field(default_factory=lambda: {"floor": "dry", "cdu": "dry"})
    humidity_percent: float = 45.0
    temperature_c: float = 24.0
    tamper: bool = False
    strike_open: bool = False  # the door strike, which may be written; so may siren and light
    siren: bool = False
    light: bool = False
