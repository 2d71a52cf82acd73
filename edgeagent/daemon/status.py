"""The status: one sentence for a tired person, and the facts behind it for programs."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from edgeagent import __version__
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.ports import Outbox
from edgeagent.core.state import State
from edgeagent.daemon.settings import DaemonSettings
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.daemon.systemd import LoopLag
from edgeagent.model.device import DeviceState, DeviceStatus
from edgeagent.model.points import device_of, name_of
from edgeagent.model.reading import Quality


class LinkView(Protocol):
    """What the uplink tells of itself; times are CLOCK_BOOTTIME seconds."""

    @property
    def state(self) -> str:
        """Connected, degraded, disconnected or rejoining."""

    @property
    def since_s(self) -> float:
        """When it became so."""

    @property
    def broker(self) -> str:
        """Where the broker is."""

    @property
    def last_ack_s(self) -> float | None:
        """When the NOC last acknowledged anything."""


class Status:
    """Builds what ``/v1/status``, ``/v1/points`` and ``/healthz`` answer."""

    def __init__(
        self,
        *,
        settings: DaemonSettings,
        clock: Clock,
        state: State,
        health: Health,
        supervisor: Supervisor,
        outbox: Outbox,
        link: LinkView,
        lag: LoopLag,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._state = state
        self._health = health
        self._supervisor = supervisor
        self._outbox = outbox
        self._link = link
        self._lag = lag
        self._started_s = clock.now_s()

    def sentence(self) -> str:
        """How the pod is, in one line: what needs a person first, then the link, then what is kept."""
        statuses = self._state.statuses().values()
        well = (DeviceState.ONLINE, DeviceState.CONNECTING)
        down = sorted(one.device for one in statuses if one.state not in well)
        connecting = sum(one.state is DeviceState.CONNECTING for one in statuses)
        failed = [one.message or one.part for one in self._health.conditions() if one.level is Level.FAILED]
        parts = [f"{len(failed)} part{'' if len(failed) == 1 else 's'} failed: {failed[0]}"] if failed else []
        parts += [f"{_some(down, 'does', 'do')} not answer as expected"] if down else []
        parts += [f"{connecting} of {len(statuses)} devices are being connected"] if connecting else []
        parts += [] if down or connecting else [f"all {len(statuses)} devices answer"]
        parts.append(self._link_words())
        return "; ".join(parts)

    def _headline(self, faults: Counter[str]) -> str:
        """Whether anything needs a person, in words that change only when that does: the page reads it out."""
        statuses = self._state.statuses().values()
        attention = self._attention(statuses, faults)
        if attention:
            return f"Needs a look: {'; '.join(attention)}. Meanwhile {self._noc_words()}."
        connecting = sum(one.state is DeviceState.CONNECTING for one in statuses)
        if connecting:
            return f"Getting to know the pod: {connecting} of {len(statuses)} devices are being connected."
        return f"Nothing needs you: all {len(statuses)} devices answer, and {self._noc_words()}."

    def status(self) -> Mapping[str, object]:
        """Everything a person asks first, as plain data."""
        now_s, faults = self._clock.now_s(), self._faults()
        return {
            "sentence": self.sentence(),
            "headline": self._headline(faults),
            "pod": {"site": self._settings.site, "name": self._settings.pod},
            "version": __version__,
            "boot_id": self._clock.boot_id,
            "uptime_s": round(now_s - self._started_s, 1),
            "link": self._link_facts(now_s),
            "journal": self._journal(),
            "devices": self._devices(now_s, faults),
            "points": {quality.value: count for quality, count in self._state.counts().items()},
            "services": self._services(now_s),
            "conditions": [
                {
                    "part": one.part,
                    "level": one.level.value,
                    "message": one.message,
                    "for_s": round(now_s - one.since_s, 1),
                }
                for one in self._health.conditions()
            ],
            "loop_lag_p99_s": self._lag.histogram.quantile(0.99),
        }

    def points(self) -> Mapping[str, object]:
        """Every point with its reading."""
        snapshot = self._state.snapshot()
        rows = []
        for point in self._state.points():
            reading = snapshot.readings[point.id]
            rows.append(
                {
                    "point": point.id,
                    "device": point.device,
                    "name": name_of(point.id),
                    "kind": point.kind.value,
                    "value": reading.value,
                    "unit": point.unit,
                    "quality": reading.quality.value,
                    "reason": reading.reason.value if reading.reason else None,
                    "age_s": round(snapshot.time_s - reading.time_s, 1),
                    "source": reading.source,
                    "raw": reading.raw,
                }
            )
        return {"points": rows}

    def healthz(self) -> Mapping[str, object]:
        """Liveness, which a link can never take away, and beside it the link and the worst condition."""
        fault = self._supervisor.fault()
        conditions = self._health.conditions()
        return {
            "alive": fault is None,
            "fault": fault,
            "link": self._link.state,
            "worst": conditions[0].level.value if conditions else Level.OK.value,
        }

    def _attention(self, statuses: Collection[DeviceStatus], faults: Counter[str]) -> list[str]:
        """What a person has to look at, worst first; a silent device counts once and not with each of its points."""
        failed = [one.message or one.part for one in self._health.conditions() if one.level is Level.FAILED]
        down = sorted(one.device for one in statuses if one.state not in {DeviceState.ONLINE, DeviceState.CONNECTING})
        online = {one.device for one in statuses if one.state is DeviceState.ONLINE}
        blind = sorted(device for device in online if faults[device])
        parts = [failed[0] if len(failed) == 1 else f"{len(failed)} parts failed, first: {failed[0]}"] if failed else []
        parts += [f"{_some(down, 'does', 'do')} not answer as expected"] if down else []
        parts += [f"{_some(blind, 'has', 'have')} points without a good reading"] if blind else []
        return parts

    def _faults(self) -> Counter[str]:
        """How many points of each device are not GOOD."""
        good = Quality.GOOD
        readings = self._state.snapshot().readings.items()
        return Counter(device_of(name) for name, reading in readings if reading.quality is not good)

    def _noc_words(self) -> str:
        words = {"connected": "the NOC is online", "disconnected": "records are kept here until the NOC is back"}
        return words.get(self._link.state, f"the NOC link is {self._link.state}")

    def _link_words(self) -> str:
        age_s = self._clock.now_s() - self._link.since_s
        pending = sum(extent.pending for extent in self._outbox.extents())
        if self._link.state == "connected":
            return f"NOC link up, {pending} records on their way"
        return f"NOC link {self._link.state} for {age_s:.0f} s, {pending} records kept"

    def _link_facts(self, now_s: float) -> dict[str, object]:
        last_ack_s = self._link.last_ack_s
        return {
            "state": self._link.state,
            "for_s": round(now_s - self._link.since_s, 1),
            "broker": self._link.broker,
            "last_ack_age_s": None if last_ack_s is None else round(now_s - last_ack_s, 1),
        }

    def _journal(self) -> dict[str, object]:
        return {stream.value: asdict(counts) for stream, counts in self._outbox.counts().items()}

    def _devices(self, now_s: float, faults: Counter[str]) -> Sequence[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for device, one in sorted(self._state.statuses().items()):
            info = self._state.infos().get(device)
            rows.append(
                {
                    "device": device,
                    "state": one.state.value,
                    "for_s": round(now_s - one.since_s, 1),
                    "vendor": one.identity.vendor,
                    "model": one.identity.model,
                    "serial": one.identity.serial,
                    "firmware": one.identity.firmware,
                    "points": len(info.points) if info else 0,
                    "faults": faults[device],
                    "polls": one.polls,
                    "failures": one.failures,
                    "last_poll_age_s": None if one.last_poll_s is None else round(now_s - one.last_poll_s, 1),
                    "last_duration_s": one.last_duration_s,
                    "message": one.message,
                }
            )
        return rows

    def _services(self, now_s: float) -> Sequence[dict[str, object]]:
        return [
            {
                "service": one.service.name,
                "phase": one.phase.value,
                "for_s": round(now_s - one.since_s, 1),
                "restarts": one.restarts,
                "last_error": one.last_error,
            }
            for one in self._supervisor.services
        ]


def _some(names: Sequence[str], one: str, several: str) -> str:
    shown = ", ".join(names[:3])
    more = len(names) - 3
    return f"{shown} and {more} more {several}" if more > 0 else f"{shown} {one if len(names) == 1 else several}"
