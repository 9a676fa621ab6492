"""Things that go wrong on purpose, at a simulated second: `--fault NAME@SECOND`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import shapely
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.errors import SimulatorError
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from flights.simulator.simulation import Simulation

GLITCH_M = (35.0, -20.0)
GLITCH_LASTS_S = 15.0
LINK_SILENT_S, LINK_BLINK_S = 45.0, 1.5
LOSSY_SHARE = 0.15  # of all messages, each way
LOW_CHARGE, CRITICAL_CHARGE = 0.18, 0.05  # under load 21.4 V and 20.0 V


class FaultName(StrEnum):
    """What may go wrong."""

    LINK_DROP = "link_drop"
    GPS_LOSS = "gps_loss"
    GPS_GLITCH = "gps_glitch"
    BATTERY_LOW = "battery_low"
    BATTERY_CRITICAL = "battery_critical"
    WIND_20 = "wind_20"
    BREACH = "breach"
    FOREIGN_CAMERA_HEARTBEAT = "foreign_camera_heartbeat"
    ARM_REFUSE = "arm_refuse"
    BAD_ACK = "bad_ack"
    LOST_PACKETS = "lost_packets"
    LINK_BLINK = "link_blink"
    WIND_13 = "wind_13"
    PILOT_RTL = "pilot_rtl"
    PILOT_LOITER = "pilot_loiter"


Fault = tuple[float, FaultName]  # simulated second since boot, what


def parse_fault(text: str) -> Fault:
    """A fault from NAME@SECOND.

    Raises:
        SimulatorError: the name is unknown or the second is no number.
    """
    name, _, second = text.partition("@")
    try:
        return float(second), FaultName(name)
    except ValueError:
        known = ", ".join(FaultName)
        raise SimulatorError(f"--fault: {text}: want NAME@SECOND with NAME one of {known}") from None


def strike(fault: FaultName, simulation: Simulation) -> None:  # noqa: C901, PLR0912 - one plain case a fault
    """Let a fault happen now."""
    pilot, aircraft = simulation.pilot, simulation.pilot.aircraft
    match fault:
        case FaultName.LINK_DROP:
            simulation.silence_link(LINK_SILENT_S)
        case FaultName.GPS_LOSS:
            aircraft.sensors.gps_healthy = False
        case FaultName.GPS_GLITCH:
            aircraft.sensors.glitch(GLITCH_M, GLITCH_LASTS_S)
            pilot.say(mavlink.MAV_SEVERITY_CRITICAL, "GPS Glitch or Compass error")
        case FaultName.BATTERY_LOW:
            aircraft.battery.remaining = LOW_CHARGE
        case FaultName.BATTERY_CRITICAL:
            aircraft.battery.remaining = CRITICAL_CHARGE
        case FaultName.LINK_BLINK:
            simulation.silence_link(LINK_BLINK_S)
        case FaultName.LOST_PACKETS:
            simulation.lost_share = LOSSY_SHARE
        case FaultName.WIND_13:
            aircraft.wind.speed_m_s = 13.0
        case FaultName.PILOT_RTL:
            pilot.set_mode(Mode.RTL)
        case FaultName.WIND_20:
            aircraft.wind.speed_m_s = 20.0
        case FaultName.BREACH:
            pilot.fence_ground = shapely.Polygon()  # wherever it is, it is outside
        case FaultName.FOREIGN_CAMERA_HEARTBEAT:
            simulation.telemetry.camera_heartbeat = True
        case FaultName.ARM_REFUSE:
            pilot.refusal = "Compass not healthy"
        case FaultName.BAD_ACK:
            simulation.commands.missions.broken = True
        case FaultName.PILOT_LOITER:
            pilot.set_mode(Mode.LOITER)
