"""Faults of SNMP cards, of what is behind them, and of the controller's own sysfs tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware_stubs.fault_kinds import FaultError, Health, Kind, Kinds, Options, number, text
from firmware_stubs.racks import Pdu, Rack
from firmware_stubs.snmp_agent import SnmpAgent
from firmware_stubs.snmp_card import Card, Garbage
from firmware_stubs.snmp_table import OidTable
from firmware_stubs.sysfs_tree import SysfsTree
from firmware_stubs.world import World


@dataclass(frozen=True)
class Wiring:
    """A PDU in its world, for what breaks in front of its outlets."""

    world: World
    pdu: Pdu


class Address:
    """Where an agent listens, and what should be heard there; `others` are all of the pod."""

    def __init__(self, name: str, agent: SnmpAgent, others: Mapping[str, Address]) -> None:
        self.name = name
        self.agent = agent
        self._others = others
        self.home: tuple[Card, OidTable] = (agent.card, agent.table)

    def go_home(self) -> None:
        """Serve its own device."""
        self.agent.card, self.agent.table = self.home

    def other(self, name: str) -> Address:
        """Whom it would swap with: without a name the next of the same family; FaultError when there is none."""
        other = self._others.get(name) if name else self._next()
        if other is None or other is self:
            raise FaultError(f"{self.name} cannot swap addresses with {name!r}: name another PDU of this pod")
        return other

    def swap(self, name: str) -> None:
        """Serve the other's device, and the other this one's."""
        mine, theirs = self.agent, self.other(name).agent
        mine.card, theirs.card = theirs.card, mine.card
        mine.table, theirs.table = theirs.table, mine.table

    def _next(self) -> Address | None:
        enterprise = self.home[0].enterprise
        alike = [each for each in self._others.values() if each.home[0].enterprise == enterprise]
        return next((each for each in alike if each is not self), None)


def _set(name: str, *, value: object) -> Callable[[object, Options], None]:
    return lambda thing, _: setattr(thing, name, value)


def _take(name: str, option: str) -> Callable[[object, Options], None]:
    return lambda thing, options: setattr(thing, name, options[option])


def _restart(card: Card, options: Options) -> None:
    if options.get("engine_id_change"):
        card.replace()
    else:
        card.restart()


def _jump(card: Card, options: Options) -> None:
    card.engine_boots += round(number(options, "boots"))


def _spoil(card: Card, options: Options) -> None:
    card.garbage = Garbage(text(options, "mode"))


def _known_mode(_: Card, options: Options) -> None:
    if options["mode"] not in list(Garbage):
        raise FaultError(f"garbage has no mode {options['mode']!r}: it has {', '.join(Garbage)}")


def _swap_identity(card: Card, options: Options) -> None:
    card.serial = text(options, "serial") or f"X{card.serial}"


def _heal_card(card: Card) -> None:
    card.silent, card.delay_s, card.garbage, card.sensors_lost = False, 0.0, None, False
    card.probe_lost, card.probe_factor, card.fahrenheit = False, 1.0, False
    card.stuck, card.energy_asleep = False, False
    card.serial = card.own_serial


def _wrap_soon(card: Card, options: Options) -> None:
    for meter in card.meters:
        meter.wrap_after(number(options, "after_wh"))


def _hide(tree: SysfsTree, hidden: set[str], options: Options) -> None:
    hidden.add(text(options, "path") or tree.paths[0])


def _known_path(tree: SysfsTree, options: Options) -> None:
    path = text(options, "path")
    if path and path not in tree.paths:
        raise FaultError(f"the sysfs tree has no {path}: it has {', '.join(tree.paths)}")


def _heal_tree(tree: SysfsTree) -> None:
    tree.missing.clear()
    tree.garbage.clear()


def _heal_rack(rack: Rack) -> None:
    rack.hot_k = 0.0


def _heat(rack: Rack, options: Options) -> None:
    rack.hot_k += number(options, "kelvin")


def _close_breakers(wiring: Wiring) -> None:
    for branch in wiring.pdu.branches:
        if branch.tripped:
            wiring.world.trip(wiring.pdu.name, branch.number, tripped=False)


def _trip(wiring: Wiring, options: Options) -> None:
    wiring.world.trip(wiring.pdu.name, round(number(options, "branch")), tripped=True)


def _known_branch(wiring: Wiring, options: Options) -> None:
    numbers = [branch.number for branch in wiring.pdu.branches]
    if options["branch"] not in numbers:
        raise FaultError(f"{wiring.pdu.name} has no branch {options['branch']}: it has {numbers}")


def _reset_meters(card: Card, _: Options) -> None:
    for meter in card.meters:
        meter.reset()


KINDS: Kinds = {
    ("card", "hang"): Kind(_set("silent", value=True)),
    ("card", "slow"): Kind(_take("delay_s", "delay_s"), {"delay_s": 5.0}),
    ("card", "reset"): Kind(_restart, {"engine_id_change": False}, instant=True),
    ("card", "engine_time_reset"): Kind(lambda card, _: card.forget_time(), instant=True),
    ("card", "boots_jump"): Kind(_jump, {"boots": 1.0}, instant=True),
    ("card", "garbage"): Kind(_spoil, {"mode": "mixed"}, check=_known_mode),
    ("card", "sentinel"): Kind(_set("sensors_lost", value=True)),
    ("card", "probe_unplugged"): Kind(_set("probe_lost", value=True)),
    ("card", "probe_wrong"): Kind(_take("probe_factor", "factor"), {"factor": 10.0}),
    ("card", "fahrenheit"): Kind(_set("fahrenheit", value=True)),
    ("card", "stuck"): Kind(_set("stuck", value=True)),
    ("card", "card_reboot"): Kind(_set("silent", value=True), needs_end=True, end=lambda card, _: card.restart()),
    ("card", "swap_identity"): Kind(_swap_identity, {"serial": ""}),
    ("card", "energy_reset"): Kind(_reset_meters, instant=True),
    ("card", "energy_wrap"): Kind(_wrap_soon, {"after_wh": 5.0}, instant=True),
    ("card", "energy_asleep"): Kind(_set("energy_asleep", value=True)),
    ("address", "swap_addresses"): Kind(
        lambda address, options: address.swap(text(options, "with")),
        {"with": ""},
        check=lambda address, options: address.other(text(options, "with")),
    ),
    ("wiring", "breaker_trip"): Kind(_trip, {"branch": 1.0}, check=_known_branch),
    ("rack", "hot_inlet"): Kind(_heat, {"kelvin": 12.0}),
    ("host", "missing"): Kind(
        lambda tree, options: _hide(tree, tree.missing, options), {"path": ""}, check=_known_path
    ),
    ("host", "garbage"): Kind(
        lambda tree, options: _hide(tree, tree.garbage, options), {"path": ""}, check=_known_path
    ),
}
HEALTH: Mapping[str, Health] = {
    "card": _heal_card,
    "address": lambda address: address.go_home(),
    "wiring": _close_breakers,
    "rack": _heal_rack,
    "host": _heal_tree,
}
