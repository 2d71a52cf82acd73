"""``edgeagent unlock``: take a lock away."""

from argparse import ArgumentParser, Namespace

from edgeagent.cli import client, place

EPILOG = """examples:
  edgeagent unlock r3-srv-07
  edgeagent lock                           lists what is locked

exit codes: 0 unlocked, 1 refused and the reason is told, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("name", metavar="NAME", help="as `edgeagent lock` lists it")


def execute(options: Namespace) -> int:
    """Unlock it."""
    where = place.find(options)
    try:
        answer = client.do(where.socket, "unlock", {"name": options.name})
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    print(f"unlocked {answer['unlocked']}")
    return 0
