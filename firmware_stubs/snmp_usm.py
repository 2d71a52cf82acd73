"""The User-based Security Model: HMAC-192-SHA-256 (RFC 7860) and AES-128-CFB (RFC 3826), keys localised (RFC 3414).

The cryptography is pysnmp's; only the message layout is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# This import comes first: the packages below import each other in a ring that only opens from here.
import pysnmp.proto.secmod.rfc3414.service  # noqa: F401
from pysnmp.proto.error import StatusInformation
from pysnmp.proto.rfc1902 import OctetString
from pysnmp.proto.secmod.rfc3826.priv.aes import Aes
from pysnmp.proto.secmod.rfc7860.auth.hmacsha2 import HmacSha2

from firmware_stubs.snmp_ber import SEQUENCE, BerError, Reader, Tag, integer, tlv

AUTH = 0x01  # msgFlags (RFC 3412 section 6.4)
PRIV = 0x02
REPORTABLE = 0x04
USM_MODEL = 3  # msgSecurityModel
DIGEST_BYTES = 24
SALT_BYTES = 8


@dataclass(frozen=True)
class UsmUser:
    """A user with SHA-256 authentication and AES-128 privacy; at least eight characters per key (RFC 3414)."""

    name: str
    auth_key: str
    priv_key: str


@dataclass(frozen=True)
class V3Message:
    """An SNMPv3 message, taken apart but not yet verified. `payload` is the scoped PDU, encrypted when PRIV is set."""

    wire: bytes
    message_id: int
    max_size: int
    flags: int
    engine_id: bytes
    boots: int
    time_s: int
    user: bytes
    digest: bytes
    salt: bytes
    payload: bytes


def parse_v3(wire: bytes) -> V3Message:
    """The parts of a message whose version is 3; BerError when it is not one or uses another security model."""
    message = Reader(wire).enter(SEQUENCE)
    message.integer()  # the version, which the caller has seen
    header = message.enter(SEQUENCE)
    message_id, max_size = header.integer(), header.integer()
    flags, model = header.octets(), header.integer()
    if len(flags) != 1 or model != USM_MODEL:
        raise BerError("the message does not use the user-based security model")
    security = Reader(message.octets()).enter(SEQUENCE)
    engine_id, boots, time_s = security.octets(), security.integer(), security.integer()
    user, digest, salt = security.octets(), security.octets(), security.octets()
    payload = message.octets() if flags[0] & PRIV else wire[message.pos : message.end]
    return V3Message(wire, message_id, max_size, flags[0], engine_id, boots, time_s, user, digest, salt, payload)


class UsmKeys:
    """One user's keys on one engine."""

    def __init__(self, user: UsmUser, engine_id: bytes) -> None:
        self._hmac = HmacSha2(HmacSha2.SHA256_SERVICE_ID)
        self._aes = Aes()
        engine = OctetString(engine_id)
        auth, priv = _master_key(user.auth_key), _master_key(user.priv_key)
        self._auth_key = self._hmac.localize_key(auth, engine)
        self._priv_key = self._aes.localize_key(HmacSha2.SHA256_SERVICE_ID, priv, engine)

    def verified(self, message: V3Message) -> bool:
        """Whether the digest is this user's over this message."""
        if len(message.digest) != DIGEST_BYTES:
            return False
        try:
            self._hmac.authenticate_incoming_message(self._auth_key, OctetString(message.digest), message.wire)
        except StatusInformation:
            return False
        return True

    def decrypt(self, message: V3Message) -> bytes:
        """The scoped PDU; BerError when the salt has a wrong length (a wrong key gives noise, not an error)."""
        if len(message.salt) != SALT_BYTES:
            raise BerError("the privacy parameters are no salt")
        salt = OctetString(message.salt)
        plain = self._aes.decrypt_data(
            self._priv_key, (message.boots, message.time_s, salt), OctetString(message.payload)
        )
        return bytes(plain)

    def encrypt(self, boots: int, time_s: int, plain: bytes) -> tuple[bytes, bytes]:
        """Cipher text and the salt it was made with."""
        cipher, salt = self._aes.encrypt_data(self._priv_key, (boots, time_s, b""), plain)
        return bytes(cipher), bytes(salt)

    def sign(self, wire: bytes) -> bytes:
        """The message with the digest in the place of its 24 zero octets."""
        return bytes(self._hmac.authenticate_outgoing_message(self._auth_key, wire))


def build_v3(
    keys: UsmKeys | None, engine: tuple[bytes, int, int], user: bytes, header: tuple[int, int, int], scoped: bytes
) -> bytes:
    """A whole message; `engine` is id, boots and time, `header` message id, maximum size and flags."""
    message_id, max_size, flags = header
    digest, salt, payload = b"", b"", scoped
    if flags & PRIV:
        assert keys is not None
        cipher, salt = keys.encrypt(engine[1], engine[2], scoped)
        payload = tlv(Tag.OCTETS, cipher)
    if flags & AUTH:
        digest = bytes(DIGEST_BYTES)
    security = _octets(engine[0]) + integer(engine[1]) + integer(engine[2])
    security += _octets(user) + _octets(digest) + _octets(salt)
    head = integer(message_id) + integer(max_size) + _octets(bytes((flags,))) + integer(USM_MODEL)
    wire = tlv(SEQUENCE, integer(3) + tlv(SEQUENCE, head) + _octets(tlv(SEQUENCE, security)) + payload)
    if not flags & AUTH:
        return wire
    assert keys is not None
    return keys.sign(wire)


def _octets(body: bytes) -> bytes:
    return tlv(Tag.OCTETS, body)


@lru_cache(maxsize=64)
def _master_key(password: str) -> OctetString:
    """The password's key before localisation: a megabyte of hashing (RFC 3414 A.2), so it is done once."""
    return HmacSha2(HmacSha2.SHA256_SERVICE_ID).hash_passphrase(password.encode())
