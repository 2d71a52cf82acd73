"""The standard pods: how many racks, which PDUs, which loads hang where. Seeded; the same seed gives the same pod."""

from __future__ import annotations

import random

from firmware_stubs.layout_plant import build_plant
from firmware_stubs.racks import Branch, Cord, Feed, Load, Outlet, Pdu, Rack, ServiceClass, Wander
from firmware_stubs.weather import Weather
from firmware_stubs.world import World

OUTLETS_PER_BRANCH = 12
BRANCH_RATED_A = 16.0
OUTLET_RATED_A = 10.0
INLET_RATED_A = 32.0
OCCUPIED = 2 / 3  # share of the outlets that carry a cord
MAX_RACKS = 250
MAX_OUTLETS = 48
CLASSES = (ServiceClass.P1, ServiceClass.P2, ServiceClass.P3, ServiceClass.P2, ServiceClass.P3)


def standard_pod(racks: int, outlets: int, seed: int, weather: Weather | None = None) -> World:
    """Racks with a PDU on each feed; dual-corded servers, and from eight outlets on one single-corded P3 load.

    With a weather it has a plant that feeds and cools it.
    """
    rng = _rng(racks, outlets, seed)
    feeds = {name: _feed(rng, name) for name in ("A", "B")}
    world_racks, pdus, loads = {}, {}, {}
    for number in range(1, racks + 1):
        rack = Rack(f"rack-{number}")
        pair = [_pdu(rng, f"pdu-{feed.name.lower()}{number}", rack.name, feed, outlets) for feed in feeds.values()]
        world_racks[rack.name] = rack
        pdus.update({pdu.name: pdu for pdu in pair})
        loads.update({load.name: load for load in _rack_loads(rng, number, pair)})
    plant = None if weather is None else build_plant(list(world_racks.values()), loads.values(), weather, seed)
    return World(feeds=feeds, pdus=pdus, loads=loads, racks=world_racks, plant=plant)


def plain_pod(agents: int, outlets: int, seed: int) -> World:
    """Many small racks with one PDU each and single-corded loads: a crowd of agents for tests and benchmarks."""
    rng = _rng(agents, outlets, seed)
    feed = _feed(rng, "A")
    racks, pdus, loads = {}, {}, {}
    for number in range(1, agents + 1):
        rack = Rack(f"rack-{number}")
        pdu = _pdu(rng, f"pdu-a{number}", rack.name, feed, outlets)
        racks[rack.name], pdus[pdu.name] = rack, pdu
        loads.update({load.name: load for load in _rack_loads(rng, number, [pdu])})
    return World(feeds={feed.name: feed}, pdus=pdus, loads=loads, racks=racks)


def _rng(racks: int, outlets: int, seed: int) -> random.Random:
    if not (1 <= racks <= MAX_RACKS and 1 <= outlets <= MAX_OUTLETS):
        raise ValueError(f"a pod has 1 to {MAX_RACKS} racks of 1 to {MAX_OUTLETS} outlets, not {racks} of {outlets}")
    return random.Random(seed)


def _feed(rng: random.Random, name: str) -> Feed:
    return Feed(name, 230.0, _wander(rng, 0.006))


def _wander(rng: random.Random, size: float) -> Wander:
    """Three waves of half a minute to half an hour that together stay within `size` of 1."""
    periods = (rng.uniform(25, 60), rng.uniform(120, 400), rng.uniform(900, 1800))
    shares = (0.2, 0.3, 0.5)
    return Wander(tuple((size * s, period, rng.uniform(0, 6.283)) for s, period in zip(shares, periods, strict=True)))


def _pdu(rng: random.Random, name: str, rack: str, feed: Feed, outlets: int) -> Pdu:
    sockets = tuple(Outlet(number, OUTLET_RATED_A, energy_wh=rng.uniform(2e5, 3e6)) for number in range(1, outlets + 1))
    starts = range(0, outlets, OUTLETS_PER_BRANCH)
    branches = tuple(
        Branch(index, BRANCH_RATED_A, sockets[start : start + OUTLETS_PER_BRANCH])
        for index, start in enumerate(starts, 1)
    )
    energy_wh = sum(outlet.energy_wh for outlet in sockets)
    return Pdu(name, rack, feed, INLET_RATED_A, sockets, branches, energy_wh=energy_wh)


def _rack_loads(rng: random.Random, rack_number: int, pdus: list[Pdu]) -> list[Load]:
    sockets = len(pdus[0].outlets)
    count = max(1, round(sockets * OCCUPIED))
    numbers = sorted(rng.sample(range(1, sockets + 1), count))
    loads = [_server(rng, rack_number, index, socket, pdus) for index, socket in enumerate(numbers, 1)]
    if sockets >= 8:  # below that every socket is precious
        loads[-1] = _single(rng, rack_number, loads[-1])
    return loads


def _server(rng: random.Random, rack_number: int, index: int, socket: int, pdus: list[Pdu]) -> Load:
    return Load(
        name=f"r{rack_number}-srv-{index:02}",
        rack=pdus[0].rack,
        service_class=CLASSES[(index - 1) % len(CLASSES)],
        nominal_w=rng.uniform(110.0, 420.0),
        power_factor=rng.uniform(0.93, 0.99),
        cords=tuple(Cord(pdu, pdu.outlet(socket)) for pdu in pdus),
        wander=_wander(rng, 0.08),
    )


def _single(rng: random.Random, rack_number: int, server: Load) -> Load:
    """A small appliance with one supply in the place of a server: it dies with its feed."""
    return Load(
        name=f"r{rack_number}-kvm-01",
        rack=server.rack,
        service_class=ServiceClass.P3,
        nominal_w=rng.uniform(25.0, 45.0),
        power_factor=rng.uniform(0.85, 0.92),
        cords=server.cords[:1],
        wander=_wander(rng, 0.05),
    )
