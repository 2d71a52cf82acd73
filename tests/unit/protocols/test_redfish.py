"""The conversation: login, retries, errors told apart, bounds, writes."""

import asyncio
import hashlib
import ssl
import subprocess
import sys

import pytest
from aiohttp import web

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.redfish import RedfishSession
from edgeagent.protocols.redfish_address import Access, parse_address, parse_fingerprint
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp_set import WriteOpen
from firmware_stubs.plant import Cdu
from firmware_stubs.redfish_bmc import RedfishServer
from firmware_stubs.redfish_devices import cdu
from tests.fixtures.certificates import Authority

CONTROL = "/redfish/v1/Chassis/CDU/Controls/Pump1Speed"
UNIT = "/redfish/v1/ThermalEquipment/CDUs/1"
EDGE = Access("edge", "swordfish")


def session_of(server, access=None, **options):
    return RedfishSession(parse_address(server.address), access or Access(), Turn(), **{"timeout_s": 0.3, **options})


@pytest.fixture
async def served():
    """A CDU with a user, and all sessions that a test opened with it."""
    device, sessions = Cdu("cdu-1", serial="CDU-7"), []
    server = RedfishServer(cdu(device), user="edge", password="swordfish")
    await server.open()

    def session(access=EDGE, **options):
        sessions.append(session_of(server, access, **options))
        return sessions[-1]

    server.device, server.session = device, session
    yield server
    for one in sessions:
        await one.close()
    await server.close()


async def test_a_resource_is_read_and_one_that_is_not_there_is_none(served):
    session = served.session()
    assert (await session.get(UNIT)).body["SerialNumber"] == "CDU-7"
    assert await session.get("/redfish/v1/Nowhere") is None


async def test_it_logs_in_once_and_ends_its_session_when_it_closes(served):
    session = served.session()
    for _ in range(3):
        await session.get(UNIT)
    assert len(served.sessions) == 1
    assert sum(one.startswith("POST") for one in served.requests) == 1
    await session.close()
    assert served.sessions == {}


async def test_a_session_that_was_lost_is_opened_anew_within_one_request(served):
    session = served.session()
    await session.get(UNIT)
    served.drop_sessions()
    assert await session.get(UNIT) is not None
    assert len(served.sessions) == 1


async def test_a_session_is_ended_also_after_the_connection_broke(served):
    session = served.session(tries=1)
    await session.get(UNIT)
    served.faulty.reset_next = 3  # aiohttp itself asks again where a kept connection was closed
    with pytest.raises(DeviceUnreachable):
        await session.get(UNIT)
    served.faulty.reset_next = 0
    await session.close()
    assert served.sessions == {}


async def test_where_no_sessions_are_left_each_request_carries_the_password(served):
    served.sessions.update({str(number): f"/other/{number}" for number in range(4)})
    assert await served.session().get(UNIT) is not None
    assert len(served.sessions) == 4


async def test_basic_login_opens_no_session(served):
    assert await served.session(Access("edge", "swordfish", basic=True)).get(UNIT) is not None
    assert served.sessions == {}


async def test_a_wrong_password_is_named_and_not_tried_again_at_once(served):
    session = served.session(Access("edge", "wrong"))
    for _ in range(3):
        with pytest.raises(DeviceRefused, match="refuses the user name or the password"):
            await session.get(UNIT)
    assert len(served.requests) == 1


async def test_without_a_user_a_closed_service_says_that_one_is_needed(served):
    with pytest.raises(DeviceRefused, match="a request without user and password"):
        await served.session(Access()).get(UNIT)


async def test_a_busy_service_is_asked_again_and_then_unreachable(served):
    session = served.session()
    await session.get(UNIT)
    served.faulty.status_code = 503
    with pytest.raises(DeviceUnreachable, match="it is busy"):
        await session.get(UNIT)
    served.faulty.heal()
    assert await session.get(UNIT) is not None


async def test_a_slow_service_is_unreachable_within_its_time(served):
    session = served.session()
    await session.get(UNIT)
    served.faulty.slow_s = 5.0
    with pytest.raises(DeviceUnreachable, match=r"no answer within 0\.3 s"):
        await asyncio.wait_for(session.get(UNIT), 3.0)


