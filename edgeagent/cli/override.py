"""``edgeagent override``: hold a load, outlet or setpoint for a time; it ends by itself."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edgeagent.cli import client, place, table
from edgeagent.cli.durations import seconds_of

EPILOG = """examples:
  edgeagent override                                                lists them
  edgeagent override r3-srv-07 off --for "2 h" --why "new memory"   all its cords go off
  edgeagent override r3-srv-07 on --for "5 min"
  edgeagent override --end r3-srv-07                                before its time

Interlocks go before a person's override; `edgeagent explain` tells what limits it. When it ends, a load stays
as it is: nothing is switched on by an end. It does not outlive a reboot.
exit codes: 0 done, 1 refused and the reason is told, 2 wrong usage, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a load (r3-srv-07), outlet (pdu-a1/outlet.3) or setpoint"
    )
    parser.add_argument("value", nargs="?", metavar="VALUE", help="on, off, a number, or two as in 20..60")
    parser.add_argument("--for", dest="time", metavar="TIME", default="15 min", help='how long (default: "15 min")')
    parser.add_argument("--why", default="", metavar="TEXT", help="what people will read about it")
    parser.add_argument("--end", metavar="NAME", help="end the one of this id or target now")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Have it done, or list what is held."""
    if options.name and not options.value:
        print(
            f"edgeagent override: to what? edgeagent override {options.name} on, or off, or a number", file=sys.stderr
        )
        return 2
    where = place.find(options)
    try:
        answer, said = _done(where, options)
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    print(json.dumps(answer, indent=2) if options.json else said)
    return 0


def _done(where: place.Place, options: Namespace) -> tuple[Any, str]:
    if options.end:
        answer = client.do(where.socket, "override.end", {"name": options.end})
        return answer, f"ended {answer['ended']}"
    if options.name and options.value:
        order = {"name": options.name, "value": options.value, "for_s": seconds_of(options.time), "why": options.why}
        answer = client.do(where.socket, "override", order)
        held = f"{answer['target']} is to be {answer['value']} for {options.time} ({answer['id']})"
        bounds = f"; it takes {answer['takes']}, and goes to the nearest of that" if answer["takes"] else ""
        return answer, f"{held}{bounds}; `edgeagent explain {options.name}` tells what became of it"
    found = client.get(where.socket, "/v1/autonomy")["overrides"]
    return found, _table(found)


def _table(found: list[Mapping[str, Any]]) -> str:
    if not found:
        return "nobody overrides anything"
    rows = [
        (one["id"], one["target"], _value(one), one["by"], table.duration(one["left_s"]), one["why"]) for one in found
    ]
    return table.render(("ID", "TARGET", "VALUE", "BY", "LEFT", "WHY"), rows, right=("LEFT",))


def _value(one: Mapping[str, Any]) -> str:
    return f"{one['value']}, in {table.duration(one['in_s'])}" if one.get("in_s") else str(one["value"])
