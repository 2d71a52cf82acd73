"""A Modbus device's own profile belongs to its settings: a reload sees that it changed."""

from edgeagent.config.layers import Layer, load
from edgeagent.drivers.modbus_device import parse

OWN = """
protocol = "modbus"
name = "own"
title = "One register"
driver = "cooling"
source = "none"
[[point]]
name = "one"
kind = "Count"
address = 0
"""


def test_a_profile_of_ones_own_that_changed_is_another_device_to_a_reload(tmp_path):
    def options():
        text = 'address = "modbus://x"\nprofile = "own.toml"'
        loaded = load([], layers=[Layer(str(tmp_path / "conf.toml"), text)])
        found = parse(loaded.root, "cooling")
        assert not loaded.problems
        return found

    (tmp_path / "own.toml").write_text(OWN)
    before = options()
    assert before == options()
    (tmp_path / "own.toml").write_text(OWN.replace("address = 0", "address = 1"))
    assert before != options()
