"""One MQTT connection. The only file that knows aiomqtt and paho; what they do wrong by default is mended here.

A ``Link`` lives as long as its connection and is never used again: whatever was in flight is sent anew from the
journal on the next one. A message that came in counts as taken only after ``acknowledge``.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiomqtt
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edgeagent.model.errors import LinkError, LinkRefused
from edgeagent.wire.broker import Broker
from edgeagent.wire.dial import dial

SESSION_EXPIRY_S = 7 * 24 * 3600
CLOSE_TIMEOUT_S = 2.0
REFUSAL_GRACE_S = 0.05
"""A refusal and the end of the connection come together: time to hear the refusal, which says why."""
FAILURE = 0x80
"""MQTT 5, 2.4: a reason code from here on is a failure."""
NO_SUBSCRIBERS = 16
"""A success by its number: the broker took the message, and threw it away."""
MANY_CALLS = 1 << 20
"""aiomqtt warns on every call above its threshold; the window of the caller is the bound."""

_quiet = logging.getLogger("edgeagent.paho")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class Puback(StrEnum):
    """What the broker said to a message that it took."""

    TAKEN = "taken"
    NO_SUBSCRIBERS = "no subscribers"


class PublishRefused(LinkRefused):
    """The broker refuses this message; the connection goes on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One that came in. ``topic`` is empty when it is not UTF-8; ``mid`` names it to the broker."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes when the connection ends without leave (QoS 1)."""

    topic: str
    payload: bytes
    retain: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """Who we are to the broker, and what we let it send us before we acknowledge."""

    client_id: str
    will: Will | None = None
    receive_maximum: int = 20
    packet_maximum_bytes: int = 256 * 1024
    most_waiting: int = 2000
    """Messages kept for the reader: above it, one of QoS 0 is dropped, and one of QoS 1 breaks the connection."""
    persistent: bool = True


