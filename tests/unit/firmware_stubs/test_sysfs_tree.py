"""The fake /sys: the kernel's layout and units, always a whole value, and kept up to date from the world."""

import os
from pathlib import Path

import pytest

from firmware_stubs.layout import standard_pod
from firmware_stubs.sysfs_tree import SysfsTree
from firmware_stubs.world import World


@pytest.fixture
def world() -> World:
    return standard_pod(1, 4, 1)


@pytest.fixture
def tree(tmp_path: Path, world: World) -> SysfsTree:
    return SysfsTree(tmp_path / "sys", world)


def test_every_input_has_a_label_and_every_chip_a_name(tree: SysfsTree) -> None:
    chips = sorted((tree.root / "class/hwmon").iterdir())
    assert [(chip / "name").read_text() for chip in chips] == ["coretemp\n", "nct6798\n", "nvme\n"]
    inputs = [path for chip in chips for path in chip.glob("*_input")]
    assert {path.name[:-7].rstrip("0123456789") for path in inputs} == {"temp", "fan", "in", "power"}
    assert all(path.with_name(path.name.replace("_input", "_label")).is_file() for path in inputs)


def test_thermal_zones_have_a_type_and_millidegrees(tree: SysfsTree) -> None:
    zones = sorted((tree.root / "class/thermal").iterdir())
    assert [(zone / "type").read_text().strip() for zone in zones] == ["x86_pkg_temp", "acpitz"]
    assert all(20_000 < int((zone / "temp").read_text()) < 90_000 for zone in zones)


def test_a_refresh_follows_the_world(tree: SysfsTree, world: World) -> None:
    path = tree.root / "class/hwmon/hwmon0/temp1_input"
    before = int(path.read_text())
    world.racks["rack-1"].hot_k = 10
    tree.refresh()
    assert int(path.read_text()) == pytest.approx(before + 10_000, abs=2)


def test_a_descriptor_kept_open_sees_the_new_value(tree: SysfsTree, world: World) -> None:
    fd = os.open(tree.root / "class/hwmon/hwmon0/temp1_input", os.O_RDONLY)
    try:
        before = int(os.pread(fd, 64, 0))
        world.racks["rack-1"].hot_k = 60  # one digit more
        tree.refresh()
        assert int(os.pread(fd, 64, 0)) == pytest.approx(before + 60_000, abs=2)
    finally:
        os.close(fd)


def test_a_value_never_changes_its_width_on_disk(tree: SysfsTree, world: World) -> None:
    sizes = set()
    for hot_k in (0, 80, -30):
        world.racks["rack-1"].hot_k = hot_k
        tree.refresh()
        sizes |= {(tree.root / path).stat().st_size for path in tree.paths}
    assert len(sizes) == 1


def test_a_world_that_stands_still_writes_nothing(tree: SysfsTree) -> None:
    path = tree.root / tree.paths[0]
    path.unlink()
    tree.refresh()
    assert not path.exists()
