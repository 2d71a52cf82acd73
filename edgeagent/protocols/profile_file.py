"""Profile files: TOML in the folder ``profiles``, each read once, when a device of its driver's word first needs it.

An ``oid`` that begins with a dot stands below the profile's ``root``. Every row names its MIB object.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from threading import Lock
from typing import Generic, TypeVar

from edgeagent.config.layers import Layer, load
from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.model.errors import ConfigError
from edgeagent.protocols.profile import Profile
from edgeagent.protocols.profile_columns import OID, Columns
from edgeagent.protocols.profile_points import read_table
from edgeagent.protocols.profile_traps import read_traps
from edgeagent.protocols.profile_writes import read_setting, read_switch


class ProfileError(ConfigError):
    """A profile file that cannot be used; the text names file, line and row."""


_DRIVER = re.compile(r'^driver = "([a-z]+)"$', re.MULTILINE)

P = TypeVar("P")


class ProfileFiles(Generic[P]):
    """The profile files of a folder, each parsed when first needed: all together take half a second.

    Threads may ask at the same time.
    """

    def __init__(self, folder: Callable[[], Traversable], parse: Callable[[str, str], P]) -> None:
        self._folder, self._parse = folder, parse
        self._parsed: dict[str, P] = {}
        self._lock = Lock()

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        found = [file for file in self._folder().iterdir() if file.name.endswith(".toml")]
        return {file.name: file.read_text(encoding="utf-8") for file in sorted(found, key=lambda file: file.name)}

    def all(self) -> list[P]:
        """By the files' names. Raises ProfileError."""
        with self._lock:
            return [self._one(file) for file in self._texts]

    def may_be_of(self, driver: str) -> list[P]:
        """Those that name this driver, and those of which that cannot be told without parsing. Raises ProfileError."""
        with self._lock:
            said = {file: _DRIVER.search(text) for file, text in self._texts.items()}
            return [self._one(file) for file, match in said.items() if match is None or match[1] == driver]

    def _one(self, file: str) -> P:
        if file not in self._parsed:
            self._parsed[file] = self._parse(file, self._texts[file])
        return self._parsed[file]


class Profiles:
    """All families known to this release; ``folder`` is another place to read them from."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files = ProfileFiles(lambda: folder or files("edgeagent.protocols") / "profiles", parse_profile)

    @cached_property
    def all(self) -> Mapping[str, Profile]:
        """By name. Raises ProfileError."""
        return {profile.name: profile for profile in self._files.all()}

    def of_driver(self, driver: str) -> tuple[Profile, ...]:
        """The families that a driver reads. Raises ProfileError."""
        return tuple(profile for profile in self._files.may_be_of(driver) if profile.driver == driver)

    def of_object(self, object_id: str) -> tuple[Profile, ...]:
        """The families that claim a sysObjectID, those first that name it most closely; their presence decides."""
        claiming = [profile for profile in self.all.values() if profile.claims(object_id)]
        return tuple(sorted(claiming, key=lambda profile: -profile.nearness(object_id)))


def parse_profile(file: str, text: str) -> Profile:
    """The profile in a text. Raises ProfileError with every mistake."""
    loaded = load([], layers=[Layer(file, text)])
    profile = _profile(loaded.root)
    loaded.root.finish()
    if loaded.problems:
        raise ProfileError("cannot use a profile:\n" + "\n".join(map(str, loaded.problems)))
    return profile


def _profile(reader: Reader) -> Profile:
    columns = Columns(reader.text("root", pattern=OID))
    detect, identity = reader.table("detect"), reader.table("identity")
    tables = tuple(read_table(table, columns) for table in reader.tables("table"))
    settings = [read_setting(setting, columns, tables) for setting in reader.tables("set")]
    return Profile(
        name=reader.text("name", pattern="[a-z0-9-]+"),
        title=reader.text("title"),
        driver=reader.text("driver", pattern="[a-z]+"),
        mib=reader.text("mib"),
        object_ids=_object_ids(detect, columns),
        presence=columns.one(detect.table("presence")),
        vendor=identity.text("vendor"),
        maker=columns.labels(identity, "maker"),
        model=columns.labels(identity, "model"),
        serial=columns.labels(identity, "serial"),
        firmware=columns.labels(identity, "firmware"),
        tables=tables,
        switches=tuple(read_switch(switch, columns, tables) for switch in reader.tables("switch")),
        settings=tuple(setting for setting in settings if setting is not None),
        traps=read_traps(reader, columns),
    )


def _object_ids(detect: Reader, columns: Columns) -> tuple[str, ...]:
    if detect.has("object_ids"):
        return tuple(columns.below(one) for one in detect.texts("object_ids", REQUIRED, pattern=OID))
    return (columns.below(detect.text("object_id", pattern=OID)),)
