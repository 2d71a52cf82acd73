"""``edgeagent alarms``: what stands, worst first; acknowledging and shelving, in the name of who asks."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgeagent.cli import client, place, table
from edgeagent.cli.durations import seconds_of
from edgeagent.model.errors import EdgeAgentError

EPILOG = """examples:
  edgeagent alarms                         what stands, worst first
  edgeagent alarms --all                   also what is folded, shelved, or cleared and not acknowledged
  edgeagent alarms ack blind/pdu-b1        "I have seen it"; or all
  edgeagent alarms shelve blind/pdu-b1 --for "2 h" --why "card is being replaced"
  edgeagent alarms unshelve blind/pdu-b1
  edgeagent explain blind/pdu-b1           in words

exit codes: 0 none stands (or the act was done), 1 some stand, or the act was refused, 3 the daemon is not running"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("act", nargs="?", choices=("ack", "shelve", "unshelve"), help="what to do with one")
    parser.add_argument("key", nargs="?", metavar="KEY", help="which, as the list names it; ack also takes all")
    parser.add_argument("--for", dest="time", metavar="TIME", help='how long it is shelved, as in "2 h"; at most 24 h')
    parser.add_argument("--why", default="", metavar="TEXT", help="why it is shelved")
    parser.add_argument("--all", action="store_true", help="also what is folded, shelved or cleared")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """List, or have something done."""
    where = place.find(options)
    try:
        if options.act:
            return _act(where, options)
        found = client.get(where.socket, "/v1/alarms")
    except client.NotRunningError as error:
        place.say_unread(where)
        return _down(where, options, error)
    print(json.dumps(found, indent=2) if options.json else "\n".join(lines(found, everything=options.all)))
    return 1 if found["standing"] else 0


def lines(found: Mapping[str, Any], *, everything: bool) -> Iterator[str]:
    """The alarms for people."""
    rows = [one for one in found["alarms"] if everything or _is_in_sight(one)]
    for one in rows:
        yield _head(one)
        yield table.paragraph("; ".join(_words(one)))
    if not rows:
        yield "No alarms."
    hidden = [f"{count} {word}" for word, count in _hidden(found["alarms"]) if count and not everything]
    if hidden:
        yield f"also {', '.join(hidden)}: edgeagent alarms --all"
    if found["overflow"]:
        yield f"{found['overflow']} more conditions found no room in the list"


def _is_in_sight(one: Mapping[str, Any]) -> bool:
    return one["state"] == "standing" and not one["folded"] and one["shelved"] is None


def _hidden(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    yield "shelved", sum(one["shelved"] is not None for one in rows)
    yield "cleared and not acknowledged", sum(one["state"] == "cleared" and one["shelved"] is None for one in rows)


def _head(one: Mapping[str, Any]) -> str:
    severity = one["severity"].upper() if one["state"] == "standing" else f"cleared {one['severity']}"
    wall_s = one["since_wall_s"]
    since = "" if wall_s is None else time.strftime("  since %Y-%m-%d %H:%M:%S", time.localtime(wall_s))
    return f"{severity}  {one['key']}{since}, for {table.duration(one['for_s'])}"


def _words(one: Mapping[str, Any]) -> Iterator[str]:
    yield one["text"]
    if one["children"]:
        yield f"+{one['children']} folded"
    if one["folded"]:
        yield f"folded under {one['parent']}"
    if one["chattering"]:
        yield f"comes and goes, {one['times']} times so far"
    if one["acknowledged"]:
        yield f"seen by {one['acknowledged']['by']} {table.duration(one['acknowledged']['for_s'])} ago"
    if one["shelved"]:
        shelf = one["shelved"]
        yield f"shelved by {shelf['by']} for {table.duration(shelf['left_s'])} more: {shelf['why']}"


def _act(where: place.Place, options: Namespace) -> int:
    if not options.key:
        print(f"edgeagent alarms: which one? edgeagent alarms {options.act} KEY", file=sys.stderr)
        return 2
    body: dict[str, object] = {"key": options.key}
    if options.act == "shelve":
        if not options.time:
            print('edgeagent alarms: for how long? --for "2 h"; a shelf always ends', file=sys.stderr)
            return 2
        body |= {"for_s": seconds_of(options.time), "why": options.why}
    answer = client.do(where.socket, f"alarms.{options.act}", body)
    if options.json:
        print(json.dumps(answer))
    elif options.act == "ack":
        print(
            f"acknowledged {', '.join(answer['acknowledged'])}" if answer["acknowledged"] else "nothing to acknowledge"
        )
    else:
        print(
            f"shelved {options.key} for {options.time}"
            if options.act == "shelve"
            else f"{options.key} is in sight again"
        )
    return 0


def _down(where: place.Place, options: Namespace, error: client.NotRunningError) -> int:
    """What stood when the daemon was last there."""
    if options.act:
        return client.say_not_running(error)
    from edgeagent.autonomy.alarm_view import rows, worst
    from edgeagent.autonomy.kept_alarms import resumed
    from edgeagent.core.clock import Anchor, SystemClock
    from edgeagent.store.peek import peek

    try:
        fact = peek(where.journal).facts.get("autonomy.alarms")
    except EdgeAgentError as trouble:
        print(f"{where.name}: the daemon is not running ({error}), and its journal tells nothing: {trouble}")
        return 3
    now = Anchor.of(SystemClock())
    book, garbled = resumed(fact, now)
    if garbled:
        print(f"{where.name}: the daemon is not running ({error}), and what stood is not known: {garbled}")
        return 3
    found = rows(book, now)
    view = {"alarms": found, "standing": sum(map(_is_in_sight, found)), "worst": worst(found), "overflow": 0}
    if options.json:
        print(json.dumps({"running": False, "why": str(error), **view}, indent=2))
        return 3
    print(f"{where.name}: the daemon is not running ({error}); when it last ran:")
    print("\n".join(lines(view, everything=options.all)))
    return 3
