"""``edgeagent cycle``: switch a load or outlet off, and on again after a time."""

import json
from argparse import ArgumentParser, Namespace

from edgeagent.cli import client, place
from edgeagent.cli.durations import seconds_of

EPILOG = """examples:
  edgeagent cycle r3-srv-07 --why "it hangs"           off by all its cords, on again after 15 s
  edgeagent cycle pdu-a1/outlet.3 --off-for "1 min"
  edgeagent override                                   shows both halves until they are over
  edgeagent override --end r3-srv-07                   stops it; a load that is off by then stays off

It is the daemon that switches on again: do not cycle what stands between this machine and the PDU. What keeps a load
off (a lock, an interlock, a PDU without room) keeps it off here too; an alarm tells when it does not come back.
exit codes: 0 done, 1 refused and the reason is told, 2 wrong usage, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("name", metavar="NAME", help="a load (r3-srv-07) or outlet (pdu-a1/outlet.3)")
    parser.add_argument(
        "--off-for", default="15 s", metavar="TIME", help='how long it stays off, at most 10 min (default: "15 s")'
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="what people will read about it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Have it done."""
    where = place.find(options)
    order = {"name": options.name, "off_s": seconds_of(options.off_for), "why": options.why}
    try:
        answer = client.do(where.socket, "cycle", order)
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    said = f"{answer['target']} goes off for {options.off_for}, and then on ({answer['id']})"
    follow = f"`edgeagent explain {options.name}` tells what became of it"
    print(json.dumps(answer, indent=2) if options.json else f"{said}; {follow}")
    return 0
