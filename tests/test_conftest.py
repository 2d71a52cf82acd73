"""The checks that every test gets fire when they must, and not otherwise; shown on a small run of its own."""

import asyncio
import sys
from pathlib import Path

BAD_AND_GOOD = """
import asyncio, socket, time
import pytest

KEPT = []

def burn():
    begin_s = time.thread_time()
    while time.thread_time() - begin_s < 0.15:
        pass

async def test_bad_task(): KEPT.append(asyncio.create_task(asyncio.sleep(60)))
def test_bad_socket(): KEPT.append(socket.socket())
async def test_bad_file(): KEPT.append(open(__file__))
async def test_bad_callback(): asyncio.get_running_loop().call_soon(burn); await asyncio.sleep(0)

async def test_good_cancelled_task(): asyncio.create_task(asyncio.sleep(60)).cancel()
async def test_good_closing_server(): (await asyncio.start_server(print, "127.0.0.1", 0)).close()
async def test_good_wait_without_cpu_time(): time.sleep(0.15)
async def test_good_thread(): await asyncio.to_thread(burn)
def test_good_without_a_loop(): burn()
@pytest.mark.holds_the_loop("shown on purpose")
async def test_good_marked(): burn()
"""


async def test_leaks_and_a_held_loop_fail_and_nothing_else_does(tmp_path):
    here = Path(__file__).parent
    (tmp_path / "conftest.py").write_text((here / "conftest.py").read_text())
    (tmp_path / "test_small.py").write_text(BAD_AND_GOOD)
    config = here.parent / "pyproject.toml"
    argv = ["-m", "pytest", "-c", str(config), "--rootdir", str(tmp_path), "-p", "no:cacheprovider", str(tmp_path)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *argv, stdout=pipe, cwd=tmp_path)
    output = (await process.communicate())[0].decode()
    blamed = {line.split("::")[1].split()[0] for line in output.splitlines() if line.startswith(("ERROR ", "FAILED "))}
    assert blamed == {"test_bad_task", "test_bad_socket", "test_bad_file", "test_bad_callback"}, output
    assert "10 passed, 4 errors" in output
