"""The status: one sentence for a tired person, and the facts behind it for programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from edgeagent import __version__
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.ports import Outbox
from edgeagent.core.state import State
from edgeagent.daemon.headline import Headline, LinkView, some
from edgeagent.daemon.settings import DaemonSettings
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.daemon.systemd import LoopLag
from edgeagent.model.device import DeviceState
from edgeagent.model.points import device_of
from edgeagent.model.reading import Quality


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
        headline: Headline,
    ) -> None:
        self._headline = headline
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
        acting = self._headline.acting()
        parts = [acting] if acting else []
        parts += [f"{len(failed)} part{'' if len(failed) == 1 else 's'} failed: {failed[0]}"] if failed else []
        parts += [f"{some(down, 'does', 'do')} not answer as expected"] if down else []
        parts += [f"{connecting} of {len(statuses)} devices are being connected"] if connecting else []
        parts += [] if down or connecting else [f"all {len(statuses)} devices answer"]
        parts.append(self._link_words())
        return "; ".join(parts)

    def status(self) -> Mapping[str, object]:
        """Everything a person asks first, as plain data."""
        now_s, (faults, not_given) = self._clock.now_s(), self._not_good()
        return {
            "sentence": self.sentence(),
            "headline": self._headline.text(faults),
            "pod": {"site": self._settings.site, "name": self._settings.pod},
            "version": __version__,
            "boot_id": self._clock.boot_id,
            "uptime_s": round(now_s - self._started_s, 1),
            "link": self._link_facts(now_s),
            "journal": self._journal(),
            "devices": self._devices(now_s, faults, not_given),
            "points": {quality.value: count for quality, count in self._state.counts().items()},
            "alarms": self._headline.counts(),
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
                    "name": point.name,
                    "kind": point.kind.value,
                    "value": reading.value,
                    "unit": point.unit,
                    "quality": reading.quality.value,
                    "reason": reading.reason.value if reading.reason else None,
                    "age_s": round(snapshot.time_s - reading.time_s, 1),
                    "source": reading.source,
                    "raw": reading.raw,
                    "given": self._state.is_missed(reading),
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

    def _not_good(self) -> tuple[Counter[str], Counter[str]]:
        """How many points of each device are faults, and how many it does not give; the latter need no person."""
        faults, not_given = Counter[str](), Counter[str]()
        good = Quality.GOOD
        for name, reading in self._state.snapshot().readings.items():
            if reading.quality is not good:
                (faults if self._state.is_missed(reading) else not_given)[device_of(name)] += 1
        return faults, not_given

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

    def _devices(self, now_s: float, faults: Counter[str], not_given: Counter[str]) -> Sequence[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for device, one in sorted(self._state.statuses().items()):
            info = self._state.infos().get(device)
            rows.append(
                {
                    "device": device,
                    "kind": one.kind,
                    "state": one.state.value,
                    "for_s": round(now_s - one.since_s, 1),
                    "vendor": one.identity.vendor,
                    "model": one.identity.model,
                    "serial": one.identity.serial,
                    "firmware": one.identity.firmware,
                    "points": len(info.points) if info else 0,
                    "faults": faults[device],
                    "not_given": not_given[device],
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
