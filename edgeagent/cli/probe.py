"""``edgeagent probe``: meet a device that nobody has configured; say what it is, and read it once. It never writes."""

import asyncio
import json
import logging
import math
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from edgeagent.cli import probe_table
from edgeagent.cli.probe_config import toml
from edgeagent.core.clock import SystemClock
from edgeagent.drivers.discover import meet
from edgeagent.drivers.found import AUTO, Found, Wish, read_all
from edgeagent.drivers.parts import Parts
from edgeagent.drivers.target import SHAPES, BacnetTarget, ModbusTarget, SnmpTarget, Target, parse_target
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Reading

T = TypeVar("T")

TIMEOUT_S = 60.0
WAIT_S = 2.0
WATCH_S = 5.0
LEAST_WATCH_S = 0.5
EPILOG = """URLs:
  snmp://HOST[:PORT][?community=…]                       SNMP v2c; the community is public where none is given
  snmpv3://USER@HOST[:PORT]?auth_key=…&priv_key=…        authPriv, SHA-256 and AES-128
  modbus://HOST[:PORT][/UNIT]    sunspec://…             Modbus TCP; unit 1 where none is given
  bacnet://HOST[:PORT][/INSTANCE]                        BACnet/IP; whichever device answers where none is given
  redfish://[USER:PASSWORD@]HOST[:PORT]                  add ?fingerprint=sha256:… or ?ca=FILE for its certificate
  redfish+http://…                                       without TLS

A secret need not stand on the command line: write community_file=PATH (or auth_key_file, priv_key_file,
password_file), or set EDGEAGENT_COMMUNITY, EDGEAGENT_AUTH_KEY, EDGEAGENT_PRIV_KEY, EDGEAGENT_PASSWORD.

examples:
  edgeagent probe 'snmp://10.0.0.11?community=public'    quote the URL: ? and & are also the shell's
  edgeagent probe snmp://10.0.0.11 --watch 2
  edgeagent probe modbus://10.0.0.31/1 --json | jq '.points[] | select(.quality != "GOOD")'
  edgeagent probe snmp://10.0.0.11 --config >> /etc/edgeagent/edgeagent.d/devices.toml

It only reads. What a device is, is told by what it answers; a device without a profile is read by the standard MIBs.
exit codes: 0 read, 1 it could not be read, and why is said, 2 wrong usage"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument("url", nargs="?", default="", metavar="URL", help="where the device is, see below")
    parser.add_argument("--family", default=AUTO, help="read it as this family, whatever it says that it is")
    parser.add_argument("--timeout", type=seconds, default=TIMEOUT_S, metavar="SECONDS", help="for everything (60)")
    parser.add_argument("--wait", type=seconds, default=WAIT_S, metavar="SECONDS", help="for each try of two (2)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object; with --watch one a line")
    form.add_argument("--config", action="store_true", help="print the TOML to paste into a configuration")
    parser.add_argument(
        "--watch", nargs="?", const="", metavar="SECONDS", help="read again and again (every 5 s) until Ctrl-C"
    )


def execute(options: Namespace) -> int:
    """Meet the device; exit code 1 when it cannot be read, 2 when the command line makes no sense."""
    try:
        watch_s = _watch_s(options)
        target = parse_target(options.url, os.environ)
    except ValueError as error:
        print(f"edgeagent probe: {error}", file=sys.stderr)
        return 2
    try:
        with _quiet_libraries():
            return asyncio.run(_probe(target, options, watch_s))
    except DeviceError as error:
        print(f"edgeagent probe: {error}", file=sys.stderr)
        if told := hint(error, target):
            print(f"  {told}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if watch_s else 1


def document(found: Found, readings: Sequence[Reading]) -> dict[str, object]:
    """What ``--json`` prints."""
    identity = found.identity
    points = {point.id: point for point in found.info.points}
    return {
        "device": {
            "vendor": identity.vendor,
            "model": identity.model,
            "family": found.family,
            "serial": identity.serial,
            "firmware": identity.firmware,
        },
        "points": [
            {
                "point": points[one.point].name,
                "kind": points[one.point].kind.value,
                "value": one.value,
                "unit": points[one.point].unit,
                "quality": one.quality.value,
                "reason": None if one.reason is None else one.reason.value,
                "source": one.source,
                "raw": _plain(one.raw),
            }
            for one in readings
        ],
    }


def hint(error: DeviceError, target: Target) -> str:
    """What a person can do about a failure; nothing where the error says it."""
    if isinstance(target, SnmpTarget):
        return _snmp_hint(error, target)
    if isinstance(target, ModbusTarget):
        if isinstance(error, DeviceUnreachable):
            return "check host, port and unit (modbus://HOST:PORT/UNIT); many devices take one connection at a time"
        return ""
    if isinstance(target, BacnetTarget):
        is_lost = isinstance(error, DeviceUnreachable)
        return (
            f"check host and UDP port ({target.address.port}), and that BACnet/IP is enabled there" if is_lost else ""
        )
    if "without user and password" in str(error):
        return f"most services want a user: {SHAPES['redfish']}, with the password in EDGEAGENT_PASSWORD"
    return "check host and port, and that Redfish is enabled there" if isinstance(error, DeviceUnreachable) else ""


def _snmp_hint(error: DeviceError, target: SnmpTarget) -> str:
    if isinstance(error, DeviceRefused):
        return "check the user, auth_key (SHA-256) and priv_key (AES-128) on the device"
    if "nothing listens" in str(error):
        return "check that SNMP is enabled there, and its port"
    if "no answer" not in str(error):
        return ""
    version = "v3" if target.address.v3 else "v2c"
    return (
        f"check that SNMP {version} is enabled there, that this machine may ask it, that UDP port"
        f" {target.address.port} is open on the way; a slow device needs --wait 10"
    )


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Pymodbus tells its log what we tell the person; where nobody set up a log, that would go to standard error."""
    logger, silence = logging.getLogger("pymodbus"), logging.NullHandler()
    logger.addHandler(silence)
    try:
        yield
    finally:
        logger.removeHandler(silence)


