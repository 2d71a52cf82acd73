"""``edgeagent explain``: what is off or held, since when, why, what limits it, and when it ends; in plain words."""

import json
import textwrap
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from edgeagent.cli import client, place, table
from edgeagent.model.errors import EdgeAgentError

EPILOG = """examples:
  edgeagent explain                        everything that is off, held, refused or locked
  edgeagent explain r3-srv-07              one load, and what was decided and done about it
  edgeagent explain rack-3                 a rack; or a point, as pdu-a3/probe.1.temperature; or a setpoint
  edgeagent explain interlock/hot-p3@r3    an alarm, by its key
  edgeagent explain hot-p3@r3              an interlock
  edgeagent explain 4f1c09a2b7e355d0       a decision, by the id that outputs and records carry

When the daemon is down, the audit tells what was decided before.
exit codes: 0 explained, 1 nothing has this name, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "name",
        nargs="?",
        default="",
        metavar="NAME",
        help="a load, rack, point, setpoint, alarm, interlock or decision",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Ask the daemon; without one, read what was audited."""
    where = place.find(options)
    target = f"/v1/explain/{quote(options.name, safe='')}" if options.name else "/v1/explain"
    try:
        found = client.get(where.socket, target)
    except client.NotFoundError as error:
        print(f"edgeagent explain: {error}")
        return 1
    except client.NotRunningError as error:
        place.say_unread(where)
        return _down(where, options, error)
    print(json.dumps(found, indent=2) if options.json else "\n".join(_lines(found)))
    return 0


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for text in found["text"]:
        yield textwrap.fill(text, table.WIDTH, break_long_words=False)
    if found["history"]:
        yield ""
        yield "BEFORE, NEWEST FIRST"
        yield from _history(found["history"])


def _history(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        when = "an earlier boot   " if row["wall_s"] is None else _local(row["wall_s"])
        yield textwrap.fill(f"{when}  {row['text']}", table.WIDTH, subsequent_indent=" " * 21, break_long_words=False)


def _local(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_s))


def _down(where: place.Place, options: Namespace, error: client.NotRunningError) -> int:
    from edgeagent.autonomy.past import lines
    from edgeagent.store.peek import audited

    try:
        entries = audited(where.journal, options.name or "decision", 100)
    except EdgeAgentError as trouble:
        print(f"{where.name}: the daemon is not running ({error}), and its journal tells nothing: {trouble}")
        return 3
    names = {options.name, f"load/{options.name}.power"} if options.name else {entry.subject for entry in entries}
    rows = [one.view() for one in lines(entries, names, lambda _entry: None)]
    if options.json:
        print(json.dumps({"running": False, "why": str(error), "name": options.name, "history": rows}, indent=2))
        return 3
    print(f"{where.name}: the daemon is not running ({error})")
    print("\n".join(["", "BEFORE, NEWEST FIRST", *_history(rows)]) if rows else "nothing was audited under this name")
    return 3
