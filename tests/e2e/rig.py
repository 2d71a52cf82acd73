"""A whole pod of real processes: simulated devices, broker, link, NOC and agent, each of which a test can kill."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edgeagent.cli import client
from edgeagent.cli.demo_config import agent_config, gpu_environment, noc_config
from edgeagent.cli.keys import make_ingest_keys
from tests.e2e.tail import JournalTail
from tests.fixtures.broker import Mosquitto
from tests.fixtures.proxy import FaultProxy

START_S = 20.0


class Child:
    """One process of the rig, with its output in a file."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        if self.process is not None:
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
        self.starts += 1

    def end(self, how: signal.Signals = signal.SIGTERM, grace_s: float = 15.0) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        try:
            code = self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            pytest.fail(f"{self.name} did not end within {grace_s:g} s:\n{self.tail()}")
        self.process = None
        return code

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Rig:
    """Devices, broker, proxy (the link), NOC and agent; the test keeps the truth: ``served`` and ``tail``."""

    def __init__(
        self, folder: Path, *, racks: int = 1, outlets: int = 8, broker_persistence: bool = True, plant: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.served = folder / "served.jsonl"
        self.state = folder / "state"
        self.runtime = folder / "run"
        self.config = folder / "edgeagent.toml"
        self.noc_db = folder / "noc" / "noc.db"
        python = sys.executable
        pod = ["-m", "firmware_stubs.pod", "--dir", str(folder / "pod")]
        pod += ["--racks", str(racks), "--outlets", str(outlets), *(["--plant"] if plant else [])]
        self.devices = Child("devices", [python, *pod, "--served-log", str(self.served)], folder)
        self.agent = Child("agent", [python, "-m", "edgeagent", "run", "--config", str(self.config)], folder)
        self.broker = Mosquitto(folder / "broker", persistence=broker_persistence)
        self.proxy = FaultProxy(self.broker.port)
        self.tail = JournalTail(self.state)
        self.noc_config = folder / "noc" / "noc.toml"
        self.noc = Child("noc", [python, "-m", "edgeagent", "noc", "serve", "--config", str(self.noc_config)], folder)

    async def start(self, *, more: str = "", **changes: str) -> None:
        """Start all; what does not come up takes the others down, so that one failure is not many."""
        try:
            await self._start(more, **changes)
        except BaseException:
            for child in (self.agent, self.noc, self.devices):
                child.kill()
            await self.stop()
            raise

    async def _start(self, more: str, **changes: str) -> None:
        (self.folder / "broker").mkdir(exist_ok=True)
        self.broker.start()
        await self.proxy.start()
        self.devices.start()
        await self.until((self.folder / "pod" / "pod.json").exists, "the simulated pod")
        self.agent._environment |= gpu_environment(self.pod)
        keyring = make_ingest_keys(self.folder / "noc").keyring
        self.noc_config.write_text(
            noc_config(f"mqtt://127.0.0.1:{self.broker.port}", self.folder / "noc" / "ingest.key", self.noc_db)
        )
        text = agent_config(
            self.pod,
            broker=f"mqtt://127.0.0.1:{self.proxy.port}",
            keyring=keyring,
            state=self.state,
            runtime=self.runtime,
        )
        for old, new in changes.items():
            text = text.replace(old, new)
        self.config.write_text(
            more
            + text.replace('every = "2 s"', 'every = "1 s"\nslow_every = "1 s"').replace(
                'every = "5 s"', 'every = "1 s"'
            )
        )
        self.noc.start()
        self.tail.start()
        self.agent.start()
        await self.until(self.answers, "the agent")

    async def stop(self) -> None:
        self.agent.end()
        self.tail.stop()
        self.noc.end()
        self.devices.end()
        await self.proxy.stop()
        self.broker.kill()

    @property
    def pod(self) -> Any:
        return json.loads((self.folder / "pod" / "pod.json").read_text())

    def answers(self) -> bool:
        try:
            client.get(self.runtime / "api.sock", "/healthz", 1.0)
        except client.NotRunningError:
            return False
        return True

    def status(self) -> Any:
        return client.get(self.runtime / "api.sock", "/v1/status")

    def autonomy(self) -> Any:
        return client.get(self.runtime / "api.sock", "/v1/autonomy")

    def truth(self) -> Any:
        """What the simulated pod is, beyond doubt."""
        return self.control(do="state")["state"]

    async def command(self, *words: str, code: int = 0) -> str:
        """What `edgeagent` says, as a person would have it."""
        command = [sys.executable, "-m", "edgeagent", *words, "--config", str(self.config)]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def points(self) -> dict[str, Any]:
        return {row["point"]: row for row in client.get(self.runtime / "api.sock", "/v1/points")["points"]}

    def control(self, **request: object) -> Any:
        """Ask the simulated pod: inject, clear, state, switch."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(self.pod["control"])
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        assert answer["ok"], answer
        return answer

    async def until(self, truth: Any, what: str, within_s: float = START_S) -> None:
        deadline_s = asyncio.get_running_loop().time() + within_s
        while not truth():
            if asyncio.get_running_loop().time() > deadline_s:
                logs = "\n".join(f"--- {one.name}\n{one.tail()}" for one in (self.agent, self.noc) if one.log.exists())
                pytest.fail(f"{what} was not so within {within_s:g} s\n{logs}")
            await asyncio.sleep(0.05)
