"""What an autopilot tells, in neutral types: one small record per message, stamped with the autopilot's own clock.

`boot_s` is seconds since the autopilot started; UTC follows from the clock samples (`flights.vehicle_clock`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSample:
    """Where the aircraft is.

    Attributes:
        boot_s: autopilot clock.
        lat_deg: latitude.
        lon_deg: longitude.
        alt_amsl_m: height above mean sea level.
        height_home_m: height above home.
        velocity_enu_m_s: ground velocity east, north, up.
    """

    boot_s: float
    lat_deg: float
    lon_deg: float
    alt_amsl_m: float
    height_home_m: float
    velocity_enu_m_s: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttitudeSample:
    """How the airframe is turned, against north-east-down.

    Attributes:
        boot_s: autopilot clock.
        yaw_deg: from true north.
        pitch_deg: nose up positive.
        roll_deg: right side down positive.
    """

    boot_s: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GimbalSample:
    """How the lens is turned; pitch and roll against the horizon.

    Attributes:
        boot_s: autopilot clock.
        yaw_deg: from true north, or from the nose.
        pitch_deg: straight down is -90.
        roll_deg: right side down positive.
        from_north: True: yaw counts from true north; False: from the aircraft's nose.
    """

    boot_s: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    from_north: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """The autopilot's two clocks at one moment.

    Attributes:
        boot_s: since it started.
        unix_s: UTC, from its satellite receiver.
    """

    boot_s: float
    unix_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSample:
    """The camera was triggered.

    Attributes:
        boot_s: autopilot clock, of the last message before this one.
        index: number of the picture.
        lat_deg: latitude.
        lon_deg: longitude.
        alt_amsl_m: height above mean sea level.
        yaw_deg: from true north.
        pitch_deg: of the lens.
        roll_deg: of the lens.
    """

    boot_s: float
    index: int
    lat_deg: float
    lon_deg: float
    alt_amsl_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample:
    """A status text of the autopilot.

    Attributes:
        boot_s: autopilot clock, of the last message before this one.
        severity: MAV_SEVERITY; 0 emergency to 7 debug.
        text: as sent.
    """

    boot_s: float
    severity: int
    text: str


Sample = PositionSample | AttitudeSample | GimbalSample | ClockSample | CaptureSample | TextSample
