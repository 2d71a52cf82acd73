"""``edgeagent points``: what is read, how far it can be trusted, and how old it is."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from edgeagent.cli import client, place, table

Row = Mapping[str, Any]

EPILOG = """examples:
  edgeagent points ups-a                   one device; also --device 'pdu-a*'
  edgeagent points 'pdu-a1/outlet.*'       quote the pattern: * and ? are also the shell's
  edgeagent points '*.temperature'
  edgeagent points --kind ups              of every UPS; also of every temperature: --kind temperature
  edgeagent points --bad                   only what should have a value and cannot be trusted
  edgeagent points --json | jq '.[] | {point, value, unit}'

The table has people's units; --json has UCUM codes and the raw value as the device gave it.
exit codes: 0 found (or nothing is bad), 1 no point matches, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "pattern", nargs="?", default="*", help="a device, or points whose name matches, as in 'pdu-a1/outlet.*'"
    )
    parser.add_argument("--device", metavar="NAME", help="only of this device; * and ? stand for others")
    parser.add_argument(
        "--kind", metavar="KIND", help="only of this kind of device (ups, cooling) or of value (power, temperature)"
    )
    parser.add_argument("--bad", action="store_true", help="only points that are not GOOD, and that their device gives")
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def execute(options: Namespace) -> int:
    """Ask the daemon; exit code 1 when nothing matches, 3 when it is not running."""
    where = place.find(options)
    try:
        known = client.get(where.socket, "/v1/points")["points"]
        kinds = _kinds(client.get(where.socket, "/v1/status")) if options.kind else {}
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    matching = [row for row in known if _is_meant(row, options, kinds)]
    rows = [row for row in matching if not options.bad or row["quality"] != "GOOD"]
    shown = [row for row in rows if not options.bad or row["given"]]
    if options.json:
        print(json.dumps(shown, indent=2))
    else:
        print(show(shown) if shown else _nothing(options, known, kinds, matching=matching))
        if len(rows) > len(shown):
            print(f"left out: {_not_given(len(rows) - len(shown))}", file=sys.stderr)
    return 0 if matching else 1


def show(rows: Sequence[Row]) -> str:
    """The points as a table, faults first, and last what no device gives."""
    lines = [
        (row["point"], *table.quantity(row["value"], row["unit"]), _quality(row), table.duration(row["age_s"]))
        for row in sorted(rows, key=_rank)
    ]
    return table.render(("POINT", "VALUE", "UNIT", "QUALITY", "AGE"), lines, right=("VALUE", "AGE"))


def _rank(row: Row) -> tuple[int, str]:
    order = {"BAD": 0, "UNCERTAIN": 1, "GOOD": 2}
    return (order.get(row["quality"], 0) if row["given"] else 3), row["device"]


def _quality(row: Row) -> str:
    if not row["given"]:
        return "not given by the device"
    return str(row["quality"]) + (f" ({row['reason'].replace('_', ' ')})" if row["reason"] else "")


def _kinds(status: Mapping[str, Any]) -> Mapping[str, str]:
    """The kind of each device."""
    return {one["device"]: one["kind"] for one in status["devices"]}


def _is_meant(row: Row, options: Namespace, kinds: Mapping[str, str]) -> bool:
    of_device = options.device is None or fnmatchcase(row["device"], options.device)
    kind = (options.kind or "").lower()
    of_kind = not kind or kind in {row["kind"].lower(), kinds.get(row["device"])}
    return of_device and of_kind and (options.pattern == row["device"] or fnmatchcase(row["point"], options.pattern))


def _nothing(options: Namespace, known: Sequence[Row], kinds: Mapping[str, str], *, matching: Sequence[Row]) -> str:
    """Why there is no row."""
    from difflib import get_close_matches

    asked = " ".join(_asked(options))
    if matching:
        return f"every point that matches {asked} is GOOD" if asked else "every point is GOOD"
    words = {row["kind"].lower() for row in known} | set(kinds.values())
    if options.kind and options.kind.lower() not in words:
        return f"no point matches {asked}: the kinds here are {', '.join(sorted(words))}"
    names = {row["device"] for row in known} | {row["point"] for row in known}
    near = get_close_matches(options.device or options.pattern, sorted(names), n=3, cutoff=0.7)
    return f"no point matches {asked}" + (f"; is it {' or '.join(near)}?" if near else "")


def _asked(options: Namespace) -> Iterator[str]:
    if options.pattern != "*":
        yield options.pattern
    yield from (f"--{name} {value}" for name in ("device", "kind") if (value := getattr(options, name)))


def _not_given(count: int) -> str:
    return "1 point that its device does not give" if count == 1 else f"{count} points that their devices do not give"
