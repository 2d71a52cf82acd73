"""``edgeagent points``: what is read, how far it can be trusted, and how old it is."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from edgeagent.cli import client, place, table


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    place.add_options(parser)
    parser.add_argument(
        "pattern", nargs="?", default="*", help="only points whose name matches, as in 'pdu-a1/outlet.*'"
    )
    parser.add_argument("--bad", action="store_true", help="only points that are not GOOD")
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def execute(options: Namespace) -> int:
    """Ask the daemon; exit code 1 when nothing matches, 3 when it is not running."""
    try:
        answer = client.get(place.find(options).socket, "/v1/points")
    except client.NotRunningError as error:
        return client.say_not_running(error)
    rows = [row for row in answer["points"] if _wanted(row, options)]
    if options.json:
        print(json.dumps(rows, indent=2))
    elif rows:
        print(show(rows))
    else:
        print(f"no point matches {options.pattern}" + (" and is not GOOD" if options.bad else ""))
    return 0 if rows or options.bad else 1


def show(rows: Sequence[dict[str, Any]]) -> str:
    """The points as a table, faults first."""
    order = {"BAD": 0, "UNCERTAIN": 1, "GOOD": 2}
    lines = [
        (
            row["point"],
            table.number(row["value"]),
            row["unit"],
            row["quality"] + (f" ({row['reason'].replace('_', ' ')})" if row["reason"] else ""),
            table.duration(row["age_s"]),
        )
        for row in sorted(rows, key=lambda row: (order.get(row["quality"], 0), row["device"]))
    ]
    return table.render(("POINT", "VALUE", "UNIT", "QUALITY", "AGE"), lines, right=("VALUE", "AGE"))


def _wanted(row: dict[str, Any], options: Namespace) -> bool:
    return fnmatchcase(row["point"], options.pattern) and not (options.bad and row["quality"] == "GOOD")
