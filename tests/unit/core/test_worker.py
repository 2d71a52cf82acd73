"""Workers, shown with real child processes."""

import asyncio
import os
import signal
import sys
import textwrap
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import MAX_UNKILLABLE, Worker, WorkerSpec
from edgeagent.model.errors import DeviceRefused, WorkerError

HERE = Path(__file__).parent
LONG_S = 30.0


class Bench:
    """A running worker and what it tells."""

    def __init__(self, **spec):
        clock = SystemClock()
        self.health, self.metrics, self.lines, self.beats = Health(clock), Metrics(), [], 0
        spec = WorkerSpec(**{"name": "bench", "handlers": "worker_handlers:HANDLERS"} | spec)
        backoff = Backoff(0.01, 0.05)
        self.worker = Worker(spec, clock, self.health, self.metrics, on_line=self.lines.append, backoff=backoff)

    def beat(self):
        self.beats += 1

    async def call(self, name, timeout_s=LONG_S, **args):
        return await self.worker.call(name, args, timeout_s=timeout_s)

    @property
    def level(self):
        condition = self.health.get("worker bench")
        return condition.level if condition else None

    def count(self, metric):
        return self.metrics.counter(f"edgeagent_worker_{metric}", "").get(worker="bench")


@asynccontextmanager
async def running(**spec):
    bench = Bench(**spec)
    run = asyncio.create_task(bench.worker.run(bench.beat))
    try:
        yield bench
    finally:
        run.cancel()
        await asyncio.wait([run])
        if not run.cancelled():
            run.result()


async def until(condition, deadline_s=10.0):
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.005)


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture(autouse=True)
def _handlers_are_found(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(HERE))


async def test_a_call_returns_what_the_handler_returns():
    async with running() as bench:
        assert await bench.call("echo", text="hello") == "hello"
        assert await bench.call("echo", text={"b": b"\x00", "n": [1, None, 2.5, True]}) == {
            "b": b"\x00",
            "n": [1, None, 2.5, True],
        }
        assert bench.level is Level.OK
        assert bench.beats > 0


async def test_calls_are_answered_in_the_order_they_were_made():
    async with running() as bench:
        order = []

        async def one(number):
            order.append(await bench.call("echo", text=number))

        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(one(number))
        assert order == list(range(20))


async def test_nothing_is_started_before_the_first_use_and_warm_starts_ahead_of_it():
    async with running() as bench:
        await until(lambda: bench.beats > 0)
        assert bench.worker.pid is None
        assert bench.count("starts") == 0
        await bench.worker.warm(LONG_S)
        assert bench.worker.pid is not None
        pid = bench.worker.pid
        assert (await bench.call("facts"))["pid"] == pid


async def test_the_child_goes_first_when_memory_is_short_and_sits_in_its_own_session():
    async with running(nice=3) as bench:
        facts = await bench.call("facts")
    assert facts["oom_score_adj"] == 500
    assert facts["parent"] == os.getpid()
    assert facts["session"] == facts["pid"]
    assert facts["nice"] == os.nice(0) + 3
    assert str(Path.cwd()) not in facts["path"][:1]


async def test_a_named_error_of_the_handler_reaches_the_caller_and_the_child_lives():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        with pytest.raises(DeviceRefused, match="the outlet says no"):
            await bench.call("fail", text="the outlet says no")
        with pytest.raises(WorkerError, match="cannot call fail_unheard of worker bench: strange"):
            await bench.call("fail_unheard")
        with pytest.raises(WorkerError, match="there is no handler nonsense"):
            await bench.call("nonsense")
        assert (await bench.call("facts"))["pid"] == pid


@pytest.mark.parametrize(
    ("handler", "args", "cause"),
    [
        ("crash", {}, "ended by SIGSEGV"),
        ("leave", {"code": 3}, "ended with exit code 3"),
        ("leave", {"code": 0}, "ended with exit code 0"),
        ("bug", {}, r"ended with exit code 1 \(ZeroDivisionError: a bug\)"),
        ("echo", {"wrong": 1}, r"ended with exit code 1 \(TypeError: .*wrong"),
        ("unpackable", {}, r"ended with exit code 1 \(TypeError"),
        ("garbage", {}, "garbage instead of a message: .*; ended by SIGTERM"),
        ("giant", {}, "garbage instead of a message: a length of 4294967295 bytes"),
        ("twice", {}, "garbage instead of a message: an answer to 0 where"),
        ("hang_up", {}, "it hung up; ended by SIGTERM"),
    ],
)
async def test_a_child_that_fails_is_named_with_its_cause_and_replaced(handler, args, cause):
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        with pytest.raises(WorkerError, match=f"cannot call {handler} of worker bench: {cause}"):
            await bench.call(handler, **args)
        assert bench.level is Level.DEGRADED
        assert await bench.call("echo", text="again") == "again"
        assert bench.worker.pid != pid
        assert bench.level is Level.OK
        assert gone(pid)
        assert (bench.count("starts"), bench.count("losses")) == (2, 1)


