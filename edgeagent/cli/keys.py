"""Making the NOC's signing key and the keyring that makes pods believe it."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """``key`` stays at the NOC; ``keyring`` is copied to every pod."""

    key: Path
    keyring: Path


def make_ingest_keys(folder: Path, kid: str = "noc-ingest") -> KeyFiles:
    """A new signing key for acknowledgements and its keyring.

    Raises:
        ConfigError: a key stands there already (pods may believe it), or the folder cannot be written.
    """
    from edgeagent.wire.keyring import Keyring, Role, make_key, save_keyring, save_signing_key

    files = KeyFiles(folder / "ingest.key", folder / "keyring.toml")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make the folder {folder}: {error.strerror}") from error
    key = make_key(kid)
    save_signing_key(files.key, key)
    save_keyring(files.keyring, Keyring.of([key.trusted(Role.INGEST)]))
    return files
