"""``edgeagent status``: how the pod is; when the daemon is down, what its journal last said."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from typing import Any

from edgeagent.cli import client, place, table
from edgeagent.cli.journal import last_words, lines, stream_lines

MANY = 24
"""With more devices, kinds are listed instead."""

EPILOG = """examples:
  edgeagent status
  edgeagent status --all                   each device of a large pod, and not each kind
  edgeagent status --json | jq '.devices[] | select(.state != "online")'

A link that is down is told, and is no fault: the pod keeps its records until it is back.
exit codes: 0 every device answers and no part failed, 1 something is wrong and is named, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("--all", action="store_true", help=f"list each device, also where there are more than {MANY}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Exit code 0 when every device answers and nothing failed, 1 when something is wrong, 3 without a daemon."""
    where = place.find(options)
    try:
        status = client.get(where.socket, "/v1/status")
    except client.NotRunningError as error:
        place.say_unread(where)
        return _down(where, error, as_json=options.json)
    if options.json:
        print(json.dumps({"running": True, **status}, indent=2))
    else:
        print("\n".join(_lines(status, everything=options.all)))
    return 1 if _wrong(status) else 0


def _wrong(status: dict[str, Any]) -> bool:
    offline = any(device["state"] != "online" for device in status["devices"])
    return offline or any(one["level"] == "failed" for one in status["conditions"])


def _lines(status: dict[str, Any], *, everything: bool) -> Iterator[str]:
    pod = status["pod"]
    yield f"{pod['site']}/{pod['name']}: {status['sentence']}"
    yield f"up {table.duration(status['uptime_s'])}, version {status['version']}, {_points(status)}"
    if status["alarms"]["standing"]:
        count = status["alarms"]["standing"]
        worst = status["alarms"]["worst"]
        yield f"{count} alarm{' stands' if count == 1 else 's stand'}, the worst is {worst}: edgeagent alarms"
    yield from _attention(status)
    yield ""
    yield _link(status["link"])
    yield from stream_lines(status["journal"])
    yield ""
    if everything or len(status["devices"]) <= MANY:
        yield _devices(status["devices"])
    else:
        yield _kinds(status["devices"])
        yield f"{len(status['devices'])} devices; `edgeagent status --all` lists each"


def _attention(status: dict[str, Any]) -> Iterator[str]:
    """Each device and part that is not well, with the reason; sentences, since reasons are too long for a table."""
    devices = [(one["device"], one["state"], one) for one in status["devices"] if one["state"] != "online"]
    parts = [(one["part"], one["level"], one) for one in status["conditions"] if one["level"] != "ok"]
    if devices or parts:
        yield from ("", "NEEDS ATTENTION")
    for name, state, one in (*devices, *parts):
        why = f": {one['message']}" if one["message"] else ""
        yield table.paragraph(f"{name} is {state} for {table.duration(one['for_s'])}{why}")


def _points(status: dict[str, Any]) -> str:
    total = sum(status["points"].values())
    not_given = sum(device["not_given"] for device in status["devices"])
    worse = total - status["points"].get("GOOD", 0) - not_given
    aside = f" ({not_given} more that no device gives)" if not_given else ""
    return f"{total - not_given} points{aside}, {f'{worse} of them not good' if worse else 'all good'}"


def _link(link: dict[str, Any]) -> str:
    ack = "the NOC has not acknowledged anything yet"
    if link["last_ack_age_s"] is not None:
        ack = f"last acknowledged {table.duration(link['last_ack_age_s'])} ago"
    return f"NOC link {link['state']} for {table.duration(link['for_s'])} ({link['broker']}), {ack}"


def _devices(devices: list[dict[str, Any]]) -> str:
    rows = [
        (
            one["device"],
            one["kind"],
            one["state"],
            table.duration(one["for_s"]),
            f"{one['vendor']} {one['model']}".strip() or "-",
            str(one["points"]),
            table.duration(one["last_poll_age_s"]),
            "-" if one["last_duration_s"] is None else f"{one['last_duration_s'] * 1000:.0f} ms",
        )
        for one in sorted(devices, key=lambda one: (one["state"] == "online", one["device"]))
    ]
    head = ("DEVICE", "KIND", "STATE", "FOR", "MODEL", "POINTS", "READ", "TOOK")
    return table.render(head, rows, right=("FOR", "POINTS", "READ", "TOOK"))


def _kinds(devices: list[dict[str, Any]]) -> str:
    """One line for each kind, the most frequent first."""
    rows = []
    for kind, count in Counter(one["kind"] for one in devices).most_common():
        some = [one for one in devices if one["kind"] == kind]
        online = sum(one["state"] == "online" for one in some)
        slowest_s = max((one["last_duration_s"] or 0.0 for one in some), default=0.0)
        points = sum(one["points"] for one in some)
        rows.append((kind, str(count), str(online), str(points), f"{slowest_s * 1000:.0f} ms"))
    head = ("KIND", "DEVICES", "ONLINE", "POINTS", "SLOWEST")
    return table.render(head, rows, right=head[1:])


def _down(where: place.Place, error: client.NotRunningError, *, as_json: bool) -> int:
    told = last_words(where.journal)
    if as_json:
        print(json.dumps({"running": False, "why": str(error), "journal": told}, indent=2))
        return 3
    print(f"{where.name}: the daemon is not running ({error})")
    print("\n".join(lines(where.journal, told)))
    return 3