class Link:
    """A connection that is up. ``lost`` is done, with its LinkError, once it is not."""

    def __init__(self, client: aiomqtt.Client, session: Session) -> None:
        self.lost: asyncio.Future[LinkError] = asyncio.get_running_loop().create_future()
        self.dropped = 0
        """Messages of QoS 0 that found the queue full."""
        self.no_subscribers = 0
        """Messages that the broker threw away with success 16."""
        self._client = client
        self._paho = _paho(client)
        self._session = session
        self._waiting: deque[Message] = deque()
        self._filled = asyncio.Event()
        self._publishing: dict[int, asyncio.Future[Puback]] = {}
        self._listen()

    # -- out

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> "asyncio.Future[Puback]":
        """Publish at QoS 1 without waiting; the future gives the broker's answer.

        The future raises PublishRefused when the broker refuses, LinkError when the connection ends first.

        Raises:
            LinkError: the connection has ended.
        """
        self._check()
        info = self._paho.publish(topic, payload, 1, retain)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"cannot publish on {topic}: {info.rc.name}")
        answer: asyncio.Future[Puback] = asyncio.get_running_loop().create_future()
        self._publishing[info.mid] = answer
        return answer

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False, timeout_s: float = 10.0) -> Puback:
        """Publish at QoS 1 and wait for the broker's answer.

        Raises:
            PublishRefused: the broker refuses this message.
            LinkError: no answer within ``timeout_s``, or the connection has ended.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self.send(topic, payload, retain=retain)
        except TimeoutError as error:
            raise LinkError(f"cannot publish on {topic}: no answer within {timeout_s:g} s") from error

    async def subscribe(self, topic: str, *, timeout_s: float = 10.0) -> None:
        """Ask for the messages of a filter at QoS 1.

        Raises:
            LinkRefused: the broker refuses.
            LinkError: no answer within ``timeout_s``, or the connection has ended.
        """
        self._check()
        try:
            codes = await self._client.subscribe(topic, qos=1, timeout=timeout_s)
        except aiomqtt.MqttError as error:
            raise LinkError(f"cannot subscribe to {topic}: {error}") from error
        for code in codes:
            number = code.value if isinstance(code, ReasonCode) else code
            if number >= FAILURE:
                raise LinkRefused(f"cannot subscribe to {topic}: the broker says {code} ({number})")

    # -- in

    async def receive(self) -> Message:
        """The oldest message that waits; waits for one.

        Raises:
            LinkError: the connection has ended; what came before is given first.
        """
        while not self._waiting:
            self._check()
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()

    def receive_now(self) -> Message | None:
        """The oldest message that waits, or None."""
        return self._waiting.popleft() if self._waiting else None

    @property
    def waiting(self) -> int:
        """How many messages wait for the reader."""
        return len(self._waiting)

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that a message is safe with us; in the order of arrival. On a lost connection it is void."""
        if message.qos and not self.lost.done():
            self._paho.ack(message.mid, message.qos)

    # -- end

    async def close(self) -> None:
        """Take leave, so that the broker drops the will; never waits longer than CLOSE_TIMEOUT_S."""
        if not self.lost.done() and self._paho.disconnect() is MQTTErrorCode.MQTT_ERR_SUCCESS:
            await asyncio.wait([self.lost], timeout=CLOSE_TIMEOUT_S)
        self.abort()
        await asyncio.sleep(0)  # aiomqtt's housekeeping task ends in the next turn

    def abort(self) -> None:
        """Drop the connection without leave: the broker publishes the will."""
        self._lose("it was closed")
        _shut(self._client)

    # -- what paho calls; nothing here may raise, or paho's reader stops

    def _listen(self) -> None:
        self._paho.on_publish = self._on_publish
        self._paho.on_message = self._on_message
        self._forward = self._paho.on_disconnect
        self._paho.on_disconnect = self._on_disconnect
        _ended(self._client).add_done_callback(self._on_ended)

    def _on_publish(
        self, _client: Paho, _data: object, mid: int, code: ReasonCode | None = None, _properties: object = None
    ) -> None:
        answer = self._publishing.pop(mid, None)
        if answer is None or answer.done():
            return
        number = 0 if code is None else code.value
        if number >= FAILURE:
            answer.set_exception(PublishRefused(f"cannot publish: the broker says {code} ({number})"))
            return
        self.no_subscribers += number == NO_SUBSCRIBERS
        answer.set_result(Puback.NO_SUBSCRIBERS if number == NO_SUBSCRIBERS else Puback.TAKEN)

    def _on_message(self, _client: Paho, _data: object, message: MQTTMessage) -> None:
        if len(self._waiting) >= self._session.most_waiting:
            if message.qos == 0:
                self.dropped += 1
            else:
                self._lose("the broker sends more than we let it")
            return
        self._waiting.append(_message(message))
        self._filled.set()

    def _on_disconnect(
        self, client: Paho, data: object, flags: DisconnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        if self._forward is not None:
            self._forward(client, data, flags, code, properties)  # type: ignore[call-arg, arg-type]
        self._lose(str(code))

    def _on_ended(self, ended: "asyncio.Future[None]") -> None:
        """The reader of aiomqtt met an exception, or all ended; looking at it keeps the loop from warning."""
        error = None if ended.cancelled() else ended.exception()
        self._lose(str(error or "ended"))

    def _lose(self, why: str) -> None:
        if self.lost.done():
            return
        error = LinkError(f"lost the connection to the broker: {why}")
        self.lost.set_result(error)
        self._filled.set()
        for answer in self._publishing.values():
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # seen: a sender that is gone is no news
        self._publishing.clear()

    def _check(self) -> None:
        if self.lost.done():
            raise self.lost.result()


async def connect(broker: Broker, session: Session) -> Link:
    """A new connection.

    Raises:
        LinkRefused: the broker refuses us.
        LinkError: it cannot be reached, or does not answer in time.
    """
    ready = await dial(broker)
    try:
        client = _client(broker, session)
        paho = _paho(client)
        paho._create_socket = lambda: ready  # type: ignore[method-assign] # noqa: SLF001 -- paho would dial by itself, in a thread
        paho.manual_ack_set(True)  # before CONNECT: a resumed session delivers together with the CONNACK
        _heed_receive_maximum(paho)
        link = Link(client, session)
    except BaseException:
        ready.close()
        raise
    try:
        await _enter(client, link, broker)
    except BaseException:
        link.abort()
        ready.close()
        await asyncio.sleep(0)
        raise
    return link


async def _enter(client: aiomqtt.Client, link: Link, broker: Broker) -> None:
    """CONNECT and CONNACK; a connection that ends before is not waited for."""
    entering = asyncio.create_task(client.__aenter__())
    try:
        first: list[asyncio.Future[Any]] = [entering, link.lost]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([entering], timeout=REFUSAL_GRACE_S)
        if not entering.done():
            raise LinkError(f"cannot connect to {broker}: it closed the connection")
        entering.result()
    except aiomqtt.MqttCodeError as error:
        raise LinkRefused(f"cannot connect to {broker}: the broker says {error}") from error
    except aiomqtt.MqttError as error:
        raise LinkError(f"cannot connect to {broker}: {error or 'no answer'}") from error
    finally:
        await _leave(entering, client)


async def _leave(entering: "asyncio.Task[aiomqtt.Client]", client: aiomqtt.Client) -> None:
    """End a task that is still connecting; aiomqtt writes CONNECT in a thread, which must be through before."""
    if not entering.done():
        await asyncio.wait([entering], timeout=REFUSAL_GRACE_S if _paho(client).socket() is None else 0)
        entering.cancel()
        await asyncio.wait([entering])


def _client(broker: Broker, session: Session) -> aiomqtt.Client:
    five = broker.protocol == "5"
    will = session.will
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=None if broker.password is None else broker.password.reveal(),
        identifier=session.client_id,
        protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
        will=None if will is None else aiomqtt.Will(will.topic, will.payload, qos=1, retain=will.retain),
        clean_session=None if five else not session.persistent,
        clean_start=not session.persistent if five else 3,
        properties=_properties(session) if five else None,
        timeout=broker.connect_timeout_s,
        keepalive=broker.keepalive_s,
        logger=_quiet,
    )
    client.pending_calls_threshold = MANY_CALLS
    return client


