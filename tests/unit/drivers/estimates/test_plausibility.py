import random

import pytest

from edgeagent.drivers.estimates.dew import dew_point_c
from edgeagent.drivers.estimates.judge import Judge
from edgeagent.drivers.estimates.majority import Sight, culprits
from edgeagent.drivers.estimates.sums import odd_one
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.model.units import Kind
from tests.unit.drivers.estimates.matrix import falsely_marked, missed
from tests.unit.drivers.estimates.meters import DEVICE, POLL_S, Bench, described, meter, readings


class Device:
    """A device of a few points before its judge, polled every 10 s."""

    def __init__(self, **kinds: Kind) -> None:
        self.names = {name.replace("__", "."): kind for name, kind in kinds.items()}
        self.judge = Judge(DEVICE, described(self.names))
        self.now_s = 1000.0

    def poll(self, values: dict[str, float | None], times: int = 1) -> dict[str, Reading]:
        """The readings by name, after the same values came so often; None is a failed read."""
        out: dict[str, Reading] = {}
        for _ in range(times):
            self.now_s += POLL_S
            good = readings({name: value for name, value in values.items() if value is not None}, self.now_s)
            failed = [
                bad(reading.point, Reason.DISCONNECTED, self.now_s)
                for reading in readings({name: 0.0 for name, value in values.items() if value is None}, self.now_s)
            ]
            found, _ = self.judge.take("fast", [*good, *failed], self.now_s)
            out = {reading.point.partition("/")[2]: reading for reading in found}
        return out


def marked(found: dict[str, Reading]) -> set[str]:
    return {name for name, one in found.items() if one.quality is Quality.UNCERTAIN}


def outlet(**values: float) -> dict[str, float | None]:
    return {f"outlet.1.{name}": value for name, value in values.items()}


OUTLET = {
    f"outlet__1__{name}": kind
    for name, kind in {
        "power": Kind.POWER,
        "voltage": Kind.VOLTAGE,
        "current": Kind.CURRENT,
        "power_factor": Kind.POWER_FACTOR,
    }.items()
}


def test_of_a_hundred_and_fifty_honest_groups_none_is_marked() -> None:
    assert {seed: found for seed in range(150) if (found := falsely_marked(seed))} == {}


def test_a_wrong_scale_is_found_in_every_group_in_which_something_tells() -> None:
    assert [words for seed in range(150) if (words := missed(10**6 + seed))] == []


def test_a_mark_hides_nothing() -> None:
    device = Device(**OUTLET)
    found = device.poll(outlet(power=4600.0, voltage=230.0, current=2.0, power_factor=0.98), 3)
    reading = found["outlet.1.power"]
    assert (reading.value, reading.quality, reading.reason) == (4600.0, Quality.UNCERTAIN, Reason.IMPLAUSIBLE)
    assert "outlet.1" in device.judge.marked[reading.point]


def test_power_that_disagrees_with_current_leaves_voltage_alone() -> None:
    found = Device(**OUTLET).poll(outlet(power=4600.0, voltage=230.0, current=2.0, power_factor=0.98), 3)
    assert marked(found) == {"outlet.1.power", "outlet.1.current"}


@pytest.mark.parametrize(
    ("wrong", "value"), [("voltage", 23.0), ("power_factor", 0.098), ("voltage", 2300.0), ("power_factor", 9.8)]
)
def test_what_is_wrong_by_itself_is_marked_alone(wrong: str, value: float) -> None:
    honest = {"power": 450.0, "voltage": 230.0, "current": 2.0, "power_factor": 0.98}
    found = Device(**OUTLET).poll(outlet(**{**honest, wrong: value}), 6)
    assert marked(found) == {f"outlet.1.{wrong}"}


@pytest.mark.parametrize("wrong", ["power", "current", "energy"])
def test_with_energy_the_majority_finds_the_wrong_one(wrong: str) -> None:
    one = meter(random.Random(7), least=0.5, members=("power", "voltage", "current", "power_factor", "energy"))
    one.stem, one.wiring, one.spoilt, one.by, one.steps["energy"] = "outlet.3", 1.0, wrong, 10.0, 1.0
    one.lag, one.noise, one.steps_often = False, 0.02, 0.0
    assert Bench(one).marked(400) == {wrong}


