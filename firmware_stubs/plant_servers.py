"""The servers of a plant's devices, each on its own port of loopback, all from one world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from firmware_stubs import modbus_sunspec, nvml_build, redfish_board, redfish_devices
from firmware_stubs.energy import Battery, Meter, Pv
from firmware_stubs.facility import Facility
from firmware_stubs.fault_kinds import Part
from firmware_stubs.fault_servers import Gpu
from firmware_stubs.faults import FaultBoard
from firmware_stubs.modbus_server import ModbusServer, OnlyHolding
from firmware_stubs.modbus_sunspec import SunSpecUnit
from firmware_stubs.nvml_build import GpuControl
from firmware_stubs.plant_cards import PlantCard, plant_cards
from firmware_stubs.plant_modbus import MappedDevice, mapped_devices
from firmware_stubs.redfish_bmc import RedfishServer
from firmware_stubs.redfish_board import Board
from firmware_stubs.redfish_tree import Tree
from firmware_stubs.snmp_agent import ServedLog, SnmpAgent
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.world import World

HOST = "127.0.0.1"
ACCESS = V2cAccess()
USER, PASSWORD = "edge", "redfish-secret-1"
GPUS = 2
UNIT = 1  # of each Modbus server


class PlantServers:
    """Opens what a plant serves, describes each in `devices`, and lets `board` break it."""

    def __init__(
        self, world: World, plant: Facility, board: FaultBoard, now: Callable[[], float], *, mixed: bool = False
    ) -> None:
        self.devices: list[dict[str, Any]] = []  # as in pod.json
        self.agents: dict[str, tuple[str, SnmpAgent]] = {}  # family and agent of what speaks SNMP
        self._world = world
        self._plant = plant
        self._board = board
        self._now = now
        self._cards = tuple(plant_cards(plant, mixed=mixed))
        self._machine = next(iter(world.loads.values()))
        self._ticks: list[Callable[[], None]] = []
        self._bmc = Board(serial=f"SRV-{self._machine.name}")

    async def open(self, stack: AsyncExitStack, folder: Path, log: ServedLog | None) -> None:
        """Listen; `stack` closes them. OSError when one cannot."""
        for card in self._cards:
            await self._serve_card(stack, card, log)
        for cdu in self._plant.cdus.values():
            await self._serve_redfish(stack, cdu.name, "cdu", cdu.serial, redfish_devices.cdu(cdu))
        supply = self._plant.supply
        for driver, thing, unit in (
            ("battery", supply.battery, modbus_sunspec.battery_der(supply.battery, self._now)),
            ("inverter", supply.pv, modbus_sunspec.pv_inverter(supply.pv, self._now)),
            ("meter", supply.meter, modbus_sunspec.meter(supply.meter)),
        ):
            await self._serve_sunspec(stack, driver, thing, unit)
        has_card = {name for card in self._cards for name in card.things}
        for device in mapped_devices(self._plant, self._now):
            if device.name not in has_card:
                await self._serve_mapped(stack, device)
        await self._serve_redfish(stack, "bmc-1", "bmc", self._bmc.serial, redfish_board.bmc(self._bmc))
        await self._offer_gpus(folder / "nvml")
        self.refresh()

    def refresh(self) -> None:
        """Let what has a state of its own follow the world, and timers run out."""
        for tick in self._ticks:
            tick()
        machine, rack = self._machine, self._world.racks[self._machine.rack]
        board = self._bmc
        board.on = machine.power_w > 0.0
        board.power_w, board.inlet_c = round(machine.power_w, 1), round(rack.inlet_c, 2)
        board.cpu_c = [round(rack.inlet_c + 38.0, 1), round(rack.inlet_c + 36.5, 1)]
        board.energy_kwh = round(1204.5 + machine.energy_wh / 1000.0, 3)

    async def _serve_card(self, stack: AsyncExitStack, plan: PlantCard, log: ServedLog | None) -> None:
        card = Card(plan.name, ACCESS, plan.enterprise, plan.serial, self._now, powered=plan.powered)
        agent = SnmpAgent(card, plan.build(card), log=log)
        stack.callback(agent.close)
        port = await agent.open(HOST)
        self.agents[plan.name] = (plan.family, agent)
        self._board.add(plan.name, Part("card", card))
        access = {"community": ACCESS.read, "write_community": ACCESS.write}
        address = f"snmp://{HOST}:{port}"
        self._tell(plan.name, plan.driver, address, plan.serial, family=plan.family, **plan.wiring, **access)

    async def _serve_sunspec(
        self, stack: AsyncExitStack, driver: str, thing: Battery | Pv | Meter, unit: SunSpecUnit
    ) -> None:
        server = ModbusServer({UNIT: OnlyHolding(unit)})
        stack.push_async_callback(server.close)
        await server.open()
        self._ticks.append(unit.tick)
        self._board.add(thing.name, Part("server", server.faulty))
        self._tell(thing.name, driver, f"modbus://{HOST}:{server.port}/{UNIT}", thing.serial)

    async def _serve_mapped(self, stack: AsyncExitStack, device: MappedDevice) -> None:
        server = ModbusServer({UNIT: device.unit}, faulty=device.faulty, identities=device.identities)
        stack.push_async_callback(server.close)
        await server.open()
        self._ticks.append(device.tick)
        self._board.add(device.name, Part("server", device.faulty))
        address = f"modbus://{HOST}:{server.port}/{UNIT}"
        self._tell(device.name, device.driver, address, device.serial, family=device.family, **device.wiring)

    async def _serve_redfish(self, stack: AsyncExitStack, name: str, driver: str, serial: str, tree: Tree) -> None:
        server = RedfishServer(tree, user=USER, password=PASSWORD)
        stack.push_async_callback(server.close)
        await server.open()
        self._board.add(name, Part("server", server.faulty))
        self._tell(name, driver, server.address, serial, user=USER, password=PASSWORD)

    async def _offer_gpus(self, folder: Path) -> None:
        """The library is built where there is a C compiler; the control file is there in any case."""
        control = _gpu_control(folder)
        for number in range(GPUS):
            self._board.add(f"gpu-{number}", Part("gpu", Gpu(control, number)))
        library = None
        if nvml_build.compiler() is not None:
            library = str(await asyncio.to_thread(nvml_build.build, folder))
        self._tell("gpus", "gpu", "", "", library=library, control=str(folder / nvml_build.CONTROL))

    def _tell(self, name: str, driver: str, address: str, serial: str, **more: Any) -> None:
        self.devices.append(
            {"name": name, "kind": driver, "driver": driver, "address": address, "serial": serial, **more}
        )


def _gpu_control(folder: Path) -> GpuControl:
    folder.mkdir(exist_ok=True)
    return GpuControl(folder, GPUS)
