"""``edgeagent demo``: a simulated pod, its broker, its agent and its NOC on loopback, and what arrived of it.

Everything stays in one folder and ends with the command; nothing needs root, and nothing needs a network.
"""

import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from edgeagent.cli import client, table
from edgeagent.cli.demo_children import Child, Children, DemoError
from edgeagent.cli.demo_config import agent_config, broker_config, gpu_environment, kinds, noc_config, spoken
from edgeagent.cli.demo_story import NEEDS_S, Story, Told
from edgeagent.cli.demo_summary import Summary, count
from edgeagent.core.lockfile import LockFile

START_S = 30.0
LOCK_NAME = "edgeagent-demo.lock"
"""Marks a folder as a demo's own, to be emptied by the next one; held while a demo runs there."""
TELL_EVERY_S = 5.0
SOCKET_NAME_ROOM = 20
"""What `runtime/api.sock` needs of the 107 bytes that a Unix socket's path may have."""

EPILOG = """examples:
  edgeagent demo                           until Ctrl-C; it prints how to ask the pod meanwhile
  edgeagent demo --seconds 60 --json

exit codes: 0 the NOC holds every record, 1 something is missing or did not start"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds (default: at Ctrl-C)")
    parser.add_argument("--racks", type=int, default=2, metavar="N", help="racks of the simulated pod (default: 2)")
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="where everything is put (default: .demo)")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object, and nothing else")


def execute(options: Namespace) -> int:
    """Exit code 0 when the NOC holds every record that the pod journalled."""
    say = _silent if options.json else _aloud
    folder = options.folder.absolute()
    lock = claim(folder)
    (folder / "logs").mkdir()
    with _runtime(folder) as runtime, _stop_signals() as stopped, Children(folder / "logs") as children:
        demo = Demo(folder, runtime, children, say)
        demo.start(options.racks)
        demo.watch(options.seconds, stopped)
        summary = demo.finish()
    lock.release()
    if options.json:
        print(json.dumps(asdict(summary)))
    else:
        print("\n".join(summary.lines()))
    return 0 if summary.missing == 0 and summary.acknowledged > 0 else 1


def claim(folder: Path) -> LockFile:
    """Make the folder, or empty one that an earlier demo left; the lock says that it is ours.

    Raises:
        DemoError: it cannot be made, or holds files that no demo put there.
        LockHeld: another demo runs there.
    """
    lock = LockFile(folder / LOCK_NAME)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not lock.path.exists():
            raise DemoError(f"cannot use {folder}: it holds files that no demo put there; remove it, or give --folder")
        lock.acquire()
        for path in folder.iterdir():
            if path != lock.path:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    except OSError as error:
        lock.release()
        raise DemoError(f"cannot use {folder}: {error.strerror}; give --folder a place that can be written") from error
    return lock


Say = Callable[[str], None]


@dataclass(slots=True)
class Stopped:
    """Whether Ctrl-C or SIGTERM came."""

    yes: bool = False


class Demo:
    """The parts of one demo, in the order in which they start."""

    def __init__(self, folder: Path, runtime: Path, children: Children, say: Say) -> None:
        self._folder = folder
        self._runtime = runtime
        self._children = children
        self._say = say
        self._started_s = time.monotonic()
        self._agent: Child | None = None
        self._story: Story | None = None
        self._noc_db = folder / "noc" / "noc.db"

    def start(self, racks: int) -> None:
        """Start the pod's devices, the broker, the NOC and the agent.

        Raises:
            DemoError: one of them did not start.
        """
        pod = self._start_devices(racks)
        broker = self._start_broker()
        keyring = self._make_keys()
        self._start_noc(broker)
        config = self._folder / "edgeagent.toml"
        state = self._folder / "state"
        config.write_text(agent_config(pod, broker=broker, keyring=keyring, state=state, runtime=self._runtime))
        self._started_s = time.monotonic()
        command = [*_edgeagent(), "run", "--config", str(config)]
        self._agent = self._children.start("agent", command, gpu_environment(pod))
        self._children.wait_for("the agent", self._answers, START_S)
        self._say(f"agent        reads {spoken(pod)}, the host and hwmon")
        self._say(f"page         {client.get(self._socket, '/v1/status')['page']}")
        self._say(f"ask it       {_program()} status --config {_short(config)}")
        self._story = Story(pod, self._socket, self._say)

    def watch(self, seconds: float | None, stopped: Stopped) -> None:
        """Say how the pod is until the time is over or a signal came.

        Raises:
            DemoError: a part died.
        """
        end_s = None if seconds is None else self._started_s + seconds
        next_s = time.monotonic()
        while not stopped.yes and (end_s is None or time.monotonic() < end_s):
            self._children.check()
            if self._story is not None and (seconds is None or seconds >= NEEDS_S):
                self._story.advance(time.monotonic() - self._started_s)
            if time.monotonic() >= next_s:
                next_s += TELL_EVERY_S
                self._tell()
            time.sleep(0.25)

    def finish(self) -> Summary:
        """Stop the agent in good order, and compare its journal with what the NOC holds."""
        assert self._agent is not None
        seconds = time.monotonic() - self._started_s
        status = client.get(self._socket, "/v1/status")
        self._children.stop(self._agent)
        told = Told() if self._story is None else self._story.told
        return count(status, self._folder / "state", self._noc_db, seconds, told)

    @property
    def _socket(self) -> Path:
        return self._runtime / "api.sock"

    def _start_devices(self, racks: int) -> Any:
        folder = self._runtime / "devices"
        command = [sys.executable, "-m", "firmware_stubs.pod", "--dir", str(folder), "--racks", str(racks), "--plant"]
        self._children.start("devices", command)
        self._children.wait_for("the simulated pod", (folder / "pod.json").exists, START_S)
        pod = json.loads((folder / "pod.json").read_text())
        racks_and_loads = f"{len(pod['racks'])} racks, {len(pod['loads'])} loads"
        self._say(f"devices      {len(pod['devices'])} of {len(kinds(pod))} kinds, {racks_and_loads}")
        return pod

    def _start_broker(self) -> str:
        port = _free_port()
        config = self._folder / "mosquitto.conf"
        config.write_text(broker_config(port))
        program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
        self._children.start("broker", [program or "mosquitto", "-c", str(config)])
        self._children.wait_for("the broker", lambda: _listens(port), START_S)
        self._say(f"broker       mqtt://127.0.0.1:{port}")
        return f"mqtt://127.0.0.1:{port}"

    def _make_keys(self) -> Path:
        from edgeagent.cli.keys import make_ingest_keys

        return make_ingest_keys(self._folder / "noc").keyring

    def _start_noc(self, broker: str) -> None:
        config = self._folder / "noc" / "noc.toml"
        config.write_text(noc_config(broker, self._folder / "noc" / "ingest.key", self._noc_db))
        self._children.start("noc", [*_edgeagent(), "noc", "serve", "--config", str(config)])
        self._children.wait_for("the NOC", self._noc_db.exists, START_S)
        self._say(f"NOC          {_program()} noc pods --config {_short(config)}")

    def _answers(self) -> bool:
        try:
            client.get(self._socket, "/healthz")
        except client.NotRunningError:
            return False
        return True

    def _tell(self) -> None:
        try:
            status = client.get(self._socket, "/v1/status")
        except client.NotRunningError:
            return
        seconds = table.duration(time.monotonic() - self._started_s)
        self._say(f"{seconds:>6}       {status['sentence']}")


def _aloud(line: str) -> None:
    print(line, flush=True)


def _silent(_line: str) -> None:
    return


def _edgeagent() -> list[str]:
    return [sys.executable, "-m", "edgeagent"]


def _program() -> str:
    """This program as a person types it from here."""
    typed = Path(sys.argv[0])
    return _short(typed.absolute()) if typed.name == "edgeagent" and typed.exists() else "edgeagent"


def _short(path: Path) -> str:
    return os.path.relpath(path) if len(os.path.relpath(path)) < len(str(path)) else str(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _runtime(folder: Path) -> Iterator[Path]:
    """A folder whose sockets have a short enough path; away from the demo's own only where that is too deep."""
    inside = folder / "run"
    if len(os.fsencode(inside)) + SOCKET_NAME_ROOM + len("/devices") <= 107:
        inside.mkdir()
        yield inside
        return
    with tempfile.TemporaryDirectory(prefix="edgeagent-demo-") as outside:
        yield Path(outside)


@contextmanager
def _stop_signals() -> Iterator[Stopped]:
    """Ctrl-C and SIGTERM end the demo in good order instead of with a traceback."""
    stopped = Stopped()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if stopped.yes:
            raise DemoError("stopped twice: not waiting for the end")
        stopped.yes = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
