"""The commands of docs/runbook.md and docs/autonomy.md do what they say, on a pod whose rack has run hot."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from edgeagent.cli.main import COMMANDS
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = ["runbook.md", "autonomy.md"]
_BLOCK = re.compile(r"(?ms)^```sh test\n(.*?)^```$")
ACTS = ("override", "cycle", "lock", "unlock", "check", "alarms ack", "alarms shelve")
"""What must succeed; a command that only shows ends with 1 where something stands."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("guides"), racks=2, outlets=24)
    (one.folder / "edgeagent.d").mkdir()
    await one.start()
    one.control(do="inject", device="rack-1", kind="hot_inlet", kelvin=12)
    await one.until(lambda: one.autonomy()["shed"], "loads shed", 30)
    yield one
    await one.stop()


async def run(rig: Rig, script: str) -> tuple[int, str]:
    """The exit code of the script's last command, and what all of it said."""
    agent = rig.agent.process
    assert agent is not None
    prelude = f'systemctl() {{ kill -HUP {agent.pid}; }}\nedgeagent() {{ {sys.executable} -m edgeagent "$@"; }}\n'
    text = prelude + script.replace("/etc/edgeagent/", f"{rig.folder}/")
    environment = {**os.environ, "EDGEAGENT_CONFIG": str(rig.config)}
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", text, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 60)
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        raise
    assert process.returncode is not None
    return process.returncode, said.decode()


def commands(guide: str) -> list[str]:
    """Each command by itself, in order; a here-document is one with its lines."""
    found: list[str] = []
    for block in _BLOCK.findall((DOCS / guide).read_text()):
        rest = block
        while rest:
            here = re.match(r"(?s)cat > .*?<<'END'\n.*?\nEND\n", rest)
            line = here[0] if here else rest.split("\n", 1)[0] + "\n"
            found.append(line.split("  #")[0].strip() if not here else line)
            rest = rest[len(line) :]
    return found


@pytest.mark.parametrize("guide", GUIDES)
async def test_every_command_of_the_guide_works(rig: Rig, guide: str) -> None:
    assert len(commands(guide)) >= 6
    for command in commands(guide):
        code, said = await run(rig, command)
        acts = any(command.startswith(f"edgeagent {word} ") for word in ACTS)
        assert code in ({0} if acts else {0, 1}), f"{command}\n{said}"
        assert "Traceback" not in said
        assert said or "cat >" in command or "systemctl" in command, f"{command} says nothing"


async def test_what_the_guides_lead_to_is_so(rig: Rig) -> None:
    _, said = await run(rig, "edgeagent explain r1-srv-03")
    assert "is off since" in said
    assert "ordered: load/r1-srv-03.power off by interlock hot-p3@rack-1" in said
    await rig.until(lambda: "configuration reloaded" in rig.agent.log.read_text(), "the reload of the guide")


@pytest.mark.parametrize("guide", GUIDES)
async def test_every_command_and_link_of_the_guide_exists(guide: str) -> None:
    text = (DOCS / guide).read_text()
    shown = re.findall(r"(?m)(?:^|`|&& )edgeagent ([a-z]+)", text)
    assert {word for word in shown if word not in COMMANDS} == set()
    for target, anchor in re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", text):
        assert not target or (DOCS / target).exists(), target
        if anchor and not target:
            headings = {
                "#" + re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
                for h in re.findall(r"(?m)^#+ (.*)$", text)
            }
            assert anchor in headings, anchor
