"""The ``[store]`` table."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader

KIB, MIB, GIB = 1024, 1024**2, 1024**3
HOUR_S, DAY_S = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """How much is kept, for how long, and how often it is written.

    Ages count the time that the agent ran: a wrong wall clock deletes nothing.
    """

    folder: Path | None = None
    """Where the databases stand; None is the daemon's state folder."""
    telemetry_budget_bytes: int = 2 * GIB
    telemetry_age_s: float = 30 * DAY_S
    commit_every_s: float = 0.5
    audit_keep_s: float = 90 * DAY_S
    audit_budget_bytes: int = 64 * MIB
    reserve_bytes: int = 4 * MIB
    flight_budget_bytes: int = 64 * MIB
    """What the recordings of decisions may take, for `edgeagent replay`."""
    queue_records: int = 20_000
    queue_bytes: int = 16 * MIB


def parse(reader: Reader) -> StoreSettings:
    """The settings in ``[store]``; mistakes go to ``reader.problems``."""
    usual = StoreSettings()
    return StoreSettings(
        folder=reader.optional_file("folder"),
        telemetry_budget_bytes=reader.size_bytes(
            "telemetry_budget", usual.telemetry_budget_bytes, minimum=MIB, maximum=1024 * GIB
        ),
        telemetry_age_s=reader.duration_s("telemetry_age", usual.telemetry_age_s, minimum=HOUR_S, maximum=3660 * DAY_S),
        commit_every_s=reader.duration_s("commit_every", usual.commit_every_s, minimum=0.05, maximum=1.0),
        audit_keep_s=reader.duration_s("audit_keep", usual.audit_keep_s, minimum=DAY_S, maximum=3660 * DAY_S),
        audit_budget_bytes=reader.size_bytes("audit_budget", usual.audit_budget_bytes, minimum=MIB, maximum=64 * GIB),
        reserve_bytes=reader.size_bytes("reserve", usual.reserve_bytes, minimum=MIB, maximum=GIB),
        flight_budget_bytes=reader.size_bytes("flight_budget", usual.flight_budget_bytes, minimum=2 * MIB, maximum=GIB),
        queue_records=reader.integer("queue_records", usual.queue_records, minimum=100, maximum=1_000_000),
        queue_bytes=reader.size_bytes("queue_bytes", usual.queue_bytes, minimum=256 * KIB, maximum=GIB),
    )
