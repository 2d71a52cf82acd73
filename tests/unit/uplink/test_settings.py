"""``[uplink]`` and ``[noc]``: read, defaulted, and every mistake said."""

import pytest

from edgeagent.config.layers import Layer, Loaded, load
from edgeagent.noc import settings as noc_settings
from edgeagent.uplink import settings as uplink_settings


def loaded(text: str) -> Loaded:
    return load([], layers=[Layer("edgeagent.toml", text)])


def parse(text: str):
    root = loaded(text).root
    return uplink_settings.parse(root.table("uplink")), [str(problem) for problem in root.problems]


def test_the_least_that_must_be_written():
    settings, problems = parse('[uplink]\nbroker = "mqtts://noc.example"\nkeyring = "keyring.toml"\n')
    assert problems == []
    assert str(settings.broker) == "mqtts://noc.example:8883"
    assert settings.keyring.name == "keyring.toml"
    assert (settings.window, settings.broker.protocol) == (20, "5")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('broker = "noc.example"', "broker"),
        ('broker = "http://noc.example"', "broker"),
        ('broker = "mqtt://noc.example:99999"', "broker"),
        ('broker = "mqtt://u:p@noc.example"', "broker"),
        ('broker = "mqtt://noc.example"\nprotocol = "4"', "protocol"),
        ('broker = "mqtt://noc.example"\ncertificate = "c.pem"', "certificate"),
        ('broker = "mqtt://noc.example"\npassword = "x"', "password"),
        ('broker = "mqtt://noc.example"\nwindow = 0', "window"),
        ('broker = "mqtt://noc.example"\nkeepalive = "0 s"', "keepalive"),
    ],
)
def test_a_mistake_is_said_with_its_key(line, key):
    _, problems = parse(f'[uplink]\n{line}\nkeyring = "k"\n')
    assert len(problems) == 1
    assert f"uplink.{key}" in problems[0]


def test_the_noc_reads_its_table():
    root = loaded('[noc]\nbroker = "mqtt://[::1]"\nsigning_key = "noc.key"\ndatabase = "noc.db"\n').root
    settings = noc_settings.parse(root.table("noc"))
    assert root.problems == []
    assert str(settings.broker) == "mqtt://[::1]:1883"
    assert settings.database.name == "noc.db"
