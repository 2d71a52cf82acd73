from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.points import DeviceId, Point, device_of, name_of, point_id
from edgeagent.model.units import UNIT_OF_KIND, Kind

devices = st.text(min_size=1).filter(lambda text: "/" not in text)


@given(devices, st.text())
def test_a_point_s_name_can_be_taken_apart_again(device, name):
    point = point_id(DeviceId(device), name)
    assert (device_of(point), name_of(point)) == (device, name)


def test_a_point_knows_its_name_and_unit():
    point = Point(DeviceId("pdu-a1"), "outlet.12.power", Kind.POWER)
    assert (point.id, point.unit) == ("pdu-a1/outlet.12.power", "W")
    assert Point(DeviceId("pdu-a1"), "outlet.12.state", Kind.STATE).unit == ""


def test_every_kind_has_its_one_unit():
    assert set(UNIT_OF_KIND) == set(Kind)
