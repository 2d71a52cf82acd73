"""Recorded devices served over real SNMP by pysnmp, in this process."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.smi.instrum import AbstractMibInstrumController

from edgeagent.core.clock import SystemClock
from edgeagent.drivers.ipdu import IpduOptions
from edgeagent.drivers.parts import Parts, Times
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

# snmprec: OID|tag[x]|value, where x means hexadecimal
TYPES = {
    "2": lambda text: rfc1902.Integer32(int(text)),
    "4": lambda text: rfc1902.OctetString(text.encode()),
    "6": rfc1902.ObjectName,
    "64": rfc1902.IpAddress,
    "65": lambda text: rfc1902.Counter32(int(text)),
    "66": lambda text: rfc1902.Gauge32(int(text)),
    "67": lambda text: rfc1902.TimeTicks(int(text)),
    "70": lambda text: rfc1902.Counter64(int(text)),
}
V3 = User("edge", "auth-secret-9", "priv-secret-9")


class Recording(AbstractMibInstrumController):
    """A .snmprec file as a MIB: GETNEXT by bisection."""

    def __init__(self, path: Path) -> None:
        self.raw: dict[str, int | bytes | str] = {}
        self._values = {}
        for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            oid, tag, text = line.split("|", 2)
            if tag == "4x":
                value = rfc1902.OctetString(bytes.fromhex(text))
            elif tag in TYPES:
                value = TYPES[tag](text)
            else:
                continue
            self._values[tuple(map(int, oid.split(".")))] = value
            self.raw[oid] = int(text) if tag in ("2", "65", "66", "67", "70") else text
        self._order = sorted(self._values)

    def read_variables(self, *varbinds, **_):
        return [(oid, self._values.get(tuple(oid), rfc1905.noSuchInstance)) for oid, _ in varbinds]

    def read_next_variables(self, *varbinds, **_):
        found = []
        for oid, _ in varbinds:
            place = bisect_right(self._order, tuple(oid))
            if place == len(self._order):
                found.append((oid, rfc1905.endOfMibView))
            else:
                found.append((rfc1902.ObjectName(self._order[place]), self._values[self._order[place]]))
        return found


class RecordedAgent:
    """One recording on a free port of loopback, for v2c `public` and one v3 user."""

    def __init__(self, path: Path) -> None:
        self.recording = Recording(path)
        self._engine = SnmpEngine()

    async def open(self) -> None:
        engine = self._engine
        transport = udp.UdpTransport().open_server_mode(("127.0.0.1", 0))
        config.add_transport(engine, udp.DOMAIN_NAME, transport)
        config.add_v1_system(engine, "area", "public")
        auth, priv = config.USM_AUTH_HMAC192_SHA256, config.USM_PRIV_CFB128_AES
        config.add_v3_user(engine, V3.name, auth, V3.auth_key, priv, V3.priv_key)
        config.add_vacm_user(engine, 2, "area", "noAuthNoPriv", (1, 3, 6))
        config.add_vacm_user(engine, 3, V3.name, "authPriv", (1, 3, 6))
        served = context.SnmpContext(engine)
        served.unregister_context_name(b"")
        served.register_context_name(b"", self.recording)
        for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, cmdrsp.BulkCommandResponder):
            responder(engine, served)
        await transport._lport
        self.port = transport.transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        self._engine.close_dispatcher()

    def driver(self, device: str, *, v3: bool = False):
        address = SnmpAddress("127.0.0.1", self.port, v3=v3)
        options = IpduOptions(address, V3 if v3 else Community())
        return options.build(device, Times(10.0, 60.0, 2.0), Parts(SystemClock()))


@pytest.fixture
async def recorded(test_data) -> AsyncIterator[Callable[[str], Awaitable[RecordedAgent]]]:
    """Serve a recording by name."""
    agents = []

    async def serve(name: str) -> RecordedAgent:
        agent = RecordedAgent(test_data / "snmp" / "recordings" / f"{name}.snmprec")
        agents.append(agent)
        await agent.open()
        return agent

    yield serve
    for agent in agents:
        agent.close()
    await asyncio.sleep(0)
