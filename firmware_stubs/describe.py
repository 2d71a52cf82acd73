"""What a pod tells about itself: `pod.json` for whoever connects, `state` for whoever checks. Plain data only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from firmware_stubs.describe_plant import describe_plant, plant_state
from firmware_stubs.facility import Facility
from firmware_stubs.faults import Fault
from firmware_stubs.racks import Load, Outlet, Pdu
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.world import World


def describe_device(pdu: Pdu, card: Card, family: str, host: str, port: int) -> dict[str, Any]:
    """One entry of `devices` in pod.json."""
    entry = {
        "name": pdu.name,
        "kind": "rack_pdu",
        "driver": "ipdu",
        "address": f"{'snmp' if isinstance(card.access, V2cAccess) else 'snmpv3'}://{host}:{port}",
        "family": family,
        "rack": pdu.rack,
        "feed": pdu.feed.name,
        "outlets": len(pdu.outlets),
        "rated_w": pdu.rated_a * pdu.feed.nominal_v,
        "serial": card.serial,
        "host": host,
        "port": port,
    }
    return entry | _access(card)


def _access(card: Card) -> dict[str, str]:
    access = card.access
    if isinstance(access, V2cAccess):
        return {"version": "v2c", "community": access.read, "write_community": access.write}
    return {
        "version": "v3",
        "user": access.name,
        "auth_protocol": "SHA-256",
        "auth_key": access.auth_key,
        "priv_protocol": "AES-128",
        "priv_key": access.priv_key,
    }


def describe_site(world: World) -> dict[str, Any]:
    """Feeds, racks and loads with their cords."""
    racks = [
        {"name": rack, "pdus": [pdu.name for pdu in world.pdus.values() if pdu.rack == rack]} for rack in world.racks
    ]
    loads = [
        {"name": load.name, "rack": load.rack, "class": str(load.service_class), "cords": _cords(load)}
        for load in world.loads.values()
    ]
    plant = {"plant": describe_plant(world.plant)} if isinstance(world.plant, Facility) else {}
    return {"feeds": list(world.feeds), "racks": racks, "loads": loads, **plant}


def _cords(load: Load) -> list[list[str | int]]:
    return [[cord.pdu.name, cord.outlet.number] for cord in load.cords]


def describe_state(
    world: World, cards: dict[str, Card], active: Iterable[Fault], clock_offset_s: float = 0.0
) -> dict[str, Any]:
    """The truth of this moment, in the units that the keys name."""
    plant = {"plant": plant_state(world, world.plant)} if isinstance(world.plant, Facility) else {}
    return plant | {
        "clock_offset_s": clock_offset_s,
        "time_s": world.time_s,
        "ambient_c": world.ambient_c,
        "feeds": {
            feed.name: {"live": feed.live, "voltage_v": feed.voltage_v, "energy_wh": feed.energy_wh}
            for feed in world.feeds.values()
        },
        "racks": {
            rack.name: {"inlet_c": rack.inlet_c, "humidity_percent": rack.humidity_percent, "heat_w": rack.heat_w}
            for rack in world.racks.values()
        },
        "pdus": {name: _pdu_state(pdu, cards[name]) for name, pdu in world.pdus.items()},
        "loads": {
            load.name: {
                "class": str(load.service_class),
                "demand_w": load.demand_w,
                "power_w": load.power_w,
                "energy_wh": load.energy_wh,
                "cords": _cords(load),
            }
            for load in world.loads.values()
        },
        "faults": [
            {"id": fault.number, "device": fault.device, "kind": fault.kind, "at_s": fault.at_s, "for_s": fault.for_s}
            for fault in active
        ],
    }


def _pdu_state(pdu: Pdu, card: Card) -> dict[str, Any]:
    return {
        "power_w": pdu.power_w,
        "apparent_va": pdu.apparent_va,
        "current_a": pdu.current_a,
        "voltage_v": pdu.feed.voltage_v,
        "power_factor": pdu.power_factor,
        "energy_wh": pdu.energy_wh,
        "outlets": {str(outlet.number): _outlet_state(outlet) for outlet in pdu.outlets},
        "branches": {
            str(branch.number): {"current_a": branch.current_a, "tripped": branch.tripped} for branch in pdu.branches
        },
        "card": {
            "serial": card.serial,
            "engine_boots": card.engine_boots,
            "engine_id": card.engine_id.hex(),
            "uptime_s": card.uptime_s,
            "counts": dict(card.counts),
        },
    }


def _outlet_state(outlet: Outlet) -> dict[str, Any]:
    return {
        "on": outlet.on,
        "power_w": outlet.power_w,
        "current_a": outlet.current_a,
        "energy_wh": outlet.energy_wh,
        "pending": bool(outlet.pending),
    }