async def test_garbage_is_garbage(served):
    session = served.session()
    await session.get(UNIT)
    served.faulty.garbage = True
    with pytest.raises(DeviceGarbled, match="not valid JSON"):
        await session.get(UNIT)


async def test_a_failing_service_is_garbled_and_its_own_words_are_told(served):
    session = served.session()
    await session.get(UNIT)
    served.faulty.status_code = 500
    with pytest.raises(DeviceGarbled, match="500: The service is not able"):
        await session.get(UNIT)


async def test_a_closed_port_is_told_from_a_silent_one(served):
    await served.close()
    with pytest.raises(DeviceUnreachable, match="cannot reach redfish"):
        await served.session().get(UNIT)


async def test_a_set_point_is_written_with_the_version_that_was_seen(served):
    session = served.session()
    control = await session.get(CONTROL)
    await session.patch(CONTROL, {"SetPoint": 70.0}, control.etag)
    assert served.device.pump_percent[0] == 70.0


async def test_what_somebody_changed_meanwhile_is_not_written(served):
    session = served.session()
    control = await session.get(CONTROL)
    served.device.pump_percent[0] = 33.0
    with pytest.raises(DeviceRefused, match="changed by somebody"):
        await session.patch(CONTROL, {"SetPoint": 70.0}, control.etag)
    assert served.device.pump_percent[0] == 33.0


async def test_a_refused_write_says_why(served):
    with pytest.raises(DeviceRefused, match="not between 0 and 100"):
        await served.session().patch(CONTROL, {"SetPoint": 250.0})
    served.faulty.refuse_writes = True
    with pytest.raises(DeviceRefused, match="insufficient privileges"):
        await served.session().patch(CONTROL, {"SetPoint": 50.0})


@pytest.mark.parametrize("fault", [{"slow_s": 1.0}, {"status_code": 500}, {"status_code": 503}])
async def test_a_write_without_a_clear_answer_is_open(served, fault):
    session = served.session()
    await session.get(UNIT)
    for name, value in fault.items():
        setattr(served.faulty, name, value)
    with pytest.raises(WriteOpen):
        await session.patch(CONTROL, {"SetPoint": 50.0})
    served.faulty.heal()


async def test_a_write_is_sent_once(served):
    session = served.session()
    await session.get(UNIT)
    served.faulty.reset_next = 1
    with pytest.raises(WriteOpen):
        await session.patch(CONTROL, {"SetPoint": 50.0})
    assert sum(one.startswith("PATCH") for one in served.requests) == 1


async def test_a_write_to_nobody_wrote_nothing(served):
    await served.close()
    with pytest.raises(DeviceUnreachable) as caught:
        await served.session().patch(CONTROL, {"SetPoint": 50.0})
    assert not isinstance(caught.value, WriteOpen)


async def test_a_write_goes_before_reads_that_wait(served):
    session, order = served.session(), []
    await session.get(UNIT)

    async def done(name, work):
        await work
        order.append(name)

    reads = [asyncio.create_task(done("read", session.get(UNIT))) for _ in range(3)]
    await asyncio.sleep(0)
    write = asyncio.create_task(done("write", session.patch(CONTROL, {"SetPoint": 50.0})))
    await asyncio.gather(*reads, write)
    assert order.index("write") <= 1


# -- strange services


@pytest.fixture
async def strange():
    """A service of one answer, whatever is asked."""
    runners, sessions = [], []

    async def serve(**answer):
        async def handle(_request):
            return web.Response(**answer)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        address = parse_address(f"redfish+http://127.0.0.1:{runner.addresses[0][1]}")
        sessions.append(RedfishSession(address, Access(), Turn(), timeout_s=1.0, tries=1))
        return sessions[-1]

    yield serve
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b'{"a": NaN}', b'{"a": 1e999}', b"\xff", b"[" * 100_000, b'{"a": ' * 5000, b"<html></html>"],
)
async def test_what_is_no_resource_is_garbled(strange, body):
    session = await strange(body=body, content_type="application/json")
    with pytest.raises(DeviceGarbled):
        await session.get(UNIT)


