"""What a person or a test may ask of a running pod over its control socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from firmware_stubs.control import Handler
from firmware_stubs.faults import FaultBoard, fault_from
from firmware_stubs.trap_desk import TrapDesk, place_of
from firmware_stubs.world import World


class Running(Protocol):
    """The pod, as far as it is asked."""

    board: FaultBoard
    world: World
    traps: TrapDesk

    @property
    def age_s(self) -> float: ...

    def catch_up(self) -> None: ...

    def state(self) -> dict[str, Any]: ...


class PodControl:
    """The requests, each by the value of `do`. TypeError or LookupError when one cannot be."""

    def __init__(self, pod: Running) -> None:
        self._pod = pod

    def handlers(self) -> dict[str, Handler]:
        """For a `ControlSocket`."""
        return {
            "inject": self._inject,
            "clear": self._clear,
            "state": lambda _: {"state": self._pod.state()},
            "switch": self._switch,
            "feed": self._feed,
            "trap": self._trap,
        }

    def _inject(self, request: Mapping[str, Any]) -> dict[str, Any]:
        entry = {name: value for name, value in request.items() if name != "do"}
        after_s = entry.pop("after_s", 0.0)
        if not isinstance(after_s, int | float):
            raise TypeError(f"after_s is {after_s!r}: it must be seconds")
        pod = self._pod
        entry["at_s"] = pod.age_s + after_s
        fault = pod.board.plan(fault_from(entry, pod.age_s))
        pod.board.advance(pod.age_s)
        return {"id": fault.number}

    def _clear(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device, kind = request.get("device"), request.get("kind")
        if not (isinstance(device, str | None) and isinstance(kind, str | None)):
            raise TypeError('a clear takes "device" and "kind" as text, or leaves them out')
        return {"cleared": self._pod.board.clear(device, kind)}

    def _switch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        pdu, outlet, on = request.get("pdu"), request.get("outlet"), request.get("on")
        if not (isinstance(pdu, str) and isinstance(outlet, int) and isinstance(on, bool)):
            raise TypeError('a switch needs "pdu" (text), "outlet" (number) and "on" (true or false)')
        self._pod.catch_up()
        self._pod.world.switch(pdu, outlet, on=on)
        return {}

    def _feed(self, request: Mapping[str, Any]) -> dict[str, Any]:
        feed, live = request.get("feed"), request.get("live")
        if not (isinstance(feed, str) and isinstance(live, bool)):
            raise TypeError('a feed needs "feed" (text) and "live" (true or false)')
        self._pod.catch_up()
        self._pod.world.set_feed(feed, live=live)
        return {}

    def _trap(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device, kind, to = request.get("device"), request.get("kind"), request.get("to")
        if not (isinstance(device, str) and isinstance(kind, str) and isinstance(to, str | None)):
            raise TypeError('a trap needs "device" and "kind" as text; "to" is an address, "inform" true or false')
        place = None if to is None else place_of(to)
        self._pod.traps.send(device, kind, inform=request.get("inform") is True, to=place)
        return {}
