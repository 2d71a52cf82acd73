"""Compact JWS (RFC 7515) with EdDSA over Ed25519 (RFC 8037), and nothing else: one algorithm, keys pinned by ``kid``.

``typ`` says what is signed, so that a token of one kind is never taken for another of the same key.
"""

import base64
import binascii

import msgspec

from edgeagent.model.errors import SignatureInvalid, WireError
from edgeagent.wire.keyring import Keyring, Role, SigningKey

ALGORITHM = "EdDSA"
MAX_TOKEN_BYTES = 16 * 1024


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """What may stand in the protected header; ``crit``, ``jwk``, ``jku`` and ``x5u`` are refused with all else."""

    alg: str
    kid: str
    typ: str


_headers = msgspec.json.Decoder(_Header)


def sign(payload: bytes, key: SigningKey, typ: str) -> bytes:
    """The token: header, payload and signature in base64url, joined by dots."""
    header = msgspec.json.encode(_Header(ALGORITHM, key.kid, typ))
    message = _encode(header) + b"." + _encode(payload)
    return message + b"." + _encode(key.sign(message))


def verify(token: bytes, keyring: Keyring, role: Role, typ: str) -> bytes:
    """The payload of a token that a key with this role signed.

    Raises:
        WireError: it is not a token of this kind, or too long.
        SignatureInvalid: another algorithm, an unknown key, a key without the role, or a wrong signature.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise WireError(f"cannot read a token of {len(token)} bytes: at most {MAX_TOKEN_BYTES}")
    parts = token.split(b".")
    if len(parts) != 3:
        raise WireError("cannot read a token: it does not have three parts")
    header = _header(_decode(parts[0]))
    if header.alg != ALGORITHM:
        raise SignatureInvalid(f"cannot believe a token signed by {header.alg[:20]!r}: only {ALGORITHM} counts")
    if header.typ != typ:
        raise SignatureInvalid(f"cannot use a token of type {header.typ[:40]!r} as {typ}")
    keyring.key(header.kid, role).verify(_decode(parts[2]), parts[0] + b"." + parts[1])
    return _decode(parts[1])


def _header(raw: bytes) -> _Header:
    try:
        return _headers.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"cannot read a token's header: {error}") from error


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _decode(part: bytes) -> bytes:
    """Strict: no padding, no other alphabet, no second spelling of the same bytes."""
    try:
        raw = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise WireError(f"cannot read a token: {error}") from error
    if _encode(raw) != part:
        raise WireError("cannot read a token: its base64url is not in the one proper form")
    return raw
