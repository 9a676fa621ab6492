"""Camera files: lens and, for a fixed camera, its mounting, as one small TOML file."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import tomli_w
from pydantic import Field, model_validator

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.error_terms import CAUSES, JointErrors
from geofences.mount import Mount
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from pipeline.toml_file import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence


Parts = tuple[float, ...]


class Correlated(Entry):
    """What a calibration left wrong, as independent parts: what one sigma of each does to each of what it found."""

    by: str = Field(min_length=1, description="which calibration: looks under one make the same errors")
    causes: tuple[str, ...] = Field(description="what each part is nearest to")
    focal_share: Parts = Field(description="of the focal length")
    k1: Parts = Field(description="first distortion coefficient")
    east_m: Parts
    north_m: Parts
    up_m: Parts
    right_deg: Parts = Field(description="turn of the lens about its right axis")
    down_deg: Parts
    forward_deg: Parts

    @model_validator(mode="after")
    def _rectangular(self) -> Correlated:
        if {len(getattr(self, row)) for row in _ROWS} != {len(self.causes)} or not {*self.causes} <= {*CAUSES}:
            raise ValueError(f"every row needs a number for each of causes, which are among {', '.join({*CAUSES})}")
        return self

    def joint(self) -> JointErrors:
        """For `Pose.joint`."""
        effects = np.zeros((len(CAUSES), len(self.causes)))
        effects[[*_ROWS.values()]] = [getattr(self, row) for row in _ROWS]
        return JointErrors(effects=effects, causes=self.causes, shared_by=self.by)

    @classmethod
    def of(cls, joints: Sequence[JointErrors]) -> tuple[Correlated, ...]:
        """Of one calibration's seats, which share their parts; those that do nothing are left out."""
        effects = np.array([joint.effects[[*_ROWS.values()]] for joint in joints])
        kept = np.flatnonzero(np.abs(effects).max(axis=(0, 1)) > _NOTHING)
        causes, by = tuple(joints[0].causes[part] for part in kept), f"calibration {zlib.crc32(effects.tobytes()):08x}"
        tables = [[[float(f"{value:.4g}") for value in row] for row in seat] for seat in effects[:, :, kept]]
        shared = {"by": by, "causes": causes}
        return tuple(cls.model_validate(shared | dict(zip(_ROWS, rows, strict=True))) for rows in tables)


_NOTHING = 1e-9
# Its rows among `CAUSES`.
_ROWS = dict(
    zip(
        ("focal_share", "k1", "east_m", "north_m", "up_m", "right_deg", "down_deg", "forward_deg"),
        (0, 2, 5, 6, 7, 8, 9, 10),
        strict=True,
    )
)


class Mounting(Entry):
    """Where a fixed camera stands and looks (true north, pitch down negative)."""

    lat_deg: float = Field(ge=-90, le=90, description="WGS 84 latitude")
    lon_deg: float = Field(ge=-180, le=180, description="WGS 84 longitude")
    alt_ellipsoid_m: float = Field(description="height of the lens above the ellipsoid")
    yaw_deg: float = Field(description="where the lens looks, clockwise from true north")
    pitch_deg: float = Field(ge=-90, le=45, description="0 is level, -90 straight down")
    roll_deg: float = Field(default=0.0, description="right side down positive")
    sigma_m: float = Field(default=0.3, gt=0, description="one-sigma error of the position, each axis")
    sigma_deg: float = Field(default=0.3, gt=0, description="one-sigma error of each angle")
    errors: Correlated | None = Field(default=None, description="instead of both sigmas and the lens's")

    def pose_at(self, at_s: float) -> Pose:
        """The unchanging pose, stamped with the time asked for."""
        look = Attitude(yaw_deg=self.yaw_deg, pitch_deg=self.pitch_deg, roll_deg=self.roll_deg)
        sigma_m, sigma_deg = (0.0, 0.0) if self.errors else (self.sigma_m, self.sigma_deg)
        sigmas = PoseSigmas(horizontal_m=sigma_m, vertical_m=sigma_m, yaw_deg=sigma_deg, tilt_deg=sigma_deg)
        joint = self.errors.joint() if self.errors else None
        position = Geodetic(lat_deg=self.lat_deg, lon_deg=self.lon_deg, alt_ellipsoid_m=self.alt_ellipsoid_m)
        return Pose(at_s=at_s, position=position, body=look, gimbal=look, sigmas=sigmas, joint=joint)


class Aim(Entry):
    """Where the lens of an aircraft looked all through a clip, as its pilot says, for logs that do not."""

    yaw_deg: float = Field(description="clockwise from true north")
    pitch_deg: float = Field(ge=-90, le=45, description="0 is level, -90 straight down")

    def attitude(self) -> Attitude:
        """As an attitude of the lens."""
        return Attitude(yaw_deg=self.yaw_deg, pitch_deg=self.pitch_deg)


class LogSigmas(Entry):
    """What each pose of the log errs by on its own, one sigma, once the mount is corrected for; from a calibration."""

    horizontal_m: float = Field(ge=0, description="per horizontal axis")
    vertical_m: float = Field(ge=0)
    yaw_deg: float = Field(ge=0)
    tilt_deg: float = Field(ge=0)
    time_s: float = Field(default=0.05, ge=0)


Vector = tuple[float, float, float]


