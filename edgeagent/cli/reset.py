"""``edgeagent reset``: end the latch of an interlock, once what tripped it is over."""

from argparse import ArgumentParser, Namespace

from edgeagent.cli import client, place

EPILOG = """examples:
  edgeagent interlocks --tripped           which are latched
  edgeagent reset leak@cold-1

A latch does not end while its condition holds, or while it is blind.
exit codes: 0 asked for, 1 refused and the reason is told, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("name", metavar="INTERLOCK", help="with its place, as `edgeagent interlocks` lists it")


def execute(options: Namespace) -> int:
    """Ask for it; the next decision, within a second, ends the latch if its condition is over."""
    where = place.find(options)
    try:
        answer = client.do(where.socket, "reset", {"name": options.name})
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    print(f"asked to reset {answer['reset']}; `edgeagent explain {answer['reset']}` tells where it stands")
    return 0
