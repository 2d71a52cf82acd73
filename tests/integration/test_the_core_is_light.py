"""What a running daemon and a quick question load, and what they must never load: with everything installed, and with
only what locks/run.txt names.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from edgeagent.cli.keys import make_ingest_keys

ROOT = Path(__file__).parents[2]
FORBIDDEN = {"rich", "pydantic", "numpy", "cv2", "onnxruntime", "tpm2_pytss"}
HEAVY = {"aiohttp", "aiomqtt", "asyncio", "cryptography", "gufo", "psutil", "pysnmp", "ssl", "structlog"}

# A daemon from start to stop in this process, as `edgeagent run` does it; the thread stops it once its API is there.
DAEMON = """
import json, os, signal, sys, threading, time
sys.path[:0] = {path!r}

def stop():
    deadline_s = time.monotonic() + 15
    while not os.path.exists({socket!r}) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop, daemon=True).start()
from edgeagent.cli.main import main
code = main(["run", "--config", {config!r}])
loaded = sorted(name for name, module in sys.modules.items() if module is not None)
print("\\n" + json.dumps({{"code": code, "modules": loaded}}))
"""

QUESTION = """
import json, sys
from edgeagent.cli.main import main
try:
    code = main({words!r})
except SystemExit as end:
    code = end.code
loaded = [name for name, module in sys.modules.items() if module is not None]
print("\\n" + json.dumps({{"code": code, "modules": loaded}}))
"""

CONFIG = """
[pod]
site = "zrh"
name = "pod-07"
[daemon]
state = "state"
runtime = "run"
[api]
port = 0
[uplink]
broker = "mqtt://127.0.0.1:1"
keyring = "keyring.toml"
[devices.host]
driver = "host"
[devices.pdu-a1]
driver = "ipdu"
address = "snmp://127.0.0.1:1"
community = "edge"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    make_ingest_keys(tmp_path)
    path = tmp_path / "edgeagent.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def core_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links to this package and to the distributions of locks/run.txt, and nothing else."""
    folder = tmp_path_factory.mktemp("core")
    (folder / "edgeagent").symlink_to(ROOT / "edgeagent")
    for line in (ROOT / "locks" / "run.txt").read_text().splitlines():
        match = re.match(r"([a-z0-9-]+)==", line)
        if match is None:
            continue
        try:
            installed = distribution(match[1])
        except PackageNotFoundError:
            pytest.fail(f"{match[1]} of locks/run.txt is not installed here")
        for top in {file.parts[0] for file in installed.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(installed.locate_file(top))))
    return folder


def told(command: list[str], folder: Path) -> tuple[int, set[str]]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["code"], set(answer["modules"])


def daemon(config: Path, *options: str, path: list[str]) -> set[str]:
    socket = str(config.parent / "run" / "api.sock")
    script = DAEMON.format(path=path, socket=socket, config=str(config))
    code, modules = told([sys.executable, *options, "-c", script], config.parent)
    assert code == 0
    assert {"aiohttp", "aiomqtt", "gufo.snmp", "psutil"} <= modules, "this was no daemon"
    return modules


def question(*words: str, folder: Path) -> tuple[int, set[str]]:
    code, modules = told([sys.executable, "-c", QUESTION.format(words=list(words))], folder)
    return code, {name.partition(".")[0] for name in modules}


def test_a_daemon_beside_rich_loads_nothing_that_is_forbidden(config: Path) -> None:
    assert distribution("rich").version, "this test wants what would be loaded to be there"
    assert not FORBIDDEN & daemon(config, path=[])


def test_a_daemon_runs_on_the_core_packages_alone(config: Path, core_only: Path) -> None:
    modules = daemon(config, "-S", path=[str(core_only)])
    assert not FORBIDDEN & modules
    assert "site" not in modules, "other packages were within reach"


@pytest.mark.parametrize(
    ("words", "code"), [(["--help"], 0), (["status", "--help"], 0), (["points"], 3), (["status"], 3)]
)
def test_a_question_loads_nothing_that_is_slow(config: Path, words: list[str], code: int) -> None:
    more = [] if "--help" in words else ["--config", str(config)]
    answered, modules = question(*words, *more, folder=config.parent)
    assert answered == code
    assert not (FORBIDDEN | HEAVY) & modules


def test_check_loads_no_http_library(config: Path) -> None:
    code, modules = question("check", "--config", str(config), folder=config.parent)
    assert code == 0
    assert not {"aiohttp", "aiomqtt"} & modules


def test_status_of_a_daemon_that_is_down_reads_its_journal_without_asyncio(config: Path) -> None:
    daemon(config, path=[])
    code, modules = question("status", "--config", str(config), folder=config.parent)
    assert code == 3
    assert "sqlite3" in modules
    assert not (FORBIDDEN | HEAVY) & modules