@pytest.mark.parametrize(("handler", "sign"), [("spin", "SIGTERM"), ("hold_out", "SIGKILL")])
async def test_a_child_that_hangs_is_killed_and_replaced(handler, sign):
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        with pytest.raises(WorkerError, match=f"cannot call {handler} of worker bench: no answer within 0.3 s"):
            await bench.call(handler, timeout_s=0.3)
        waits = asyncio.create_task(bench.call("echo", text="again"))
        await until(lambda: bench.level is Level.DEGRADED)
        assert bench.health.get("worker bench").message == f"no answer to {handler} within 0.3 s; ended by {sign}"
        assert await waits == "again"
        assert gone(pid)


async def test_the_loop_goes_on_while_the_child_spins():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        spinning, turns = asyncio.create_task(bench.call("spin", timeout_s=0.5)), 0
        while not spinning.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 20  # a loop that waited for the child would have had one
        assert isinstance(spinning.exception(), WorkerError)


async def test_a_call_that_waits_behind_a_crash_is_served_by_the_next_child():
    async with running() as bench:
        crash = asyncio.create_task(bench.call("crash"))
        await asyncio.sleep(0)
        assert await bench.call("echo", text="patient") == "patient"
        assert isinstance(crash.exception(), WorkerError)


async def test_a_call_that_waits_too_long_behind_another_fails_and_the_other_is_not_killed():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        slow = asyncio.create_task(bench.call("wait", seconds=0.5))
        await asyncio.sleep(0)
        with pytest.raises(WorkerError, match="other calls kept it busy"):
            await bench.call("echo", text="", timeout_s=0.1)
        assert await slow == "waited"
        assert bench.count("losses") == 0


async def test_a_cancelled_call_does_not_disturb_the_next():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid, call = bench.worker.pid, asyncio.create_task(bench.call("wait", seconds=0.2))
        await asyncio.sleep(0.05)
        call.cancel()
        assert await bench.call("facts") != "waited"
        assert bench.worker.pid == pid


async def test_a_child_that_dies_idle_is_replaced_without_a_call():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: bench.worker.pid not in (None, pid))
        assert bench.count("losses") == 1


async def test_messages_beyond_the_limit_are_refused_on_both_sides_and_the_child_lives():
    async with running(max_message_bytes=100_000) as bench:
        assert len(await bench.call("large", size=90_000)) == 90_000
        assert await bench.call("echo", text="y" * 90_000) == "y" * 90_000
        with pytest.raises(WorkerError, match=r"cannot answer: the message has \d+ bytes; at most 100000 pass"):
            await bench.call("large", size=200_000)
        with pytest.raises(WorkerError, match=r"cannot call echo .*: the message has \d+ bytes"):
            await bench.call("echo", text="y" * 200_000)
        with pytest.raises(TypeError):
            await bench.call("echo", text=object())
        assert await bench.call("echo", text="fine") == "fine"
        assert bench.count("losses") == 0


async def test_too_many_waiting_calls_are_refused_and_counted_and_late_ones_make_room():
    bench = Bench(max_pending=2)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(_refusal(bench.call("echo", text="", timeout_s=0.1))) for _ in range(2)]
        await asyncio.sleep(0)
        assert "2 calls wait already" in await _refusal(bench.call("echo", text=""))
    assert all("it is not running: it has not been started" in task.result() for task in waiting)
    assert "it is not running" in await _refusal(bench.call("echo", text="", timeout_s=0.01))
    assert bench.count("calls_refused") == 1


async def _refusal(awaitable):
    with pytest.raises(WorkerError) as caught:
        await awaitable
    return str(caught.value)


async def test_a_deadline_that_the_worker_cannot_keep_is_a_mistake_of_the_caller():
    bench = Bench(longest_call_s=5.0)
    for timeout_s in (0.0, -1.0, 5.1, float("nan")):
        with pytest.raises(ValueError, match="no deadline"):
            await bench.call("echo", timeout_s=timeout_s)
    assert bench.worker.beat_every_s > 5.0
    assert not bench.worker.critical


async def test_standard_error_and_print_are_relayed_in_bounded_lines():
    async with running() as bench:
        await bench.call("say", lines=["one", "", "two"])
        await bench.call("say", lines=["long"], width=5000)
        await until(lambda: len(bench.lines) == 3)
        assert bench.lines[:2] == ["one", "two"]
        assert len(bench.lines[2]) == 1000


async def test_a_flood_on_standard_error_is_cut_and_counted():
    async with running() as bench:
        await bench.call("flood", count=5000)
        assert await bench.call("echo", text="alive") == "alive"
        assert 0 < len(bench.lines) <= 300
    assert bench.count("lines_dropped") > 1000


