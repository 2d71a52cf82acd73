"""Faults on the wire of servers that are no SNMP cards, of simulated GPUs, and of the clock on the wall."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmware_stubs.fault_kinds import Health, Kind, Kinds, Options, number, text
from firmware_stubs.faulty import Faulty


class GpuSettings(Protocol):
    """The control file of the NVML stub."""

    def set(self, number: int, **values: int | str | None) -> None: ...


@dataclass(frozen=True)
class Gpu:
    """One simulated GPU, counted from 0."""

    control: GpuSettings
    number: int


@dataclass
class WallClock:
    """How far the clock on the wall is from the truth; `told` is called with each step."""

    offset_s: float = 0.0
    told: Callable[[float], None] = field(default=lambda _: None)

    def step(self, step_s: float) -> None:
        """Jump."""
        self.offset_s += step_s
        self.told(self.offset_s)


def _set(name: str, *, value: object) -> Callable[[object, Options], None]:
    return lambda faulty, _: setattr(faulty, name, value)


def _owe(faulty: Faulty, options: Options) -> None:
    faulty.reset_next += round(number(options, "count"))


def _exception(faulty: Faulty, options: Options) -> None:
    faulty.exception_code = round(number(options, "code"))


def _status(faulty: Faulty, options: Options) -> None:
    faulty.status_code = round(number(options, "code"))


def _slow(faulty: Faulty, options: Options) -> None:
    faulty.slow_s = number(options, "delay_s")


def _scale(faulty: Faulty, options: Options) -> None:
    faulty.factor = number(options, "factor")


def _serial(faulty: Faulty, options: Options) -> None:
    faulty.serial = text(options, "serial") or "X0000"


def _gpu(key: str, option: str | None = None) -> Callable[[Gpu, Options], None]:
    def act(gpu: Gpu, options: Options) -> None:
        gpu.control.set(gpu.number, **{key: 1 if option is None else round(number(options, option))})

    return act


def _heal_gpu(gpu: Gpu) -> None:
    gpu.control.set(gpu.number, lost=0, hang_s=0)


KINDS: Kinds = {
    ("server", "hang"): Kind(_set("mute", value=True)),
    ("server", "slow"): Kind(_slow, {"delay_s": 5.0}),
    ("server", "tcp_reset"): Kind(_owe, {"count": 1.0}, instant=True),
    ("server", "tcp_resets"): Kind(_set("reset", value=True)),
    ("server", "wrong_transaction"): Kind(_set("wrong_transaction", value=True)),
    ("server", "exception"): Kind(_exception, {"code": 4.0}),
    ("server", "http_status"): Kind(_status, {"code": 503.0}),
    ("server", "garbage"): Kind(_set("garbage", value=True)),
    ("server", "sentinel"): Kind(_set("sentinel", value=True)),
    ("server", "stuck"): Kind(_set("stuck", value=True)),
    ("server", "fahrenheit"): Kind(_set("fahrenheit", value=True)),
    ("server", "scale"): Kind(_scale, {"factor": 10.0}),
    ("server", "refuse_writes"): Kind(_set("refuse_writes", value=True)),
    ("server", "ignore_writes"): Kind(_set("ignore_writes", value=True)),
    ("server", "swap_identity"): Kind(_serial, {"serial": ""}),
    ("gpu", "gpu_lost"): Kind(_gpu("lost")),
    ("gpu", "gpu_hang"): Kind(_gpu("hang_s", "hang_s"), {"hang_s": 60.0}),
    ("clock", "clock_step"): Kind(
        lambda clock, options: clock.step(number(options, "step_s") * (-1.0 if options["back"] else 1.0)),
        {"step_s": 3600.0, "back": False},
        instant=True,
    ),
}
HEALTH: Mapping[str, Health] = {
    "server": lambda faulty: faulty.heal(),
    "gpu": _heal_gpu,
    "clock": lambda _: None,
}
