"""The simulated SunSpec devices lay their registers out as the definitions do, though written apart from them."""

import pytest

from edgeagent.protocols.sunspec_models import Models
from firmware_stubs.sunspec_layout import LAYOUTS, MPPT, MPPT_MODULE, fields

TYPES = {
    "u16": ("uint16", "count"), "s16": ("int16",), "u32": ("uint32",), "s32": ("int32",), "u64": ("uint64",),
    "e16": ("enum16",), "b16": ("bitfield16",), "b32": ("bitfield32",), "acc32": ("acc32",), "sf": ("sunssf",),
}  # fmt: skip
MODELS = Models()


@pytest.mark.parametrize("number", LAYOUTS)
def test_each_point_stands_where_its_definition_says(number):
    defined = MODELS.all[number].points
    found = {one.name: one for one in fields(LAYOUTS[number]) if one.type != "pad"}
    assert set(found) == set(defined) - {"ID", "L"}
    for name, one in found.items():
        point = defined[name]
        assert (one.offset, one.size, one.scale or None) == (point.offset, point.size, point.scale), name
        assert point.type in TYPES.get(one.type, ("string",)), name


def test_the_inputs_of_an_inverter_stand_where_their_definition_says():
    model = MODELS.all[160]
    found = {one.name: one for one in fields(" ".join([MPPT, MPPT_MODULE.format(n=1), MPPT_MODULE.format(n=2)]))}
    for number in (1, 2):
        for name, point in model.repeat.points.items():
            one = found[f"{name}{number}"]
            assert one.offset == model.place(name, number - 1)[1], name
            assert one.size == point.size