def _properties(session: Session) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = SESSION_EXPIRY_S if session.persistent else 0
    properties.ReceiveMaximum = session.receive_maximum
    properties.MaximumPacketSize = session.packet_maximum_bytes
    return properties


def _heed_receive_maximum(paho: Paho) -> None:
    """How much the broker can take at once, which aiomqtt ignores; paho queues what is above."""
    forward = paho.on_connect

    def on_connect(
        client: Paho, data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        most = getattr(properties, "ReceiveMaximum", None)
        if most is not None:
            _set_window(paho, min(paho.max_inflight_messages, most))
        if forward is not None:
            forward(client, data, flags, code, properties)  # type: ignore[call-arg, arg-type]

    paho.on_connect = on_connect


def _message(message: MQTTMessage) -> Message:
    try:
        topic = message.topic
    except UnicodeDecodeError:
        topic = ""
    return Message(topic, bytes(message.payload), message.qos, message.retain, message.mid)


# The private parts of aiomqtt 2.5 and paho 2 that we need; tests/unit/wire/test_mqtt_contract.py pins each.


def _paho(client: aiomqtt.Client) -> Paho:
    return client._client  # noqa: SLF001 -- aiomqtt has no other way to acknowledge by hand


def _ended(client: aiomqtt.Client) -> "asyncio.Future[None]":
    return client._disconnected  # noqa: SLF001 -- a publisher would otherwise wait out its time on a dead connection


def _set_window(paho: Paho, messages: int) -> None:
    # Its public setter refuses once connected, for the sake of messages in flight: at the CONNACK there are none.
    paho._max_inflight_messages = messages  # noqa: SLF001 -- as above


def _shut(client: aiomqtt.Client) -> None:
    client._client._sock_close()  # noqa: SLF001 -- neither library closes the socket of a connection that failed half-way
