"""A Redfish service as who reads it needs it: resources and whole collections in few requests, within bounds."""

from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.reading import Reason
from edgeagent.protocols.redfish import ROOT, Resource

MAX_RESOURCES = 2000
MAX_PAGES = 50
WORTH_EXPANDING = 3
"""So many members are read at once, with their collection, rather than one by one."""
GIVE_UP_AFTER = 3
"""So often one resource may be silent while we learn; then the others are worth more."""
EXPANDED_EXCHANGES = 3
"""The service reads all members before it answers, so it may take longer."""

Body = Mapping[str, Any]


class Session(Protocol):
    """What is needed of a session; see `protocols.redfish.RedfishSession`."""

    async def get(self, path: str, *, exchanges: int = 1) -> Resource | None:
        """A resource, or None where there is none."""


class SessionLease(Protocol):
    """The hold on a session; see `protocols.session.Lease`."""

    def open(self) -> Session:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request: a resource, or several members of a collection."""

    path: str
    members: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The resources that it gives."""
        return self.members or (self.path,)


class Service:
    """Reads for learning are remembered until `forget`, so that a try that was cut short goes on where it was."""

    def __init__(self, lease: SessionLease) -> None:
        self._lease = lease
        self._known: dict[str, Body | None] = {}
        self._collections: dict[str, tuple[str, ...]] = {}
        self._silent: Counter[str] = Counter()
        self._too_slow = 0
        self.expands = ""
        """The query that makes a collection carry its members; empty where the service has none, or gives none."""

    def forget(self) -> None:
        """Learn anew from here on."""
        self._known.clear()
        self._silent.clear()

    async def learnt(self, path: str) -> Body | None:
        """A resource, read once; None where there is none, it may not be read, or what stands there is nonsense.

        Raises:
            DeviceError: the service does not answer. A resource that again and again does not, while the service does,
                is given up.
        """
        if path not in self._known:
            if len(self._known) >= MAX_RESOURCES:
                return None
            self._known[path] = await self._learn(path)
        return self._known[path]

    async def members(self, path: str) -> list[tuple[str, Body]]:
        """The members of a collection that there are, in its order, with their paths."""
        paths = await self._paths(path)
        if self.expands and len(paths) >= WORTH_EXPANDING and not all(one in self._known for one in paths):
            with suppress(DeviceUnreachable):  # one by one it may be quicker; a dead one says so then
                for one, body in (await self._expanded(path, paths)).items():
                    self._known.setdefault(one, body)
        found = [(one, await self.learnt(one)) for one in paths]
        return [(one, body) for one, body in found if body is not None]

    def plan(self, paths: Iterable[str]) -> list[Fetch]:
        """The requests that give these resources."""
        rest = dict.fromkeys(paths)
        fetches = []
        for collection, members in self._collections.items():
            wanted = tuple(one for one in members if one in rest)
            if self.expands and len(wanted) >= WORTH_EXPANDING:
                fetches.append(Fetch(collection, wanted))
                for one in wanted:
                    del rest[one]
        return [*fetches, *(Fetch(one) for one in rest)]

    async def read(self, fetches: Sequence[Fetch]) -> dict[str, Body | Reason]:
        """What stands at each path now, or why it is not known.

        Raises:
            DeviceError: nothing of it answers; after two in a row that do not, the others are not asked.
        """
        found = _Found()
        for fetch in fetches:
            if fetch.members and self.expands and not found.dead:
                await found.take(fetch.members, self._expanded(fetch.path, fetch.members))
            for path in fetch.paths:
                if path not in found.bodies and not found.dead:
                    await found.take((path,), self._one(path))
        found.judge()
        return {path: found.bodies.get(path, Reason.DISCONNECTED) for fetch in fetches for path in fetch.paths}

    async def _learn(self, path: str) -> Body | None:
        try:
            found = await self._lease.open().get(path)
        except DeviceGarbled:
            return None
        except DeviceRefused:
            if not self._known:
                raise  # the very first: it is not one resource that is closed to us
            return None
        except DeviceUnreachable:
            self._silent[path] += 1
            if self._silent[path] < GIVE_UP_AFTER or not self._known:
                raise
            await self._lease.open().get(ROOT)  # it lives, or this raises
            return None
        return None if found is None else found.body

    async def _one(self, path: str) -> dict[str, Body]:
        found = await self._lease.open().get(path)
        return {} if found is None else {path: found.body}

    async def _paths(self, collection: str) -> tuple[str, ...]:
        if collection not in self._collections or collection not in self._known:
            paths: dict[str, None] = {}
            page, pages = collection, 0
            while page and pages < MAX_PAGES:
                body = await self.learnt(page) or {}
                paths.update(dict.fromkeys(filter(None, map(linked, _list(body.get("Members"))))))
                page, pages = local(body.get("Members@odata.nextLink")), pages + 1
            self._collections[collection] = tuple(list(paths)[:MAX_RESOURCES])
        return self._collections[collection]

    async def _expanded(self, collection: str, paths: Sequence[str]) -> dict[str, Body]:
        """The members that one request gives; a service that does not do what it promised is not asked again."""
        try:
            found = await self._lease.open().get(collection + self.expands, exchanges=EXPANDED_EXCHANGES)
        except DeviceUnreachable:
            self._too_slow += 1
            if self._too_slow > 1:
                self.expands = ""
            raise
        except (DeviceGarbled, DeviceRefused):
            found = None
        self._too_slow = 0
        members = [] if found is None else _list(found.body.get("Members"))
        full = [one for one in members if isinstance(one, dict) and len(one) > 1]
        if not full:
            self.expands = ""
        return _by_path(self._collections.get(collection, tuple(paths)), full)


