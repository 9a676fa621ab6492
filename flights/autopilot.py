"""The port to an autopilot: what a patrol sees of it and what it may ask. Neutral types; no MAVLink here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flights.mission_items import ListKind, MissionItem
    from flights.samples import PositionSample, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleState:
    """What is known of the aircraft now; None where nothing was heard yet.

    Attributes:
        link_age_s: vehicle seconds since the last heartbeat.
        mode: flight mode name, e.g. "AUTO".
        armed: motors armed.
        armable: the autopilot's own pre-arm checks pass.
        utc_s: the vehicle's clock, seconds since the Unix epoch.
        position: the newest.
        gps_fix: GPS_FIX_TYPE; 3 is a 3D fix.
        satellites: in use.
        ekf_ok: position estimate is good.
        gps_glitch: the estimator rejects what the satellite receiver says.
        battery_share: left in the battery, 0..1.
        wind_m_s: estimated by the autopilot.
        wind_from_deg: the direction it comes from, from true north.
        mission_seq: the item flown towards.
        prearm: what the autopilot lately said keeps it from arming.
    """

    link_age_s: float
    mode: str | None = None
    armed: bool = False
    armable: bool = False
    utc_s: float | None = None
    position: PositionSample | None = None
    gps_fix: int | None = None
    satellites: int | None = None
    ekf_ok: bool = False
    gps_glitch: bool = False
    battery_share: float | None = None
    wind_m_s: float | None = None
    wind_from_deg: float | None = None
    mission_seq: int | None = None
    prearm: tuple[str, ...] = ()


class Autopilot(Protocol):
    """One connected aircraft. Every command waits for the autopilot's answer.

    All commands raise `CommandRefused` when the answer is no and `LinkLost` when there is none.
    """

    def observe(self) -> VehicleState:
        """The newest state."""

    def drain(self) -> tuple[Sample, ...]:
        """All samples since the last call, in the order they came."""

    def parameters(self, names: Iterable[str]) -> Mapping[str, float]:
        """Parameters read now; those that the autopilot does not have are left out."""

    def transfer(self, kind: ListKind, items: Sequence[MissionItem]) -> None:
        """Upload a list, download it and compare; raises `TransferFailed` as well."""

    def held(self, kind: ListKind) -> tuple[MissionItem, ...]:
        """Download a list; raises `TransferFailed` as well."""

    def set_mode(self, mode: str) -> None:
        """Change the flight mode."""

    def arm(self) -> None:
        """Arm the motors."""

    def disarm(self) -> None:
        """Disarm on the ground."""

    def take_off(self, height_home_m: float) -> None:
        """Climb from the ground in GUIDED mode."""

    def go_to(self, lat_deg: float, lon_deg: float, height_home_m: float) -> None:
        """Fly straight to a place, in GUIDED mode."""

    def trigger(self, every_m: float) -> None:
        """Take pictures by distance; 0 stops it."""

    def point_gimbal(self, pitch_deg: float) -> None:
        """Turn the lens: pitch against the horizon, yaw with the nose."""

    def look_at(self, lat_deg: float, lon_deg: float, height_home_m: float) -> None:
        """Turn lens or nose to a place, until `point_gimbal`."""

    def close(self) -> None:
        """Let go of the link; the aircraft is left to its own failsafes."""
