"""What belongs together among a device's points, told from their names."""

import pytest

from edgeagent.drivers.estimates.layout import is_counter
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.units import Kind


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("inlet.energy", True),
        ("energy.imported", True),
        ("inverter.ac.energy_absorbed", True),
        ("sensor.total_energy", True),
        ("available_energy", False),
        ("rated.energy", False),
    ],
)
def test_a_counter_is_neither_what_a_battery_holds_nor_a_rating(name: str, counts: bool) -> None:
    assert is_counter(Point(DeviceId("battery-1"), name, Kind.ENERGY)) is counts
