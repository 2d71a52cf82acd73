"""The commands as people and scripts use them, against a running pod and its NOC."""

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from edgeagent.cli.main import COMMANDS
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = 65534
EDGEAGENT = (sys.executable, "-m", "edgeagent")
WIDTH = 100


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("commands"))
    await one.start()
    await one.until(lambda: all_answer(one), "every device online")
    await one.until(one.noc_db.exists, "the NOC's database")
    await one.until(lambda: one.status()["link"]["state"] == "connected", "the link")
    await one.until(lambda: one.status()["link"]["last_ack_age_s"] is not None, "an acknowledgement")
    yield one
    await one.stop()


def all_answer(rig: Rig) -> bool:
    return all(device["state"] == "online" for device in rig.status()["devices"])


AS_ANOTHER = """
import os, sys
import edgeagent.cli.main, edgeagent.cli.points, edgeagent.cli.status, edgeagent.store.peek
user = int(sys.argv[1])
os.setgroups([]); os.setgid(user); os.setuid(user)
sys.exit(edgeagent.cli.main.main(sys.argv[2:]))
"""
"""Becomes another user only once everything is imported: the checkout may lie where that one cannot read."""


def call(*words: str, user: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    program = EDGEAGENT if user is None else [sys.executable, "-c", AS_ANOTHER, str(user)]
    return subprocess.run(
        [*program, *words],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


async def ask(rig: Rig, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(call, *words, "--config", str(rig.config), user=user)


async def ask_noc(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(call, "noc", *words, "--config", str(rig.noc_config))


def narrow(text: str) -> bool:
    return max(map(len, text.splitlines())) <= WIDTH


async def test_status_of_a_pod_that_is_well_is_one_sentence_and_a_table(rig: Rig) -> None:
    done = await ask(rig, "status")
    assert done.returncode == 0, done.stdout
    first, *rest = done.stdout.splitlines()
    assert re.fullmatch(r"demo/pod-1: all 4 devices answer; NOC link up, \d+ records on their way", first)
    assert any(line.startswith("DEVICE ") for line in rest)
    assert re.search(r"(?m)^pdu-a1 +ipdu +online .* Raritan ", done.stdout)
    assert "NEEDS ATTENTION" not in done.stdout
    assert narrow(done.stdout)
    assert done.stderr == ""


async def test_status_for_programs_is_one_object(rig: Rig) -> None:
    done = await ask(rig, "status", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["running"] is True
    assert told["pod"] == {"site": "demo", "name": "pod-1"}
    assert told["link"]["state"] == "connected"
    assert {"sentence", "version", "journal", "devices", "points", "services", "conditions"} <= told.keys()
    assert {device["device"] for device in told["devices"]} == {"pdu-a1", "pdu-b1", "host", "chassis"}


async def test_points_are_found_by_pattern(rig: Rig) -> None:
    done = await ask(rig, "points", "pdu-a1/outlet.1.*")
    assert done.returncode == 0
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["POINT", "VALUE", "UNIT", "QUALITY", "AGE"]
    assert rows
    assert all(row.startswith("pdu-a1/outlet.1.") for row in rows)
    assert narrow(done.stdout)


async def test_people_read_degrees_and_programs_read_ucum(rig: Rig) -> None:
    shown = await ask(rig, "points", "pdu-a1/probe.1.temperature")
    assert "°C" in shown.stdout
    (row,) = json.loads((await ask(rig, "points", "pdu-a1/probe.1.temperature", "--json")).stdout)
    assert row["unit"] == "Cel"
    assert {"point", "device", "name", "kind", "value", "quality", "reason", "age_s", "source", "raw"} <= row.keys()


async def test_a_pattern_that_matches_nothing_is_exit_code_1(rig: Rig) -> None:
    done = await ask(rig, "points", "pdu-z9/*")
    assert (done.returncode, done.stdout) == (1, "no point matches pdu-z9/*\n")
    assert (await ask(rig, "points", "pdu-z9/*", "--bad")).returncode == 1
    empty = await ask(rig, "points", "pdu-z9/*", "--json")
    assert (empty.returncode, json.loads(empty.stdout)) == (1, [])


async def test_no_bad_point_is_good_news(rig: Rig) -> None:
    done = await ask(rig, "points", "pdu-*", "--bad")
    assert (done.returncode, done.stdout) == (0, "every point that matches pdu-* is GOOD\n")


async def test_a_device_that_is_down_is_named_first_and_is_exit_code_1(rig: Rig) -> None:
    rig.control(do="inject", device="pdu-b1", kind="hang")
    try:
        await rig.until(lambda: not all_answer(rig), "the dead device seen")
        done = await ask(rig, "status")
        assert done.returncode == 1
        assert "pdu-b1 does not answer as expected" in done.stdout.splitlines()[0]
        (why,) = re.findall(r"(?m)^  pdu-b1 is offline for \d+ s: (.*)$", done.stdout)
        assert "within 1 s" in why
        assert narrow(done.stdout)
        table = done.stdout[done.stdout.index("DEVICE ") :].splitlines()
        assert table[1].startswith("pdu-b1"), "what is wrong stands first"
        bad = await ask(rig, "points", "--bad")
        assert bad.returncode == 0
        assert "BAD (disconnected)" in bad.stdout
        whose = {line.partition("/")[0] for line in bad.stdout.splitlines()[1:]}
        assert whose <= {"pdu-b1", "derived"}, "its own points, and those that are derived from them"
    finally:
        rig.control(do="clear", device="pdu-b1")
    await rig.until(lambda: all_answer(rig), "its return")


async def test_a_reader_that_goes_away_is_no_error(rig: Rig) -> None:
    command = shlex.join([*EDGEAGENT, "points", "--config", str(rig.config)])
    for reader in ("head -n 1", "true"):
        script = f"set -o pipefail; {command} | {reader}"
        done = await asyncio.to_thread(subprocess.run, ["bash", "-c", script], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), reader


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_told_what_to_be(rig: Rig) -> None:
    with opened_to_all(rig):
        for command in ("status", "points"):
            done = await ask(rig, command, user=NOBODY)
            assert done.returncode == 1, done.stdout + done.stderr
            assert "permission denied; be root or in group edgeagent" in done.stderr
            assert "Traceback" not in done.stderr
            assert "not running" not in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_told_that_the_journal_is_not_theirs(rig: Rig) -> None:
    elsewhere = rig.folder / "elsewhere.toml"
    elsewhere.write_text(rig.config.read_text().replace(str(rig.runtime), str(rig.folder / "nobody")))
    mode = rig.state.stat().st_mode & 0o777
    rig.state.chmod(0o700)
    try:
        with opened_to_all(rig):
            done = await asyncio.to_thread(call, "status", "--config", str(elsewhere), user=NOBODY)
    finally:
        rig.state.chmod(mode)
    assert done.returncode == 3
    assert f"cannot read {rig.state}: permission denied" in done.stdout
    assert done.stderr == ""


@contextmanager
def opened_to_all(rig: Rig) -> Iterator[None]:
    """Let everyone reach the configuration; state and socket stay their owner's."""
    parents = [folder for folder in (rig.folder, *rig.folder.parents) if folder.stat().st_mode & 0o005 != 0o005]
    before = [folder.stat().st_mode & 0o777 for folder in parents]
    try:
        for folder in parents:
            folder.chmod(0o755)
        yield
    finally:
        for folder, mode in zip(parents, before, strict=True):
            folder.chmod(mode)


async def test_without_a_daemon_every_question_is_exit_code_3(rig: Rig, tmp_path: Path) -> None:
    elsewhere = tmp_path / "edgeagent.toml"
    elsewhere.write_text(rig.config.read_text().replace(str(rig.runtime), str(tmp_path / "nobody")))
    for words in (["status"], ["status", "--json"], ["points"]):
        done = await asyncio.to_thread(call, *words, "--config", str(elsewhere))
        assert done.returncode == 3
        assert "no daemon listens on" in done.stdout + done.stderr
    told = json.loads((await asyncio.to_thread(call, "status", "--json", "--config", str(elsewhere))).stdout)
    assert told["running"] is False
    assert told["journal"]["streams"]["telemetry"]["appended"] > 0


async def test_a_configuration_that_cannot_be_read_is_said_before_the_answer(tmp_path: Path) -> None:
    done = await asyncio.to_thread(
        call, "status", "--config", str(tmp_path / "absent.toml"), STATE_DIRECTORY=str(tmp_path), RUNTIME_DIRECTORY="/x"
    )
    assert done.returncode == 3
    assert "absent.toml: no such file or directory" in done.stderr
    assert done.stdout.startswith("this pod: the daemon is not running")


async def test_the_journal_is_found_where_store_folder_says(tmp_path: Path, rig: Rig) -> None:
    elsewhere = tmp_path / "edgeagent.toml"
    text = rig.config.read_text().replace(str(rig.runtime), str(tmp_path))
    text = text.replace(f'state = "{rig.state}"', f'state = "{tmp_path}"')
    elsewhere.write_text(f'{text}\n[store]\nfolder = "{rig.state}"\n')
    done = await asyncio.to_thread(call, "status", "--config", str(elsewhere))
    assert done.returncode == 3
    assert f"journal in {rig.state}:" in done.stdout


async def test_the_noc_lists_its_pods_and_their_points(rig: Rig) -> None:
    done = await ask_noc(rig, "pods")
    assert narrow(done.stdout)
    assert re.search(r"(?m)^demo/pod-1 +online ", done.stdout)
    (pod,) = json.loads((await ask_noc(rig, "pods", "--json")).stdout)
    assert (pod["site"], pod["pod"], pod["state"]) == ("demo", "pod-1", "online")
    assert {"records", "gaps", "missing", "lost", "conflicts", "chain_breaks", "lag_s"} <= pod.keys()

    shown = await asyncio.to_thread(
        call, "noc", "points", "demo/pod-1", "*/inlet.power", "--config", str(rig.noc_config)
    )
    assert shown.returncode == 0
    assert narrow(shown.stdout)
    assert {line.split()[1] for line in shown.stdout.splitlines()[1:]} == {"pdu-a1/inlet.power", "pdu-b1/inlet.power"}
    rows = json.loads((await ask_noc(rig, "points", "--json")).stdout)
    assert {"site", "pod", "point", "value", "unit", "quality", "reason", "age_s"} <= rows[0].keys()
    assert (await asyncio.to_thread(call, "noc", "points", "a/b", "--config", str(rig.noc_config))).returncode == 1


async def test_check_is_content_with_a_pod_that_runs_and_says_which_file_won(rig: Rig) -> None:
    done = await ask(rig, "check")
    sound = f"{rig.config} is sound: 4 devices, 1 rack, 5 loads, 3 interlocks (3 in service)\n"
    assert (done.returncode, done.stdout) == (0, sound)
    why = await ask(rig, "check", "--explain", "devices.pdu-a1.every")
    assert re.fullmatch(rf'devices\.pdu-a1\.every = "1 s" +\({re.escape(str(rig.config))}:\d+\)\n', why.stdout)
    near = await ask(rig, "check", "--explain", "uplink.brokr")
    assert (near.returncode, near.stdout) == (1, "no key is named uplink.brokr; did you mean uplink.broker?\n")
    assert json.loads((await ask(rig, "check", "--json")).stdout) == {"ok": True, "problems": []}
    noc = await asyncio.to_thread(call, "check", "--config", str(rig.noc_config))
    assert (noc.returncode, "is sound: a NOC behind mqtt://" in noc.stdout) == (0, True)


@pytest.mark.parametrize("words", [["nonsense"], ["status", "--nonsense"], ["noc"], []])
async def test_wrong_usage_is_exit_code_2(words: list[str]) -> None:
    done = await asyncio.to_thread(call, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: edgeagent" in done.stderr


@pytest.mark.parametrize(
    "words", [[], *([name] for name in COMMANDS), *(["noc", one] for one in ("serve", "pods", "points", "keys"))]
)
async def test_every_help_has_an_example(words: list[str]) -> None:
    done = await asyncio.to_thread(call, *words, "--help")
    assert done.returncode == 0
    assert re.search(r"(?m)^examples?:\n  (edgeagent|systemctl) ", done.stdout), done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120
