"""A tree of Redfish resources (DSP0266): what stands at each path now, what may be changed, and what can be done.

Written from the schemas of DSP8010, not from the agent's driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

ROOT = "/redfish/v1"
Body = dict[str, Any]
Change = Callable[[Body], None]


class Rejected(Exception):
    """A change that the device does not take; the message says why."""


@dataclass(eq=False)
class Tree:
    """Resources by path. A collection is a list of paths; a resource is made anew for each request."""

    resources: dict[str, Callable[[], Body]] = field(default_factory=dict)
    collections: dict[str, list[str]] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    actions: dict[str, Change] = field(default_factory=dict)
    expands: bool = True

    def root(self, **links: str) -> None:
        """The service root with links to what there is."""
        expand = {"ExpandAll": True, "Levels": True, "Links": False, "MaxLevels": 1, "NoLinks": True}
        features = {"ProtocolFeaturesSupported": {"ExpandQuery": expand}} if self.expands else {}
        content = {key: link(path) for key, path in links.items()}
        sessions = {"Links": {"Sessions": link(f"{ROOT}/SessionService/Sessions")}}
        self.add(ROOT, "ServiceRoot.v1_15_0", lambda: {"RedfishVersion": "1.15.0", **features, **content, **sessions})

    def add(self, path: str, kind: str, read: Callable[[], Body], change: Change | None = None) -> str:
        """A resource of a schema, read by a function; returns its path."""
        name = path.rpartition("/")[2]
        head = {"@odata.id": path, "@odata.type": f"#{kind}.{kind.partition('.')[0]}", "Id": name, "Name": name}
        self.resources[path] = lambda: head | read()
        if change is not None:
            self.changes[path] = change
        return path

    def collect(self, path: str, members: Iterable[str]) -> str:
        """A collection; returns its path."""
        self.collections[path] = list(members)
        return path

    def body(self, path: str, *, expand: bool = False) -> Body | None:
        """What stands at a path now."""
        if path in self.collections:
            members = self.collections[path]
            shown: list[Body] = [self.resources[one]() if expand and self.expands else link(one) for one in members]
            return {"@odata.id": path, "Name": "Collection", "Members": shown, "Members@odata.count": len(members)}
        return self.resources[path]() if path in self.resources else None


def link(path: str) -> Body:
    """A reference to a resource."""
    return {"@odata.id": path}


def sensor(reading: float | None, kind: str, units: str, *, state: str = "Enabled", **more: Any) -> Body:
    """A Sensor (Sensor.v1_9_0)."""
    status = {"State": state, "Health": "OK"}
    return {"Reading": reading, "ReadingType": kind, "ReadingUnits": units, "Status": status, **more}


def excerpt(reading: float | None, source: str = "", **more: Any) -> Body:
    """A copy of a sensor in another resource."""
    return {"Reading": reading, **({"DataSourceUri": source} if source else {}), **more}


def status(*, ok: bool = True, present: bool = True) -> Body:
    """A Status."""
    if not present:
        return {"State": "Absent"}
    return {"State": "Enabled", "Health": "OK"} if ok else {"State": "UnavailableOffline", "Health": "Critical"}
