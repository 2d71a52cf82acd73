"""Keys that devices of several protocols have: the address, and a profile of the user's own."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from edgeagent.config.files import Unreadable, read_bounded
from edgeagent.config.reader import Reader
from edgeagent.protocols.profile_file import ProfileError

MAX_PROFILE_BYTES = 256 * 1024

A = TypeVar("A")


class Described(Protocol):
    """What is needed of a profile."""

    @property
    def driver(self) -> str:
        """The word that it is for."""


D = TypeVar("D", bound=Described)


def address_of(reader: Reader, parse: Callable[[str], A], nowhere: A) -> A:
    """The address; a mistake goes to the reader, and ``nowhere`` stands for it."""
    url = reader.text("address", max_length=300)
    try:
        return parse(url)
    except ValueError as error:
        if url:
            reader.problem("address", str(error))
        return nowhere


def own_profile(reader: Reader, driver: str, parse: Callable[[str, str], D]) -> D | None:
    """A profile of the user's own: its mistakes are those of the key that names it."""
    path = reader.optional_file("profile")
    if path is None:
        return None
    try:
        profile = parse(str(path), read_bounded(path, MAX_PROFILE_BYTES).decode())
    except (Unreadable, UnicodeDecodeError, ProfileError) as error:
        reader.problem("profile", str(error))
        return None
    if profile.driver != driver:
        reader.problem("profile", f"cannot use it for a {driver}: it describes a {profile.driver}")
    return profile
