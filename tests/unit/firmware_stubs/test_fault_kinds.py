"""Every kind of fault of a plant and of its servers: what it does, and that it is gone when it is over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_stubs import faults
from firmware_stubs.describe_plant import plant_parts
from firmware_stubs.facility import Facility
from firmware_stubs.fault_cards import Wiring
from firmware_stubs.fault_kinds import FaultError, Part
from firmware_stubs.fault_plant import KINDS as PLANT_KINDS
from firmware_stubs.fault_servers import KINDS as SERVER_KINDS
from firmware_stubs.fault_servers import Gpu, WallClock
from firmware_stubs.faults import KINDS, Fault, FaultBoard
from firmware_stubs.faulty import Faulty
from firmware_stubs.layout import standard_pod
from firmware_stubs.nvml_build import GpuControl
from firmware_stubs.supply import Source
from firmware_stubs.weather import ClearSky
from firmware_stubs.world import World


class Rig:
    """A world with a plant, a server, a GPU and a clock, and the board that breaks them."""

    def __init__(self, folder: Path) -> None:
        self.world: World = standard_pod(1, 8, 3, ClearSky())
        assert isinstance(self.world.plant, Facility)
        self.plant: Facility = self.world.plant
        self.server, self.clock, self.gpus = Faulty(), WallClock(), GpuControl(folder)
        parts = [(name, Part(word, thing)) for name, word, thing in plant_parts(self.plant)]
        parts += [("feed-a", Part("feed", self.world.feeds["A"]))]
        parts += [("pdu-a1", Part("wiring", Wiring(self.world, self.world.pdus["pdu-a1"])))]
        parts += [("server-1", Part("server", self.server)), ("gpu-0", Part("gpu", Gpu(self.gpus, 0)))]
        parts += [("clock", Part("clock", self.clock))]
        self.board = FaultBoard({}, self.world.racks, None, parts, self.world.settle)

    def inject(self, device: str, kind: str, **options: Any) -> None:
        self.board.plan(Fault(device, kind, options=options))
        self.board.advance(0.0)

    @property
    def supply(self) -> Any:
        return self.plant.supply

    @property
    def cdu(self) -> Any:
        return self.plant.cdus["cdu-1"]

    @property
    def unit(self) -> Any:
        return self.plant.air_units["air-1a"]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


Sick = Callable[[Rig], Any]
LEVELS: list[tuple[str, str, dict[str, Any], Sick]] = [
    ("cdu-1", "leak", {}, lambda rig: rig.cdu.leak),
    ("cdu-1", "pump_stop", {"pump": 2}, lambda rig: not rig.cdu.pump_ok[1]),
    ("cdu-1", "filter_clog", {"share": 0.9}, lambda rig: rig.cdu.filter_clogged == 0.9),
    ("cdu-1", "valve_stuck", {}, lambda rig: rig.cdu.valve_stuck),
    ("air-1a", "fan_stop", {}, lambda rig: not rig.unit.fan_ok),
    ("air-1a", "compressor_fault", {}, lambda rig: not rig.unit.compressor_ok),
    ("air-1a", "filter_clog", {}, lambda rig: rig.unit.filter_clogged == 0.8),
    ("air-1a", "leak", {}, lambda rig: rig.unit.leak),
    ("water-1", "compressor_fault", {}, lambda rig: not rig.plant.water.compressor_ok),
    ("water-1", "pump_stop", {}, lambda rig: not rig.plant.water.pump_ok),
    ("water-1", "filter_clog", {}, lambda rig: rig.plant.water.filter_clogged > 0),
    ("battery-1", "bms_trip", {}, lambda rig: rig.supply.battery.fault),
    ("battery-1", "local_control", {}, lambda rig: rig.supply.battery.local),
    ("battery-1", "overheat", {"watts": 5000}, lambda rig: rig.supply.battery.own_heat_w == 5000),
    ("pv-1", "inverter_fault", {}, lambda rig: rig.supply.pv.fault),
    ("pv-1", "string_lost", {}, lambda rig: rig.supply.pv.strings_ok == 0.5),
    ("pv-1", "energy_asleep", {}, lambda rig: rig.supply.pv.energy_wh == 0 < rig.supply.pv.counter.total_wh),
    ("grid", "grid_loss", {}, lambda rig: not rig.supply.grid.live),
    ("grid", "brown_out", {"share": 0.3}, lambda rig: not rig.supply.utility_well),
    ("generator-1", "start_failure", {}, lambda rig: not rig.supply.generator.will_start),
    ("ats-1", "ats_stuck", {}, lambda rig: rig.supply.ats.stuck),
    ("ups-a", "ups_failure", {}, lambda rig: not rig.plant.upses["A"].ok),
    ("ups-a", "ups_battery_old", {}, lambda rig: rig.plant.upses["A"].replace_battery),
    ("dcplant-1", "rectifier_fault", {"rectifier": 3}, lambda rig: not rig.plant.dc.rectifiers[2]),
    ("feed-a", "feed_loss", {}, lambda rig: rig.world.pdus["pdu-a1"].power_w == 0),
    ("pdu-a1", "breaker_trip", {}, lambda rig: rig.world.pdus["pdu-a1"].branches[0].current_a == 0),
    ("enclosure-1", "door_open", {"door": "rear"}, lambda rig: rig.plant.enclosure.doors["rear"]),
    ("enclosure-1", "smoke", {}, lambda rig: rig.plant.enclosure.smoke),
    ("enclosure-1", "leak", {"cable": "cdu"}, lambda rig: rig.plant.enclosure.leak_cable["cdu"] == "leak"),
    ("enclosure-1", "leak_cable_fault", {}, lambda rig: rig.plant.enclosure.leak_cable["floor"] == "fault"),
    ("enclosure-1", "tamper", {}, lambda rig: rig.plant.enclosure.tamper),
    ("server-1", "hang", {}, lambda rig: rig.server.mute),
    ("server-1", "slow", {"delay_s": 3}, lambda rig: rig.server.slow_s == 3),
    ("server-1", "tcp_resets", {}, lambda rig: rig.server.take_reset()),
    ("server-1", "wrong_transaction", {}, lambda rig: rig.server.wrong_transaction),
    ("server-1", "exception", {"code": 6}, lambda rig: rig.server.exception_code == 6),
    ("server-1", "http_status", {}, lambda rig: rig.server.status_code == 503),
    ("server-1", "garbage", {}, lambda rig: rig.server.garbage),
    ("server-1", "sentinel", {}, lambda rig: rig.server.sentinel),
    ("server-1", "stuck", {}, lambda rig: rig.server.stuck),
    ("server-1", "fahrenheit", {}, lambda rig: rig.server.fahrenheit),
    ("server-1", "scale", {"factor": 100}, lambda rig: rig.server.factor == 100),
    ("server-1", "refuse_writes", {}, lambda rig: rig.server.refuse_writes),
    ("server-1", "ignore_writes", {}, lambda rig: rig.server.ignore_writes),
    ("server-1", "swap_identity", {"serial": "S9"}, lambda rig: rig.server.serial == "S9"),
    ("gpu-0", "gpu_lost", {}, lambda rig: rig.gpus.gpus[0].get("lost") == 1),
    ("gpu-0", "gpu_hang", {"hang_s": 30}, lambda rig: rig.gpus.gpus[0].get("hang_s") == 30),
]


@pytest.mark.parametrize(("device", "kind", "options", "sick"), LEVELS, ids=[f"{each[0]}-{each[1]}" for each in LEVELS])
def test_a_fault_holds_while_it_is_active(
    rig: Rig, device: str, kind: str, options: dict[str, Any], sick: Sick
) -> None:
    rig.world.advance(10.0)
    assert not sick(rig)
    rig.inject(device, kind, **options)
    assert sick(rig)
    rig.board.clear(device, kind)
    assert not sick(rig)


def test_an_energy_counter_that_is_reset_begins_at_zero_and_loses_nothing_of_the_truth(rig: Rig) -> None:
    rig.world.advance(600.0)
    counter = rig.supply.meter.imported
    truth_wh = counter.total_wh
    rig.inject("meter-1", "energy_reset")
    assert rig.supply.meter.imported_wh == 0
    rig.world.advance(600.0)
    assert 0 < rig.supply.meter.imported_wh < truth_wh + counter.total_wh


def test_an_energy_counter_that_wraps_goes_on_from_zero(rig: Rig) -> None:
    rig.world.advance(600.0)
    before_wh = rig.supply.meter.imported_wh
    rig.inject("meter-1", "energy_wrap", after_wh=3)
    rig.world.advance(600.0)
    assert 0 < rig.supply.meter.imported_wh < before_wh


def test_owed_resets_are_counted_down(rig: Rig) -> None:
    rig.inject("server-1", "tcp_reset", count=2)
    assert [rig.server.take_reset() for _ in range(3)] == [True, True, False]


def test_the_clock_on_the_wall_steps_forth_and_back(rig: Rig) -> None:
    told: list[float] = []
    rig.clock.told = told.append
    rig.inject("clock", "clock_step", step_s=7200)
    rig.inject("clock", "clock_step", step_s=200, back=True)
    assert told == [7200, 7000]


def test_a_trip_that_nobody_injected_is_not_taken_back_by_another_faults_end(rig: Rig) -> None:
    rig.supply.battery.fault, rig.supply.battery.trip_cause = True, "over-temperature"
    rig.inject("enclosure-1", "smoke")
    rig.board.clear()
    assert rig.supply.battery.fault


def test_faults_on_a_timetable_come_and_go_in_the_world(rig: Rig) -> None:
    rig.board.plan(Fault("grid", "grid_loss", at_s=100.0, for_s=200.0))
    seen = []
    for now_s in range(0, 600, 10):
        rig.board.advance(float(now_s))
        rig.world.advance(10.0)
        seen.append(rig.supply.source)
    assert [source for place, source in enumerate(seen) if place == 0 or seen[place - 1] is not source] == [
        Source.GRID,
        Source.ISLAND,
        Source.GRID,
    ]


@pytest.mark.parametrize(
    ("device", "kind", "options", "message"),
    [
        ("cdu-1", "pump_stop", {"pump": 3}, "no pump 3"),
        ("dcplant-1", "rectifier_fault", {"rectifier": 0}, "no rectifier 0"),
        ("enclosure-1", "door_open", {"door": "side"}, "no door 'side': it has front, rear"),
        ("enclosure-1", "leak", {"cable": "roof"}, "no cable 'roof'"),
        ("pdu-a1", "breaker_trip", {"branch": 9}, "no branch 9"),
        ("battery-1", "melt", {}, "it can have bms_trip, local_control, overheat"),
        ("moon-1", "melt", {}, "there is no device 'moon-1'"),
    ],
)
def test_a_fault_of_a_part_that_is_not_there_is_refused(
    rig: Rig, device: str, kind: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(FaultError, match=message):
        rig.inject(device, kind, **options)


def test_every_kind_of_a_plant_and_of_a_server_is_tested_here() -> None:
    text = Path(__file__).read_text()
    assert [kind for _, kind in (*PLANT_KINDS, *SERVER_KINDS) if f'"{kind}"' not in text] == []


def test_the_readme_names_every_kind() -> None:
    readme = (Path(faults.__file__).parent / "README.md").read_text()
    assert [kind for _, kind in KINDS if f"`{kind}`" not in readme] == []


def test_there_are_more_than_twenty_five_kinds() -> None:
    assert len({kind for _, kind in KINDS}) >= 25
