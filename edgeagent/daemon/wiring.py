"""The one place where every object of the daemon is made and joined."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from edgeagent import __version__
from edgeagent.api.notices import Notices
from edgeagent.api.server import ApiServer
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.daemon.configuration import Checked, Configuration
from edgeagent.daemon.drain import Drain
from edgeagent.daemon.headline import Headline
from edgeagent.daemon.identity_book import StoredBook
from edgeagent.daemon.protection import Protection
from edgeagent.daemon.readers import Around, Readers, listeners
from edgeagent.daemon.reload import Reload
from edgeagent.daemon.self_metrics import SelfMetrics
from edgeagent.daemon.status import Status
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.daemon.systemd import LoopLag, Notifier
from edgeagent.drivers.estimates.desk import Desk
from edgeagent.drivers.poller import Poller
from edgeagent.drivers.settings import build
from edgeagent.store.flight_log import FlightLog
from edgeagent.store.recorder import Recorder
from edgeagent.store.service import StoreService
from edgeagent.store.store import Store
from edgeagent.uplink.service import Uplink
from edgeagent.wire.keyring import load_keyring


@dataclass(frozen=True, slots=True)
class Daemon:
    """What ``run`` needs to hold in its hands."""

    supervisor: Supervisor
    store: Store
    book: StoredBook
    status: Status
    api: ApiServer
    reload: Reload
    lag: LoopLag
    metrics: Metrics
    protection: Protection


def wire(configuration: Configuration, clock: Clock, check: Callable[[], Checked], notifier: Notifier) -> Daemon:
    """Make everything; nothing runs and nothing is open yet, except the store, which others look into.

    ``check`` reads the configuration's files again, for a reload.

    Services are cancelled in the reverse order: first nothing new is read, then what was read is recorded, delivered
    and committed.

    Raises:
        ConfigError: the keyring cannot be used.
        StoreError: another daemon uses the state folder, or a newer one wrote it.
    """
    settings = configuration.daemon
    keyring = load_keyring(configuration.uplink.keyring)
    metrics, state, health = Metrics(), State(clock), Health(clock)
    store = Store(configuration.store.folder or settings.state, configuration.store, clock)
    store.open()
    lag = LoopLag(metrics)
    supervisor = Supervisor(clock, health, metrics)
    uplink = Uplink(
        configuration.uplink,
        site=settings.site,
        pod=settings.pod,
        version=__version__,
        keyring=keyring,
        outbox=store,
        clock=clock,
        health=health,
        metrics=metrics,
    )
    book = StoredBook(store)
    around = Around(clock, health, metrics)
    readers = Readers(around)
    parts = replace(readers.parts, estimates=Desk(store, clock, metrics))
    flight_log = FlightLog(store.folder / "flight", configuration.store.flight_budget_bytes, clock, health, metrics)
    protection = Protection(
        configuration,
        parts,
        book,
        store=store,
        flight_log=flight_log,
        state=state,
        clock=clock,
        health=health,
        metrics=metrics,
    )
    alarms = protection.alarms
    status = Status(
        settings=settings,
        clock=clock,
        state=state,
        health=health,
        supervisor=supervisor,
        outbox=store,
        link=uplink,
        lag=lag,
        headline=Headline(state, health, uplink, acting=protection.overview.sentence, alarms=alarms.view),
    )
    SelfMetrics(metrics, state, supervisor, clock)
    api = ApiServer(
        configuration.api,
        settings.socket,
        metrics,
        state,
        clock,
        status=status.status,
        points=status.points,
        health=status.healthz,
        site=lambda: reload.site,
        sections={"alarms": alarms, "autonomy": protection.view, "notices": Notices(state, clock)},
        explain=protection.explainer.explain,
        operations=protection.operations,
    )
    devices = build(configuration.devices, parts)
    poller = Poller(devices, state=state, clock=clock, metrics=metrics, book=book)
    protection.see_soon(poller.poke)
    parts.bell.answer(poller.poke)
    reload = Reload(
        configuration, check, parts, poller, protection=protection, audit=store, health=health, notifier=notifier
    )
    supervisor.add(StoreService(store, clock, health, metrics))
    supervisor.add(uplink)
    supervisor.add(Drain(store, store, uplink))
    supervisor.add(Recorder(state, store, clock))
    supervisor.add(flight_log)
    supervisor.add(api)
    for service in (
        protection.worker,
        protection.executor,
        protection.cycle,
        protection.prepare,
        protection.keeper,
        protection.estimates,
    ):
        supervisor.add(service)
    for worker in readers.workers:
        supervisor.add(worker)
    supervisor.add(poller)
    heard = listeners(configuration, parts, around, state, devices=lambda: reload.devices, poke=poller.poke)
    for listener in heard:
        supervisor.add(listener)
    supervisor.add(reload)
    return Daemon(supervisor, store, book, status, api, reload, lag, metrics, protection)
