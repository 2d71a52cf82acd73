"""What the journal says while the daemon is down: what is kept, and when it was last heard of."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeagent.cli import table
from edgeagent.model.errors import StoreError

if TYPE_CHECKING:
    from edgeagent.store.peek import Peek

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def last_words(state: Path) -> dict[str, Any]:
    """The journal's facts as plain data; ``error`` tells why there are none."""
    from edgeagent.store.peek import peek

    try:
        found = peek(state)
    except StoreError as error:
        return {"error": str(error)}
    except PermissionError:
        return {"error": f"cannot read {state}: permission denied; be root or the user of the daemon"}
    return {
        "streams": {stream.value: asdict(counts) for stream, counts in found.counts.items()},
        "audit_head": found.audit_head,
        "last_sample_age_s": _last_sample_age_s(found),
        "devices": sorted({device for device, _ in found.samples}),
    }


def lines(state: Path, told: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    if "error" in told:
        yield told["error"]
        return
    age_s = told["last_sample_age_s"]
    if age_s is not None:
        yield f"the last reading that is still kept here is {table.duration(age_s)} old"
    yield f"journal in {state}:"
    yield from stream_lines(told["streams"])


def stream_lines(streams: dict[str, Any]) -> Iterator[str]:
    """One line per stream: kept, held by the NOC, dropped and why."""
    for stream, one in streams.items():
        dropped = sum(one["dropped"].values())
        lost = f", {dropped} dropped ({', '.join(one['dropped'])})" if dropped else ""
        yield (
            f"  {stream}: {one['pending']} records kept ({table.size(one['pending_bytes'])}), "
            f"{one['acknowledged']} of {one['appended']} held by the NOC{lost}"
        )


def _last_sample_age_s(found: "Peek") -> float | None:
    """Seconds since the newest kept sample; over a reboot by the wall clock, where one was trusted."""
    if not found.samples:
        return None
    newest = max(found.samples.values(), key=lambda sample: sample.time_s)
    # Read here and not from core.clock: that loads asyncio, a third of the time that `status` takes.
    if BOOT_ID.read_text(encoding="ascii").strip().replace("-", "").startswith(newest.boot):
        return round(time.clock_gettime(time.CLOCK_BOOTTIME) - newest.time_s, 1)
    anchor = found.anchor
    if anchor is None or not anchor.trusted or not anchor.boot_id.startswith(newest.boot):
        return None
    return round(time.time() - (anchor.wall_s + newest.time_s - anchor.boottime_s), 1)