def test_one_bad_moment_marks_nothing() -> None:
    device = Device(**OUTLET)
    honest = outlet(power=450.0, voltage=230.0, current=2.0, power_factor=0.98)
    device.poll(honest, 5)
    assert marked(device.poll(outlet(power=2250.0, voltage=230.0, current=2.0, power_factor=0.98))) == set()
    assert marked(device.poll(honest)) == set()


def test_a_mark_goes_when_the_group_agrees_again() -> None:
    device = Device(**OUTLET)
    device.poll(outlet(power=4500.0, voltage=230.0, current=2.0, power_factor=0.98), 5)
    assert marked(device.poll(outlet(power=450.0, voltage=230.0, current=2.0, power_factor=0.98), 4)) == set()


def test_an_idle_outlet_says_nothing() -> None:
    assert marked(Device(**OUTLET).poll(outlet(power=2.0, voltage=230.0, current=0.2, power_factor=0.05), 9)) == set()


def test_a_battery_bus_of_48_volts_is_no_mains() -> None:
    device = Device(
        output__1__power=Kind.POWER,
        output__1__voltage=Kind.VOLTAGE,
        output__1__current=Kind.CURRENT,
        rectifier__1__state=Kind.STATE,
        rectifier__1__current=Kind.CURRENT,
    )
    values = {"output.1.power": 960.0, "output.1.voltage": 48.0, "output.1.current": 20.0}
    assert marked(device.poll({**values, "rectifier.1.current": 20.0}, 9)) == set()


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("probe.1.temperature", Kind.TEMPERATURE, 850.0),
        ("probe.1.humidity", Kind.HUMIDITY, 160.0),
        ("reservoir.1.level", Kind.LIQUID_LEVEL, 104.0),
        ("outlet.1.current", Kind.CURRENT, 320.0),
        ("input.1.frequency", Kind.FREQUENCY, 500.0),
        ("charge", Kind.PERCENT, 999.0),
    ],
)
def test_what_nothing_can_be_is_out_of_range(name: str, kind: Kind, value: float) -> None:
    found = Device(**{name.replace(".", "__"): kind}).poll({name: value})
    assert (found[name].quality, found[name].reason) == (Quality.UNCERTAIN, Reason.OUT_OF_RANGE)
    assert found[name].value == value


def test_a_processor_clock_is_no_mains_frequency() -> None:
    found = Device(gpu__1__clock__sm=Kind.FREQUENCY).poll({"gpu.1.clock.sm": 1.9e9})
    assert found["gpu.1.clock.sm"].quality is Quality.GOOD


def test_a_jump_is_marked_until_a_second_reading_confirms_it() -> None:
    device = Device(probe__1__temperature=Kind.TEMPERATURE)
    device.poll({"probe.1.temperature": 24.0}, 3)
    assert device.poll({"probe.1.temperature": 120.0})["probe.1.temperature"].reason is Reason.IMPLAUSIBLE
    assert device.poll({"probe.1.temperature": 121.0})["probe.1.temperature"].quality is Quality.GOOD


@pytest.mark.parametrize("name", ["coretemp.temp1", "gpu.0.temperature", "sensor.cpu0_temp", "nvme0.temperature"])
def test_a_die_that_is_given_work_is_hot_at_once_and_is_believed(name: str) -> None:
    device = Device(**{name.replace(".", "__"): Kind.TEMPERATURE})
    device.poll({name: 38.0}, 3)
    assert device.poll({name: 91.0})[name].quality is Quality.GOOD


def test_a_rise_as_in_a_fire_is_believed() -> None:
    device = Device(probe__1__temperature=Kind.TEMPERATURE)
    for turn in range(8):
        assert device.poll({"probe.1.temperature": 24.0 + 15.0 * turn})["probe.1.temperature"].quality is Quality.GOOD


