"""Keys: whom we believe (the keyring) and how we sign (a private key), both as small TOML files.

A keyring is public and local: whoever can write it decides who is believed, so no message from the network changes
it. A private key file is readable by its owner alone.
"""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edgeagent.config.files import read_bounded
from edgeagent.model.errors import ConfigError, SignatureInvalid

T = TypeVar("T")
MAX_FILE_BYTES = 64 * 1024
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Role(StrEnum):
    """What a key may sign."""

    INGEST = "ingest"
    """Acknowledgements of journal records."""


class TrustedKey:
    """A public key and what it may sign; ``roles`` keeps words of later versions as they are."""

    def __init__(self, kid: str, roles: frozenset[str], public: bytes) -> None:
        """Raises ValueError when ``public`` is not an Ed25519 key of 32 bytes."""
        self.kid = kid
        self.roles = roles
        self.public = public
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raise SignatureInvalid unless this key signed the message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature as error:
            raise SignatureInvalid(f"cannot believe key {self.kid}: the signature does not hold") from error


class SigningKey:
    """A private key and the name under which keyrings know it."""

    def __init__(self, kid: str, private: bytes) -> None:
        self.kid = kid
        self._key = Ed25519PrivateKey.from_private_bytes(private)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        return self._key.sign(message)

    def trusted(self, *roles: Role) -> TrustedKey:
        """The public half, to be put into keyrings."""
        return TrustedKey(self.kid, frozenset(roles), self._key.public_key().public_bytes_raw())

    def text(self) -> str:
        """What stands in the private key's file."""
        return (
            "# A private key of edgeagent: never copy it, never show it.\n"
            f'kid = "{self.kid}"\nprivate = "{_armour(self._key.private_bytes_raw())}"\n'
        )


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that are believed, by ``kid``."""

    keys: dict[str, TrustedKey]

    @classmethod
    def of(cls, keys: Iterable[TrustedKey]) -> "Keyring":
        """A keyring of these keys; of two with one name the later counts."""
        return cls({key.kid: key for key in keys})

    def key(self, kid: str, role: Role) -> TrustedKey:
        """The key of this name.

        Raises:
            SignatureInvalid: nobody knows it, or it may not sign for this role.
        """
        found = self.keys.get(kid)
        if found is None:
            raise SignatureInvalid(f"cannot believe key {kid[:64]!r}: it is not in the keyring")
        if role not in found.roles:
            raise SignatureInvalid(f"cannot believe key {kid}: it may sign as {sorted(found.roles)}, not as {role}")
        return found

    def text(self) -> str:
        """What stands in the keyring's file."""
        return "# Whom this pod believes: public keys and what each may sign.\n" + "".join(
            map(_row, self.keys.values())
        )


def _row(key: TrustedKey) -> str:
    roles = ", ".join(f'"{role}"' for role in sorted(key.roles))
    return f'\n[[key]]\nkid = "{key.kid}"\nroles = [{roles}]\npublic = "{_armour(key.public)}"\n'


class _KeyRow(msgspec.Struct, forbid_unknown_fields=True):
    kid: str
    roles: list[str]
    public: str


class _KeyringFile(msgspec.Struct, forbid_unknown_fields=True):
    key: list[_KeyRow] = []


class _PrivateFile(msgspec.Struct, forbid_unknown_fields=True):
    kid: str
    private: str


def make_key(kid: str) -> SigningKey:
    """A new private key.

    Raises:
        ConfigError: the name is not 1-64 of letters, digits and ``._-``.
    """
    return SigningKey(_checked(kid), Ed25519PrivateKey.generate().private_bytes_raw())


def load_keyring(path: Path) -> Keyring:
    """The keyring in a file.

    Raises:
        ConfigError: it cannot be read, or is not a keyring.
    """
    rows = _parsed(path, read_bounded(path, MAX_FILE_BYTES), _KeyringFile).key
    kids = [row.kid for row in rows]
    if len(set(kids)) != len(kids):
        raise ConfigError(f"cannot use {path}: two keys have one kid")
    with _naming(path):
        return Keyring.of(TrustedKey(_checked(row.kid), frozenset(row.roles), _bare(row.public)) for row in rows)


def load_signing_key(path: Path) -> SigningKey:
    """The private key in a file that only its owner may use.

    Raises:
        ConfigError: it cannot be read, others may use it, or it is not a private key.
    """
    row = _parsed(path, read_bounded(path, MAX_FILE_BYTES, private=True), _PrivateFile)
    with _naming(path):
        return SigningKey(_checked(row.kid), _bare(row.private))


def save_keyring(path: Path, keyring: Keyring) -> None:
    """Write a keyring beside its place and move it there, so that a reader sees the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(keyring.text(), encoding="ascii")
    fresh.replace(path)


def save_signing_key(path: Path, key: SigningKey) -> None:
    """Write a private key for its owner alone.

    Raises:
        ConfigError: the file is there already; a key is never overwritten.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise ConfigError(f"cannot write {path}: there is a key already; move it away first") from error
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.text())


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # of base64, and of a key that is not 32 bytes
        raise ConfigError(f"cannot use {path}: a key is not 32 bytes in base64url: {error}") from error


def _parsed(path: Path, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(content.decode()), kind)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"cannot use {path}: {error}") from error


def _checked(kid: str) -> str:
    if not _KID.fullmatch(kid):
        raise ConfigError(f"cannot use {kid[:64]!r} as the name of a key: 1-64 of letters, digits and ._-")
    return kid


def _armour(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bare(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
