"""Planned faults."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING

import pytest

from flights.errors import SimulatorError
from flights.simulator.aircraft import Aircraft
from flights.simulator.faults import LINK_SILENT_S, FaultName, parse_fault
from flights.simulator.fence import FenceType
from flights.simulator.link import Link
from flights.simulator.simulation import Simulation
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_fault_has_a_name_and_a_second() -> None:
    """NAME@SECOND."""
    assert parse_fault("gps_loss@42.5") == (42.5, FaultName.GPS_LOSS)


@pytest.mark.parametrize("text", ["gps_loss", "gps_loss@soon", "no_such@3", "@3", ""])
def test_anything_else_is_refused_with_the_known_names(text: str) -> None:
    """The error lists what could have been meant."""
    with pytest.raises(SimulatorError, match=r"--fault: .*link_drop"):
        parse_fault(text)


def refuses(port: int) -> bool:
    """Whether nobody can connect."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


EFFECTS: dict[FaultName, Callable[[Simulation], bool]] = {
    FaultName.LINK_DROP: lambda s: refuses(s.link.port),
    FaultName.LINK_BLINK: lambda s: refuses(s.link.port),
    FaultName.LOST_PACKETS: lambda s: s.lost_share > 0,
    FaultName.WIND_13: lambda s: s.pilot.aircraft.wind.speed_m_s == 13,
    FaultName.PILOT_RTL: lambda s: s.pilot.mode is Mode.RTL,
    FaultName.GPS_LOSS: lambda s: not s.pilot.aircraft.sensors.gps_healthy,
    FaultName.GPS_GLITCH: lambda s: s.pilot.aircraft.sensors.glitch_m != (0.0, 0.0),
    FaultName.BATTERY_LOW: lambda s: s.pilot.aircraft.battery.remaining < 0.2,
    FaultName.BATTERY_CRITICAL: lambda s: s.pilot.aircraft.battery.remaining < 0.1,
    FaultName.WIND_20: lambda s: s.pilot.aircraft.wind.speed_m_s == 20,
    FaultName.BREACH: lambda s: s.pilot.failsafes.broken_fence == FenceType.POLYGON,
    FaultName.FOREIGN_CAMERA_HEARTBEAT: lambda s: s.telemetry.camera_heartbeat,
    FaultName.ARM_REFUSE: lambda s: s.pilot.refusal is not None,
    FaultName.BAD_ACK: lambda s: s.commands.missions.broken,
    FaultName.PILOT_LOITER: lambda s: s.pilot.mode is Mode.LOITER,
}


@pytest.mark.parametrize("name", FaultName)
def test_every_fault_strikes_at_its_second_and_not_before(name: FaultName) -> None:
    """Nothing is wrong until the planned simulated second; a dropped link comes back."""
    link = Link(0)
    aircraft = Aircraft(30.0, 120.0, 6.0, seed=1)
    simulation = Simulation(aircraft, link, io.StringIO(), start_utc_s=0.0, faults=[(5.0, name)])
    while simulation.pilot.now_s < 4.99:
        simulation.step()
    assert not EFFECTS[name](simulation)
    while simulation.pilot.now_s < 5.2:
        simulation.step()
    assert EFFECTS[name](simulation)
    while simulation.pilot.now_s < 5.1 + LINK_SILENT_S:
        simulation.step()
    assert not refuses(link.port)
    link.drop()
