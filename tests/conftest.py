"""What every test gets: the data folder, and three checks that it leaves nothing behind and never holds the loop.

A test that failed is not checked further: its traceback keeps things alive that a passing test lets go.
"""

import asyncio
import asyncio.base_events
import asyncio.events
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

LOOP_HELD_S = 0.1
"""The most CPU time of its thread that one callback of an event loop may take."""
GRACE_S = 1.0
"""How long what a test let go may take to be gone: a transport closes in a later turn, a thread a little later."""
REPOSITORY = Path(__file__).resolve().parents[1]

_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of recorded devices and other data that tests use in place."""
    folder = Path(os.environ.get("EDGEAGENT_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no test data: {folder} is not a folder (EDGEAGENT_TEST_DATA names it)")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "holds_the_loop(reason): a callback over 100 ms of CPU time is expected")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when != "teardown" and not report.passed:
        item.stash[_failed] = True
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("asyncio"):
            item.fixturenames.insert(0, "_tasks_end_with_their_test")


@pytest.fixture
async def _tasks_end_with_their_test(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    if _has_failed(request):
        return

    def left() -> set[asyncio.Task[object]]:
        return asyncio.all_tasks() - before - {asyncio.current_task()}

    deadline_s = time.monotonic() + GRACE_S
    while left() and time.monotonic() < deadline_s:
        await asyncio.sleep(0.001)
    if tasks := left():
        pytest.fail(f"the test left {len(tasks)} running: " + "; ".join(sorted(map(repr, tasks))), pytrace=False)


@pytest.fixture(autouse=True)
def _files_close_with_their_test(request: pytest.FixtureRequest) -> Iterator[None]:
    before = _open_files()
    yield
    if _has_failed(request) or not (_open_files() - before):
        return
    gc.collect()  # what only waits for the collector warns by itself (ResourceWarning is an error here)
    _until(lambda: not (_open_files() - before))
    if left := _open_files() - before:
        pytest.fail("the test left open: " + ", ".join(sorted(left)), pytrace=False)


@pytest.fixture(autouse=True)
def _callbacks_let_the_loop_go(request: pytest.FixtureRequest, held: list[str]) -> Iterator[None]:
    held.clear()
    yield
    if held and not _has_failed(request) and request.node.get_closest_marker("holds_the_loop") is None:
        pytest.fail("held the event loop: " + "; ".join(held), pytrace=False)


@pytest.fixture(scope="session")
def held() -> Iterator[list[str]]:
    """The callbacks that took too long, as the running test has caused them so far.

    A full garbage collection is the fault of the whole test run, and a first import is no fault of one test: a callback
    that saw either does not count. Under a tracer (coverage, a debugger) every figure is wrong, so nothing counts.
    """
    found: list[str] = []
    original = asyncio.events.Handle._run

    def run(handle: asyncio.Handle) -> None:
        before, begin_s = _interruptions(), time.thread_time()
        original(handle)
        taken_s = time.thread_time() - begin_s
        if taken_s > LOOP_HELD_S and _interruptions() == before and sys.gettrace() is None:
            found.append(f"{taken_s * 1000:.0f} ms of CPU time in {_name(handle)}")

    asyncio.events.Handle._run = run
    yield found
    asyncio.events.Handle._run = original


def _interruptions() -> tuple[int, int]:
    """How many full collections there were so far, and how many modules are loaded."""
    return gc.get_stats()[2]["collections"], len(sys.modules)


def _name(handle: asyncio.Handle) -> str:
    owner = getattr(handle._callback, "__self__", None)
    return repr(owner) if isinstance(owner, asyncio.Task) else repr(handle)


def _has_failed(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.stash.get(_failed, False))


def _open_files() -> Counter[str]:
    """What the process holds open, by the target of its links; devices and the links to them are nobody's leak."""
    found: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ():
        try:
            target = str(link.readlink())
        except OSError:  # the listing's own descriptor is gone by now
            continue
        if not target.startswith(("/dev/", "/proc/")):
            found[target] += 1
    return found


def _until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + GRACE_S
    while not condition() and time.monotonic() < deadline_s:
        time.sleep(0.005)
