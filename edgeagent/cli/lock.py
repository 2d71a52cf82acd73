"""``edgeagent lock``: keep everybody and everything from switching a load or outlet, until it is unlocked."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from edgeagent.cli import client, place, table

EPILOG = """examples:
  edgeagent lock                                  lists them
  edgeagent lock r3-srv-07 --why "hands inside"   nothing switches it: no person, no NOC, no interlock
  edgeagent unlock r3-srv-07

A lock never ends by itself and outlives a reboot.
exit codes: 0 done, 1 refused and the reason is told, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="a load (r3-srv-07), outlet (pdu-a1/outlet.3) or setpoint"
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="what people will read about it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Lock it, or list what is locked."""
    where = place.find(options)
    try:
        if options.name:
            answer = client.do(where.socket, "lock", {"name": options.name, "why": options.why})
            said = f"locked {answer['locked']}; `edgeagent unlock {options.name}` ends it"
        else:
            answer = client.get(where.socket, "/v1/autonomy")["locks"]
            said = _table(answer)
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    print(json.dumps(answer, indent=2) if options.json else said)
    return 0


def _table(found: list[Mapping[str, Any]]) -> str:
    if not found:
        return "nothing is locked"
    rows = [(one["name"], one["by"], table.duration(one["for_s"]), one["why"]) for one in found]
    return table.render(("LOCKED", "BY", "SINCE", "WHY"), rows, right=("SINCE",))