@pytest.mark.parametrize("handlers", ["no_such_module:HANDLERS", "worker_handlers:NO_SUCH_NAME"])
async def test_handlers_that_cannot_be_loaded_are_tried_again_and_told(handlers):
    async with running(handlers=handlers) as bench:
        with pytest.raises(
            WorkerError, match=r"cannot warm worker bench: not ready within 1 s; .*exit code 1 \(.*Error"
        ):
            await bench.worker.warm(1.0)
        assert bench.count("starts") > 1
        await until(lambda: bench.level is Level.FAILED)


async def test_a_child_that_does_not_get_ready_is_ended(tmp_path, monkeypatch):
    (tmp_path / "sleeps_on_import.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with running(handlers="sleeps_on_import:HANDLERS", start_s=0.3) as bench:
        bench.worker._wanted.set()
        await until(lambda: bench.count("losses") >= 1)
        assert "not ready within 0.3 s; ended by SIGTERM" in bench.health.get("worker bench").message


async def test_a_bound_on_memory_ends_the_child_and_not_the_machine():
    async with running(memory_bytes=512 << 20) as bench:
        assert await bench.call("allocate", size=1 << 20) == 1 << 20
        with pytest.raises(WorkerError, match="MemoryError"):
            await bench.call("allocate", size=2 << 30)
        assert await bench.call("echo", text="again") == "again"


async def test_no_process_to_be_had_is_a_loss_and_not_a_crash(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    async with running() as bench:
        assert "its process cannot be started" in await _refusal(bench.call("echo", text="", timeout_s=0.2))
        monkeypatch.undo()
        monkeypatch.setenv("PYTHONPATH", str(HERE))
        assert await bench.call("echo", text="now") == "now"


async def test_stopping_ends_the_child_and_fails_what_waits():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        calls = [asyncio.create_task(bench.call("wait", seconds=60)) for _ in range(2)]
        await asyncio.sleep(0.05)
    for call in calls:
        assert "it was stopped" in await _refusal(call)
    assert gone(pid)
    assert bench.count("losses") == 0


async def test_a_stopped_worker_can_run_again():
    bench = Bench()
    for _ in range(2):
        run = asyncio.create_task(bench.worker.run(bench.beat))
        assert await bench.call("echo", text="again") == "again"
        run.cancel()
        await asyncio.wait([run])


async def test_a_child_that_survives_sigkill_is_reported_and_another_serves():
    async with running() as bench:
        traced = await bench.call("outlive_sigkill")
        try:
            if not traced["seized"]:
                pytest.skip("this system does not let a process trace its parent")
            pid = bench.worker.pid
            with pytest.raises(WorkerError):
                await bench.call("hold_out", timeout_s=0.1)
            await until(lambda: "cannot be killed" in (bench.health.get("worker bench").message))
            assert await bench.call("echo", text="again") == "again"
            stuck = bench.metrics.gauge("edgeagent_worker_unkillable", "")
            assert stuck.get(worker="bench") == 1
            bench.worker._unkillable *= MAX_UNKILLABLE
            os.kill(bench.worker.pid, signal.SIGKILL)
            await until(lambda: "3 of its children cannot be killed" in bench.health.get("worker bench").message)
        finally:
            psutil.Process(traced["tracer"]).kill()
        assert await bench.call("echo", text="and again") == "and again"
        assert stuck.get(worker="bench") == 0
        await until(lambda: gone(pid))


async def test_the_child_dies_with_its_parent_even_while_it_spins(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent("""
            import asyncio
            from edgeagent.core.clock import SystemClock
            from edgeagent.core.health import Health
            from edgeagent.core.metrics import Metrics
            from edgeagent.core.worker import Worker, WorkerSpec

            async def main():
                clock = SystemClock()
                spec = WorkerSpec("orphan", "worker_handlers:HANDLERS")
                worker = Worker(spec, clock, Health(clock), Metrics(), on_line=print)
                run = asyncio.create_task(worker.run(lambda: None))
                await worker.warm(30)
                print(worker.pid, flush=True)
                await worker.call("spin", timeout_s=60)

            asyncio.run(main())
        """)
    )
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=pipe)
    child = int(await parent.stdout.readline())
    await until(lambda: sum(psutil.Process(child).cpu_times()[:2]) > 0.3 or gone(child))
    parent.kill()
    await parent.wait()
    await until(lambda: gone(child))
    parent.stdout.feed_eof()


async def test_stopping_while_a_hung_child_is_killed_sees_it_dead():
    async with running() as bench:
        await bench.worker.warm(LONG_S)
        pid = bench.worker.pid
        with pytest.raises(WorkerError):
            await bench.call("hold_out", timeout_s=0.1)
        await until(lambda: bench.worker.pid is None)
    assert gone(pid)
