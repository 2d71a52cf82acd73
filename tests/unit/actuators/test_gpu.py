"""The power limit of a GPU, against the C stub of NVML."""

import pytest

from edgeagent.actuators.gpu import power_limits
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.intent import Output, Range, Rank
from edgeagent.model.points import DeviceId
from tests.fixtures.gpus import LONG_S, simulated_gpus

GPUS = DeviceId("gpus")


@pytest.fixture
async def gpus():
    async with simulated_gpus() as two:
        yield two


async def actuators(gpus):
    found, left_out = await power_limits(gpus.nvml, GPUS, SystemClock())
    assert left_out == {}
    return found


def output(value):
    return Output("gpus/gpu.0.power_limit", value, Rank.PLAN, "test", "a test", "d1")


async def limit_w(gpus, number=0):
    return (await gpus.nvml.limits((await gpus.uuids())[number], LONG_S)).now / 1000


async def test_each_gpu_is_held_to_its_own_bounds_and_its_default_is_safe(gpus):
    gpus.control.set(1, limit_low_mw=100_000, limit_high_mw=400_000, limit_default_mw=350_000)
    first, second = await actuators(gpus)
    assert (first.target, first.domain, first.safe) == ("gpus/gpu.0.power_limit", Range(200, 700), 700)
    assert (second.target, second.domain, second.safe) == ("gpus/gpu.1.power_limit", Range(100, 400), 350)


@pytest.mark.parametrize(("asked", "set_w"), [(350.0, 350), (5.0, 200), (9000.0, 700)])
async def test_a_limit_is_clamped_written_and_read_back(gpus, asked, set_w):
    gpus.control.set(0, limit_mw=500_000)
    outcome = await (await actuators(gpus))[0].apply(output(asked), granted)
    assert (outcome.word, outcome.read_back) == ("done", set_w)
    assert await limit_w(gpus) == set_w
    assert await limit_w(gpus, 1) == 700


async def test_a_limit_that_is_not_carried_out_is_unverified(gpus):
    gpus.control.set(0, ignores_limit=1)
    outcome = await (await actuators(gpus))[0].apply(output(300.0), granted)
    assert (outcome.word, outcome.read_back) == ("unverified", 700)


@pytest.mark.parametrize(("fault", "words"), [({"locked": 1}, "only root may set it"), ({"lost": 1}, "GPU is lost")])
async def test_a_refusal_is_named_and_nothing_is_written(gpus, fault, words):
    one = (await actuators(gpus))[0]
    gpus.control.set(0, **fault)
    outcome = await one.apply(output(300.0), granted)
    assert outcome.word == "failed"
    assert words in outcome.message
    assert "nothing was written" in outcome.message


async def test_a_gpu_that_does_not_tell_its_limits_is_left_out_and_the_other_is_not(gpus):
    gpus.control.set(0, limit_low_mw=None)
    found, left_out = await power_limits(gpus.nvml, GPUS, SystemClock())
    assert [one.target for one in found] == ["gpus/gpu.1.power_limit"]
    assert "Not Supported" in left_out["gpus/gpu.0.power_limit"]


async def test_without_the_driver_there_is_none_and_it_is_said():
    async with simulated_gpus() as gpus:
        gpus.control.set_pod(init_error=9)
        with pytest.raises(DeviceUnreachable, match="driver is not loaded"):
            await power_limits(gpus.nvml, GPUS, SystemClock())