def test_power_that_stands_still_while_current_moves_is_stuck() -> None:
    device = Device(**OUTLET)
    for turn in range(400):
        current = 2.0 + 0.01 * (turn % 100)
        found = device.poll(outlet(power=455.1, voltage=230.0, current=current, power_factor=0.9))
    assert marked(found) == {"outlet.1.power"}
    assert "stands still" in device.judge.marked[found["outlet.1.power"].point]
    assert marked(device.poll(outlet(power=455.2, voltage=230.0, current=2.2, power_factor=0.9))) == set()


def test_a_thermometer_of_tenths_that_never_moves_is_stuck_when_the_others_move() -> None:
    device = Device(**{f"probe__{number}__temperature": Kind.TEMPERATURE for number in range(1, 6)})
    for turn in range(1500):
        values = {f"probe.{number}.temperature": round(22 + (turn % 60) / 10, 1) for number in range(1, 5)}
        found = device.poll({**values, "probe.5.temperature": 23.4})
    assert marked(found) == {"probe.5.temperature"}


PHASES = {
    f"{stem}__{name}": kind
    for stem in ("inlet", "phase__1", "phase__2", "phase__3")
    for name, kind in (("power", Kind.POWER),)
}


def test_one_phase_whose_scale_is_wrong_is_found_by_the_sum() -> None:
    device = Device(**PHASES)
    phases = {"phase.1.power": 1000.0, "phase.2.power": 1400.0, "phase.3.power": 160.0}
    assert marked(device.poll({"inlet.power": 4000.0, **phases}, 9)) == {"phase.3.power"}
    assert marked(device.poll({"inlet.power": 4000.0, **phases, "phase.3.power": 1600.0}, 9)) == set()


def test_phases_that_do_not_add_up_and_do_not_say_why_are_marked_together() -> None:
    device = Device(**PHASES)
    values = {"inlet.power": 3600.0, "phase.1.power": 2000.0, "phase.2.power": 2100.0, "phase.3.power": 2200.0}
    assert marked(device.poll(values, 9)) == set(values)


def test_one_outlet_of_many_is_found_by_the_sum() -> None:
    device = Device(inlet__power=Kind.POWER, **{f"outlet__{n}__power": Kind.POWER for n in range(1, 9)})
    values = {f"outlet.{number}.power": 100.0 + 7 * number for number in range(1, 9)}
    total = sum(values.values())
    assert marked(device.poll({"inlet.power": total + 20.0, **values}, 9)) == set()
    assert marked(device.poll({"inlet.power": total + 20.0, **values, "outlet.5.power": 1350.0}, 9)) == {
        "outlet.5.power"
    }


def test_the_odd_one_is_named_only_when_it_is_the_only_one() -> None:
    assert odd_one(300.0, [100.0, 100.0, 1000.0]) == 2
    assert odd_one(3000.0, [100.0, 100.0, 100.0]) == -1
    assert odd_one(300.0, [100.0, 100.0, 450.0]) is None


WATER = {
    "secondary__flow": Kind.LIQUID_FLOW,
    "secondary__supply__temperature": Kind.TEMPERATURE,
    "secondary__return__temperature": Kind.TEMPERATURE,
    "cooling__power": Kind.HEAT,
}


@pytest.mark.parametrize(
    ("flow", "rise_k", "heat_w", "is_honest"),
    [
        (53.0, 4.6, 17_050.0, True),
        (53.0, 4.6, 170_500.0, False),
        (5.3, 4.6, 17_050.0, False),
        (530.0, 4.6, 17_050.0, False),
    ],
)
def test_water_carries_the_heat_that_is_reported(flow: float, rise_k: float, heat_w: float, is_honest: bool) -> None:
    values = {"secondary.flow": flow, "secondary.supply.temperature": 30.0}
    values |= {"secondary.return.temperature": 30.0 + rise_k, "cooling.power": heat_w}
    found = Device(**WATER).poll(values, 6)
    assert marked(found) == (set() if is_honest else set(values))


