"""The loop benchmark's pod is the one that its page speaks of."""

from pathlib import Path

from benchmarks import loop_pod
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.daemon.configuration import Configuration, read
from edgeagent.model.points import device_of, name_of


def configured(folder: Path) -> Configuration:
    make_ingest_keys(folder)
    names = loop_pod.pdus()
    devices = [{"community": "public", "write_community": "private", "serial": name.upper()} for name in names]
    config = folder / "edgeagent.toml"
    ports = range(2000, 2000 + len(names))
    config.write_text(loop_pod.configuration(devices, ports, folder / "keyring.toml", folder))
    return read(config, {})


def test_it_has_2000_points_400_limits_and_200_interlocks(tmp_path: Path) -> None:
    configuration = configured(tmp_path)
    assert sum(len(loop_pod.points(pdu)) for pdu in loop_pod.pdus()) == 2000
    assert (len(configuration.tables.limits), len(configuration.tables.interlocks)) == (400, 200)
    assert not configuration.tables.uncovered


def test_every_limit_looks_at_a_point_that_is_published(tmp_path: Path) -> None:
    for limit in configured(tmp_path).tables.limits:
        assert name_of(limit.point) in loop_pod.points(device_of(limit.point))


def test_each_rack_sheds_one_load_at_once_and_may_have_it_back(tmp_path: Path) -> None:
    configuration = configured(tmp_path)
    armed = {one.id for one in configuration.tables.interlocks if one.armed}
    assert armed == {f"{name}@{rack}" for name in ("hot-p3", "cool-again") for rack in loop_pod.racks()}
    first = [one.name for one in configuration.site.loads.values() if one.service_class == "P3"]
    assert first == [loop_pod.load(rack) for rack in loop_pod.racks()]
    hot = next(one for one in configuration.tables.limits if one.id == "inlet-hot@r01")
    assert (hot.for_s, hot.clear_for_s) == (0.0, 0.0)
    assert len(configuration.pdus) == len(loop_pod.pdus())
