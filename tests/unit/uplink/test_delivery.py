"""From the outbox to the NOC's database and back: nothing is lost, nothing is deleted before the NOC has it."""

import pytest

from edgeagent.model.journal import Stream
from tests.fixtures.broker import mosquitto, until
from tests.fixtures.link import noc_key, noc_rows, running_noc, running_pod
from tests.fixtures.outbox import MemoryOutbox


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as one:
        yield one


async def test_what_is_committed_reaches_the_noc_and_is_settled(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(Stream.TELEMETRY, *(b"old %d" % number for number in range(1000)))
    async with running_noc(broker.broker(), key, tmp_path), running_pod(broker.broker(), key, outbox) as pod:
        await until(lambda: outbox.pending == 0, what="the backlog settled")
        await until(lambda: pod.uplink.state == "connected", what="the link connected")
        outbox.put(Stream.ALARM, b"fire")
        outbox.put(Stream.AUDIT, b"done")
        await until(lambda: outbox.pending == 0, what="the live records settled")
        assert noc_rows(tmp_path) == outbox.log
        assert pod.uplink.last_ack_s is not None