def test_with_two_loops_the_wrong_flow_is_found() -> None:
    more = {name.replace("secondary", "primary"): kind for name, kind in WATER.items() if name.startswith("secondary")}
    values = {"secondary.flow": 5.3, "secondary.supply.temperature": 30.0, "secondary.return.temperature": 34.6}
    values |= {"primary.flow": 35.0, "primary.supply.temperature": 18.0, "primary.return.temperature": 25.0}
    found = marked(Device(**WATER, **more).poll({**values, "cooling.power": 17_050.0}, 6))
    assert "secondary.flow" in found
    assert not found & {"primary.flow", "cooling.power"}


def test_air_carries_the_heat_that_is_reported() -> None:
    kinds = {
        "airflow": Kind.AIR_FLOW,
        "supply_air__temperature": Kind.TEMPERATURE,
        "return_air__temperature": Kind.TEMPERATURE,
        "cooling__power": Kind.HEAT,
    }
    values = {"airflow": 3899.0, "supply_air.temperature": 20.0, "return_air.temperature": 28.6}
    assert marked(Device(**kinds).poll({**values, "cooling.power": 10_800.0}, 6)) == set()
    assert "cooling.power" in marked(Device(**kinds).poll({**values, "cooling.power": 10.8}, 6))


def test_who_is_in_every_broken_relation_and_in_none_that_holds_is_wrong() -> None:
    sights = [
        Sight(frozenset("PVI"), broken=True),
        Sight(frozenset("PE"), broken=True),
        Sight(frozenset("V"), broken=False),
    ]
    assert culprits(sights) == frozenset("P")
    assert culprits([Sight(frozenset("PVI"), broken=True), Sight(frozenset("PE"), broken=None)]) == frozenset("PVI")
    assert culprits([Sight(frozenset("PI"), broken=True), Sight(frozenset("PI"), broken=False)]) == frozenset("PI")


AIR = {"probe__1__temperature": Kind.TEMPERATURE, "probe__1__humidity": Kind.HUMIDITY}


@pytest.mark.parametrize(
    ("temperature_c", "humidity", "dew_c"),
    [(20.0, 50.0, 9.3), (25.0, 60.0, 16.7), (30.0, 100.0, 30.0), (0.0, 50.0, -9.2)],
)
def test_the_dew_point_is_that_of_the_psychrometric_chart(temperature_c: float, humidity: float, dew_c: float) -> None:
    assert dew_point_c(temperature_c, humidity) == pytest.approx(dew_c, abs=0.15)


def test_dew_point_and_margin_are_readings_of_the_probe() -> None:
    found = Device(**AIR).poll({"probe.1.temperature": 25.0, "probe.1.humidity": 60.0})
    assert found["probe.1.dew_point"].value == pytest.approx(16.7, abs=0.1)
    assert found["probe.1.condensation_margin"].value == pytest.approx(8.3, abs=0.1)
    assert found["probe.1.dew_point"].source == "derived"


def test_a_probe_that_tells_its_dew_point_itself_is_left_alone() -> None:
    device = Device(**AIR, probe__1__dew_point=Kind.TEMPERATURE)
    assert [point.name for point in device.judge.info.points] == list(device.names)


@pytest.mark.parametrize("lost", ["probe.1.temperature", "probe.1.humidity"])
def test_of_a_failed_read_no_number_is_derived(lost: str) -> None:
    device = Device(**AIR)
    device.poll({"probe.1.temperature": 25.0, "probe.1.humidity": 60.0})
    found = device.poll({"probe.1.temperature": 25.0, "probe.1.humidity": 60.0, lost: None})
    for name in ("probe.1.dew_point", "probe.1.condensation_margin"):
        assert (found[name].value, found[name].reason) == (None, Reason.DISCONNECTED)


def test_of_what_cannot_be_true_no_number_is_derived() -> None:
    found = Device(**AIR).poll({"probe.1.temperature": 25.0, "probe.1.humidity": 160.0})
    assert (found["probe.1.dew_point"].value, found["probe.1.dew_point"].reason) == (None, Reason.OUT_OF_RANGE)