class _Found:
    """What one read gives, request by request."""

    def __init__(self) -> None:
        self.bodies: dict[str, Body | Reason] = {}
        self._failure: DeviceError | None = None
        self._answered = 0
        self._silent = 0

    @property
    def dead(self) -> bool:
        """Whether it has been silent twice in a row."""
        return self._silent > 1

    async def take(self, paths: Sequence[str], asking: Awaitable[Mapping[str, Body]]) -> None:
        """Wait for an answer; of several paths those that are not in it are left open, and a single one is absent."""
        try:
            given = await asking
        except DeviceError as error:
            self._failure = self._failure or error
            self._silent = self._silent + 1 if isinstance(error, DeviceUnreachable) else 0
            self.bodies.update(dict.fromkeys(paths, _reason(error)))
            return
        self._answered, self._silent = self._answered + 1, 0
        self.bodies.update({path: given[path] for path in paths if path in given})
        if len(paths) == 1:
            self.bodies.setdefault(paths[0], Reason.ABSENT)

    def judge(self) -> None:
        """Raise what failed, if nothing answered."""
        if self._failure is not None and not self._answered:
            raise self._failure


def linked(reference: object) -> str:
    """The path that a reference names, or nothing."""
    return local(reference.get("@odata.id")) if isinstance(reference, dict) else ""


def local(reference: object) -> str:
    """The path of a resource of this service, or nothing: no link leads elsewhere, our login is for this one."""
    if not isinstance(reference, str):
        return ""
    try:
        parts = urlsplit(reference)
    except ValueError:
        return ""
    fine = not parts.scheme and not parts.netloc and parts.path.startswith("/redfish/v1/") and len(reference) < 512
    if not fine or ".." in parts.path or not reference.isprintable() or " " in reference:
        return ""
    path = parts.path.rstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def expanding(root: Body) -> str:
    """The query for members one level down, by what the service says that it can (ProtocolFeaturesSupported)."""
    features = root.get("ProtocolFeaturesSupported")
    can = features.get("ExpandQuery") if isinstance(features, dict) else None
    if not isinstance(can, dict) or not (can.get("NoLinks") or can.get("ExpandAll")):
        return ""
    sign = "." if can.get("NoLinks") else "*"
    return f"?$expand={sign}($levels=1)" if can.get("Levels") else f"?$expand={sign}"


def _by_path(paths: Sequence[str], members: Sequence[Body]) -> dict[str, Body]:
    """Members under their paths. Where two call themselves the same, the place in the collection tells them apart."""
    found: dict[str, Body] = {}
    for one in members:
        found.setdefault(linked(one), one)
    if len(paths) == len(members):
        for path, one in zip(paths, members, strict=True):
            if path not in found:
                found[path] = one
    return {path: found[path] for path in paths if path in found}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _reason(error: DeviceError) -> Reason:
    if isinstance(error, DeviceGarbled):
        return Reason.GARBLED
    return Reason.REFUSED if isinstance(error, DeviceRefused) else Reason.DISCONNECTED