async def test_an_endless_body_is_cut_off(strange):
    session = await strange(body=b'{"a": "' + b"x" * (5 * 1024 * 1024))
    with pytest.raises(DeviceGarbled, match="longer than 4 MiB"):
        await session.get(UNIT)


async def test_a_redirection_is_told_and_not_followed(strange):
    session = await strange(status=302, headers={"Location": "https://203.0.113.9/redfish/v1"})
    with pytest.raises(DeviceRefused, match=r"sends us .* to https://203\.0\.113\.9"):
        await session.get(UNIT)


# -- certificates


@pytest.fixture
async def secured(tmp_path):
    """A service with a certificate for 127.0.0.1, its authority, and the session that believes what it is told to."""
    authority = Authority(tmp_path)
    pair = authority.sign("bmc", "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    server, sessions = RedfishServer(cdu(Cdu("cdu-1", serial="CDU-7")), tls=context), []
    await server.open()

    def session(**trust):
        sessions.append(session_of(server, Access(**trust), timeout_s=2.0))
        return sessions[-1]

    server.authority, server.pair, server.session = authority, pair, session
    yield server
    for one in sessions:
        await one.close()
    await server.close()


async def test_a_certificate_of_the_given_authority_is_believed(secured):
    assert await secured.session(ca=secured.authority.ca).get(UNIT) is not None


async def test_a_certificate_of_nobody_known_is_not_believed(secured):
    with pytest.raises(DeviceRefused, match="give ca or fingerprint"):
        await secured.session().get(UNIT)


async def test_the_pinned_certificate_is_believed_and_no_other(secured):
    der = ssl.PEM_cert_to_DER_cert(secured.pair.certificate.read_text())
    right = parse_fingerprint(f"sha256:{hashlib.sha256(der).hexdigest()}")
    assert await secured.session(fingerprint=right).get(UNIT) is not None
    with pytest.raises(DeviceRefused, match=f"its certificate is sha256:{right.hex()}"):
        await secured.session(fingerprint=bytes(32)).get(UNIT)


async def test_a_missing_authority_file_is_named(secured, tmp_path):
    with pytest.raises(DeviceRefused, match=r"cannot use the certificates in .*none\.pem"):
        await secured.session(ca=tmp_path / "none.pem").get(UNIT)


async def test_a_service_without_tls_is_told_from_a_wrong_certificate(served):
    address = parse_address(served.address.replace("redfish+http", "redfish"))
    session = RedfishSession(address, EDGE, Turn(), timeout_s=2.0, tries=1)
    with pytest.raises((DeviceGarbled, DeviceUnreachable)):
        await session.get(UNIT)
    await session.close()


# -- addresses


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("redfish://bmc.example", "https://bmc.example:443"),
        ("redfish://192.0.2.1:8443/", "https://192.0.2.1:8443"),
        ("redfish+http://[2001:db8::1]", "http://[2001:db8::1]:80"),
    ],
)
def test_an_address_says_where_and_how(url, origin):
    assert parse_address(url).origin == origin
    assert parse_address(str(parse_address(url))) == parse_address(url)


@pytest.mark.parametrize(
    "url",
    ["", "bmc", "https://bmc", "redfish://", "redfish://a:99999", "redfish://a:0", "redfish://u:p@a", "redfish://a/x"],
)
def test_a_wrong_address_is_refused(url):
    with pytest.raises(ValueError, match="cannot use"):
        parse_address(url)


@pytest.mark.parametrize("text", ["", "sha256:", "md5:" + "0" * 64, "sha256:" + "0" * 63, "sha256:" + "g" * 64])
def test_a_wrong_fingerprint_is_refused(text):
    with pytest.raises(ValueError, match="cannot use this fingerprint"):
        parse_fingerprint(text)


def test_who_has_no_redfish_device_does_not_load_aiohttp():
    rooms = "edgeagent.drivers.redfish_device, edgeagent.actuators.redfish_pdu"
    code = f"import sys, {rooms}; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
