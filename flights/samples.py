"""What an autopilot tells, in neutral types: one small record per message, stamped with the autopilot's own clock.

`boot_s` is seconds since the autopilot started; for messages that carry no time, that of the last one that did. UTC
follows from the clock samples: poses are stamped in the vehicle's own time, never in ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EARLIEST_UNIX_S = 1_262_304_000.0  # 2010-01-01: before it, the receiver has no time yet and sends zero or nonsense


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamped:
    boot_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSample(_Stamped):
    """Where the aircraft is.

    Attributes:
        lat_deg: latitude.
        lon_deg: longitude.
        alt_amsl_m: height above mean sea level.
        height_home_m: height above home.
        velocity_enu_m_s: ground velocity east, north, up.
    """

    lat_deg: float
    lon_deg: float
    alt_amsl_m: float
    height_home_m: float
    velocity_enu_m_s: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttitudeSample(_Stamped):
    """How the airframe is turned, against north-east-down.

    Attributes:
        yaw_deg: from true north.
        pitch_deg: nose up positive.
        roll_deg: right side down positive.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GimbalSample(_Stamped):
    """How the lens is turned; pitch and roll against the horizon.

    Attributes:
        yaw_deg: from true north, or from the nose.
        pitch_deg: straight down is -90.
        roll_deg: right side down positive.
        from_north: True: yaw counts from true north; False: from the aircraft's nose.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    from_north: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample(_Stamped):
    """The autopilot's two clocks at one moment.

    Attributes:
        unix_s: UTC, from its satellite receiver.
    """

    unix_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSample(_Stamped):
    """The camera was triggered.

    Attributes:
        index: number of the picture.
        lat_deg: latitude.
        lon_deg: longitude.
        alt_amsl_m: height above mean sea level.
        yaw_deg: from true north.
        pitch_deg: as reported; ArduPilot reports the airframe's, nose up positive.
        roll_deg: likewise, right side down positive.
        unix_s: UTC of the picture where the message states it, else None.
    """

    index: int
    lat_deg: float
    lon_deg: float
    alt_amsl_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    unix_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample(_Stamped):
    """A status text of the autopilot.

    Attributes:
        severity: MAV_SEVERITY; 0 emergency to 7 debug.
        text: as sent.
    """

    severity: int
    text: str


Sample = PositionSample | AttitudeSample | GimbalSample | ClockSample | CaptureSample | TextSample
KINDS: dict[str, type[Sample]] = {  # as flight logs name them
    "position": PositionSample,
    "attitude": AttitudeSample,
    "gimbal": GimbalSample,
    "clock": ClockSample,
    "capture": CaptureSample,
    "text": TextSample,
}


def utc_minus_boot_s(samples: Iterable[ClockSample]) -> float | None:
    """Seconds to add to the boot clock for UTC: the median, so that one late message does not matter.

    Args:
        samples: of one flight; those from before the receiver knew the time are left out.

    Returns:
        The offset, or None when no sample has a time.
    """
    offsets = [sample.unix_s - sample.boot_s for sample in samples if sample.unix_s >= EARLIEST_UNIX_S]
    return median(offsets) if offsets else None
