"""``edgeagent points``: what is read, how far it can be trusted, and how old it is."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from edgeagent.cli import client, place, table

EPILOG = """examples:
  edgeagent points 'pdu-a1/outlet.*'       quote the pattern: * and ? are also the shell's
  edgeagent points '*.temperature'
  edgeagent points --bad                   only what cannot be trusted
  edgeagent points --json | jq '.[] | {point, value, unit}'

The table has people's units; --json has UCUM codes and the raw value as the device gave it.
exit codes: 0 found (or nothing is bad), 1 no point matches, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "pattern", nargs="?", default="*", help="only points whose name matches, as in 'pdu-a1/outlet.*'"
    )
    parser.add_argument("--bad", action="store_true", help="only points that are not GOOD")
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def execute(options: Namespace) -> int:
    """Ask the daemon; exit code 1 when nothing matches, 3 when it is not running."""
    where = place.find(options)
    try:
        answer = client.get(where.socket, "/v1/points")
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    matching = [row for row in answer["points"] if fnmatchcase(row["point"], options.pattern)]
    rows = [row for row in matching if not (options.bad and row["quality"] == "GOOD")]
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(show(rows))
    else:
        print(_nothing(options, known=matching))
    return 0 if matching else 1


def show(rows: Sequence[dict[str, Any]]) -> str:
    """The points as a table, faults first."""
    order = {"BAD": 0, "UNCERTAIN": 1, "GOOD": 2}
    lines = [
        (
            row["point"],
            table.number(row["value"]),
            table.unit(row["unit"]),
            row["quality"] + (f" ({row['reason'].replace('_', ' ')})" if row["reason"] else ""),
            table.duration(row["age_s"]),
        )
        for row in sorted(rows, key=lambda row: (order.get(row["quality"], 0), row["device"]))
    ]
    return table.render(("POINT", "VALUE", "UNIT", "QUALITY", "AGE"), lines, right=("VALUE", "AGE"))


def _nothing(options: Namespace, *, known: Sequence[object]) -> str:
    if not known:
        return f"no point matches {options.pattern}"
    return "every point is GOOD" if options.pattern == "*" else f"every point that matches {options.pattern} is GOOD"