class Seat(Entry):
    """How a lens sits on an aircraft, but for time."""

    lever_arm_frd_m: Vector = Field(default=(0, 0, 0), description="antenna to lens: forward, right, down")
    seat_cam_deg: Vector = Field(default=(0, 0, 0), description="turn of the lens about its right, down, forward axes")
    offset_enu_m: Vector = Field(default=(0, 0, 0), description="added to logged positions: east, north, up")
    horizontal_sigma_m: float = Field(default=0.0, ge=0, description="one-sigma error of lever arm and offset")
    vertical_sigma_m: float = Field(default=0.0, ge=0, description="and of their height")
    seat_sigma_cam_deg: Vector = Field(default=(0, 0, 0), description="one-sigma error of each angle of the seat")
    log: LogSigmas | None = Field(default=None, description="instead of what is taken for a log of its kind")

    def mount(self) -> Mount:
        """The corrections."""
        own = PoseSigmas(**self.log.model_dump()) if self.log else None
        return Mount(log_sigmas=own, **self.model_dump(include=set(Seat.model_fields) - {"log"}))


class HeadingSeat(Seat):
    """A seat of its own where the lens looks within 45 degrees of a heading: a compass errs by its heading."""

    heading_deg: float = Field(description="clockwise from true north")
    errors: Correlated | None = Field(default=None, description="instead of its sigmas and the lens's")

    def mount(self) -> Mount:
        """The corrections."""
        return replace(Seat.mount(self), joint=self.errors.joint() if self.errors else None)


class MountEntry(Seat):
    """How a lens sits on an aircraft, against what its log says; measured, or by `offsite calibrate flight`."""

    time_offset_s: float = Field(default=0.0, description="added to a clip's time to find its row of the log")
    time_sigma_s: float = Field(default=0.0, ge=0, description="one-sigma error of the time offset")
    by_heading: tuple[HeadingSeat, ...] = ()

    def mount(self) -> Mount:
        """The corrections."""
        by_heading = tuple((seat.heading_deg, seat.mount()) for seat in self.by_heading)
        seat, late_s, sigma_s = Seat.mount(self), self.time_offset_s, self.time_sigma_s
        return replace(seat, by_heading=by_heading, time_offset_s=late_s, time_sigma_s=sigma_s)


class Lens(Entry):
    """The image plane: either `hfov_deg`, or `k` and `distortion` from a calibration."""

    width_px: int = Field(gt=0, le=20000, description="picture width")
    height_px: int = Field(gt=0, le=20000, description="picture height")
    hfov_deg: float | None = Field(default=None, gt=1, lt=170, description="horizontal field of view")
    focal_px: float | None = Field(default=None, gt=0, description="focal length in pixels")
    principal_px: tuple[float, float] | None = Field(default=None, description="principal point; default the middle")
    distortion: tuple[float, float, float, float, float] = Field(default=(0, 0, 0, 0, 0), description="k1 k2 p1 p2 k3")
    focal_sigma_share: float = Field(default=0.0, ge=0, lt=1, description="one-sigma error of the focal length")

    @model_validator(mode="after")
    def _one_of(self) -> Lens:
        if (self.hfov_deg is None) == (self.focal_px is None):
            raise ValueError("give either hfov_deg or focal_px")
        return self

    def camera(self, name: str) -> Camera:
        """The camera model."""
        size_px = (self.width_px, self.height_px)
        focal = self.focal_px or Camera.from_fov(size_px=size_px, hfov_deg=self.hfov_deg or 60.0).focal_px
        cx, cy = self.principal_px or ((self.width_px - 1) / 2, (self.height_px - 1) / 2)
        k = np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1]])
        distortion, share = np.array(self.distortion), self.focal_sigma_share
        return Camera(size_px=size_px, k=k, distortion=distortion, name=name, focal_sigma_share=share)


class CameraEntry(Entry):
    """One camera, in a file of its own (`offsite ingest --camera`) or in site.toml: the latter adds `url`."""

    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$", description="stable id, used in evidence")
    name: str = Field(min_length=1, description="make, model or place, for people")
    kind: Literal["drone", "city_eye", "stills"] = Field(description="how it looks")
    lens: Lens = Field(description="image plane")
    mounting: Mounting | None = Field(default=None, description="for a fixed camera")
    aim: Aim | None = Field(default=None, description="for an aircraft whose log does not say where the lens looked")
    mount: MountEntry | None = Field(default=None, description="for an aircraft's")
    url: str = Field(default="", description="where its stream or clip is: rtsp://..., or a file beside site.toml")
    look_hz: float = Field(default=1.0, gt=0, le=30, description="pictures examined a second")
    watch_every_s: float = Field(default=300.0, ge=10, description="a window is watched this often")
    clock_offset_s: float = Field(default=0.0, description="added to the camera's own clock")

    def toml(self) -> str:
        """As a file of its own, a list a line."""
        text = tomli_w.dumps(self.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
        return re.sub(r"\[\n([^\[\]]*),\n\]", lambda found: f"[{' '.join(found[1].split())}]", text)

    @model_validator(mode="after")
    def _one_place(self) -> CameraEntry:
        if self.mount and self.mounting:
            raise ValueError("give either mounting, for a fixed camera, or mount, for an aircraft's")
        return self