async def _probe(target: Target, options: Namespace, watch_s: float) -> int:
    parts = Parts(SystemClock())
    host = DeviceId(target.address.host)
    wish = Wish(host, options.wait, options.family)
    begin_s = time.monotonic()
    found = await _within(options.timeout, target, meet(target, parts, wish))
    try:
        for notice in found.notices:
            print(f"edgeagent probe: {notice}", file=sys.stderr)
        if options.config:
            print(toml(target, found))
        elif not watch_s:
            _show(target, found, found.readings, took_s=time.monotonic() - begin_s, as_json=options.json)
        else:
            await _watch(target, found, options, watch_s)
    finally:
        await found.driver.close()
    return 0


def _show(target: Target, found: Found, readings: Sequence[Reading], *, took_s: float, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document(found, readings), indent=2, allow_nan=False))
    else:
        where = str(target.address)
        print(probe_table.page(where, found, readings, took_s, width=probe_table.width()))


async def _watch(target: Target, found: Found, options: Namespace, watch_s: float) -> None:
    """Read again and again; a device that fails is told and asked again, connected anew."""
    readings: Sequence[Reading] = found.readings
    shown: Mapping[PointId, str] = {}
    lost = False
    while True:
        if options.json:
            print(json.dumps(document(found, readings), allow_nan=False), flush=True)
        elif sys.stdout.isatty():
            print(probe_table.screen(str(target.address), found, readings, watch_s), end="", flush=True)
        else:
            shown = probe_table.changes(found, readings, shown)
        await asyncio.sleep(watch_s)
        try:
            if lost:
                found = replace(found, info=await _within(options.timeout, target, found.driver.connect()))
            readings = await _within(options.timeout, target, read_all(found.driver, found.info))
            lost = False
        except DeviceError as error:
            print(f"edgeagent probe: {error}", file=sys.stderr, flush=True)
            lost = True


async def _within(timeout_s: float, target: Target, asking: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(timeout_s):
            return await asking
    except TimeoutError:
        raise DeviceGarbled(
            f"cannot read {target.address} within {timeout_s:g} s: it answers, and slowly; --timeout gives it more time"
        ) from None


def _watch_s(options: Namespace) -> float:
    """Seconds between two readings, 0 for one reading. Raises ValueError."""
    if options.watch is not None and "://" in options.watch and not options.url:
        options.url, options.watch = options.watch, ""
    if not options.url:
        raise ValueError("which device? Name its URL, as in snmp://10.0.0.11")
    if options.watch is None:
        return 0.0
    if options.config:
        raise ValueError("cannot do both --watch and --config")
    return max(seconds(options.watch), LEAST_WATCH_S) if options.watch else WATCH_S


def seconds(text: str) -> float:
    """A number of seconds. Raises ValueError."""
    value = float(text)
    if not 0.0 < value <= 86_400.0:
        raise ValueError(f"cannot use {text} s: must be above 0 and at most a day")
    return value


def _plain(raw: object) -> object:
    return str(raw) if isinstance(raw, float) and not math.isfinite(raw) else raw
