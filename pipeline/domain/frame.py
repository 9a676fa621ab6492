"""Frames and the sources they come from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geofences.camera import Camera


class SourceKind(StrEnum):
    """How a source looks: durations are judged per kind, because a drone pass cannot dwell."""

    DRONE = "drone"
    CITY_EYE = "city_eye"
    STILLS = "stills"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProfile:
    """Who is looking.

    Attributes:
        source_id: stable id of the aircraft or camera.
        kind: drone, fixed city-eye camera, or still pictures.
        name: for people.
        camera: lens and sensor.
        located: False when nothing says where the camera is; its tracks are then dropped as `no_pose`.
    """

    source_id: str
    kind: SourceKind
    name: str
    camera: Camera
    located: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded picture.

    Attributes:
        frame_id: unique within its look, ordered.
        source_id: who took it.
        pts_s: presentation time within the clip or stream.
        captured_at_s: when it was taken, seconds since the Unix epoch UTC, clock offset applied.
        clock_offset_s: what was added to the source's own clock.
        image_bgr: (h, w, 3) uint8.
    """

    frame_id: int
    source_id: str
    pts_s: float
    captured_at_s: float
    clock_offset_s: float
    image_bgr: NDArray[np.uint8]
