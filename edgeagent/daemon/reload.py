"""Reload: the configuration is read again, and only what changed is restarted; a broken one changes nothing."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from edgeagent.config.tree import Problem
from edgeagent.core.health import Health, Level
from edgeagent.core.ports import Beat, Driver
from edgeagent.daemon import logs
from edgeagent.daemon.configuration import Checked, Configuration
from edgeagent.daemon.systemd import Notifier
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.polled import DevicePlan
from edgeagent.drivers.settings import DeviceSettings, build
from edgeagent.model.points import DeviceId
from edgeagent.model.site import Site

PART = "configuration"
"""Its name in health and audit."""
BEAT_S = 60.0
MAX_NAMED = 20
"""Names that one sentence repeats; the rest are counted."""

log = structlog.get_logger(__name__)


class Devices(Protocol):
    """What is needed of the Poller."""

    def apply(self, removed: Iterable[DeviceId], fresh: Iterable[tuple[DevicePlan, Driver]]) -> None:
        """Close and forget some devices, and start others."""


class Adopts(Protocol):
    """What is needed of the Protection."""

    def adopt(self, configuration: Configuration) -> None:
        """Go on by another configuration."""


class Audit(Protocol):
    """What is needed of the Store."""

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        """Queue one link of the audit chain."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one configuration changes of another."""

    added: tuple[DeviceSettings, ...] = ()
    changed: tuple[DeviceSettings, ...] = ()
    removed: tuple[DeviceId, ...] = ()
    site: bool = False
    tables: bool = False
    switching: bool = False
    log_level: str | None = None
    """The new one, if it changed."""

    def __str__(self) -> str:
        """What changed, as people read it; empty when nothing did."""
        named = {
            "added": [one.name for one in self.added],
            "changed": [one.name for one in self.changed],
            "removed": self.removed,
        }
        words = [f"{verb} {_some(names)}" for verb, names in named.items() if names]
        words += ["changed the site"] if self.site else []
        words += ["changed limits, interlocks or ratings"] if self.tables else []
        words += ["changed how outlets are switched"] if self.switching else []
        words += [f"log level {self.log_level}"] if self.log_level else []
        return "; ".join(words)


def difference(old: Configuration, new: Configuration) -> Difference:
    """What a reload has to do; devices are the same when their settings are equal."""
    before = {one.name: one for one in old.devices}
    after = {one.name for one in new.devices}
    return Difference(
        added=tuple(one for one in new.devices if one.name not in before),
        changed=tuple(one for one in new.devices if before.get(one.name, one) != one),
        removed=tuple(name for name in before if name not in after),
        site=old.site != new.site,
        tables=old.tables.version != new.tables.version,
        switching=(old.actuators, old.pdus) != (new.actuators, new.pdus),
        log_level=None if old.daemon.log_level == new.daemon.log_level else new.daemon.log_level,
    )


def restart_needed(started: Configuration, new: Configuration) -> tuple[str, ...]:
    """The tables whose changes only a restart applies."""
    before, after = started.daemon, new.daemon
    changed = {
        "[pod]": (before.site, before.pod) != (after.site, after.pod),
        "[daemon]": (before.state, before.runtime) != (after.state, after.runtime),
        "[store]": started.store != new.store,
        "[uplink]": started.uplink != new.uplink,
        "[api]": started.api != new.api,
        "[traps]": started.traps != new.traps,
        "[kernel_log]": started.kernel_log != new.kernel_log,
    }
    return tuple(table for table, is_changed in changed.items() if is_changed)


class Reload:
    """A Service that waits for a request (SIGHUP), then brings the daemon to what the files say now."""

    name = "reload"
    beat_every_s = 10 * BEAT_S
    critical = False

    def __init__(
        self,
        started: Configuration,
        check: Callable[[], Checked],
        parts: Parts,
        devices: Devices,
        *,
        protection: Adopts,
        audit: Audit,
        health: Health,
        notifier: Notifier,
    ) -> None:
        self.ready = asyncio.Event()
        """To be set once systemd knows that the daemon is ready; no request is served before."""
        self._asked = asyncio.Event()
        self._started = started
        self._running = started
        self._check = check
        self._parts = parts
        self._devices = devices
        self._protection = protection
        self._audit = audit
        self._health = health
        self._notifier = notifier

    @property
    def site(self) -> Site:
        """The site as it is configured now."""
        return self._running.site

    @property
    def devices(self) -> tuple[DeviceSettings, ...]:
        """The devices as they are configured now."""
        return self._running.devices

    def request(self) -> None:
        """Have the files read again soon; requests that come together are one."""
        self._asked.set()

    async def run(self, beat: Beat) -> None:
        """Serve requests until cancelled."""
        await self.ready.wait()
        while True:
            beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await self._asked.wait()
            if self._asked.is_set():
                self._asked.clear()
                await self._reload()

    async def _reload(self) -> None:
        self._notifier.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            checked = await asyncio.to_thread(self._check)  # files can be slow, and the loop must not wait
            if checked.problems:
                self._refuse(checked.problems)
            else:
                self._apply(checked.configuration)
        finally:
            self._notifier.send("READY=1")

    def _refuse(self, problems: Sequence[Problem]) -> None:
        """Change nothing; the daemon would not start with these files, so that this is a failure and no detail."""
        for problem in problems:
            log.error("configuration mistake", error=str(problem))
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        message = f"cannot use the changed configuration, the one before stays: {problems[0]}{more}"
        self._health.set(PART, Level.FAILED, message)
        self._audit.audit(PART, "refuse", message)

    def _apply(self, new: Configuration) -> None:
        changes = difference(self._running, new)
        if changes.log_level:
            logs.set_level(changes.log_level)
        self._devices.apply(changes.removed, build((*changes.changed, *changes.added), self._parts))
        self._protection.adopt(new)
        self._running = new
        needed = restart_needed(self._started, new)
        words = "; ".join(filter(None, [str(changes), self._ask_for_restart(needed)])) or "nothing changed"
        self._audit.audit(PART, "reload", words)
        log.info("configuration reloaded", changes=words)

    def _ask_for_restart(self, tables: Sequence[str]) -> str:
        """Tell people which changes wait for a restart, or that none does."""
        if not tables:
            self._health.forget(PART)
            return ""
        message = f"restart needed for {', '.join(tables)}"
        self._health.set(PART, Level.DEGRADED, message)
        log.warning("configuration changed in part", error=message)
        return message


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
