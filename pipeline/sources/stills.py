"""Stills as a look: one photograph or a folder of them, in order of time, each with its own place.

Rule: a photograph is looked at as the sensor took it (a stated rotation is not applied), because its attitude and its
lens are stated for the sensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from flights.camera_models import NOMINAL_SIGMA_SHARE, camera_model
from flights.telemetry.exif_xmp import parse_xmp
from geofences.errors import OutsideTrack
from pipeline.domain.frame import Frame
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from geofences.pose import Pose
    from pipeline.domain.frame import SourceProfile
    from pipeline.domain.look import FrameFault

JPEG = "image/jpeg"
REMEDY = "Copy it again from the aircraft's card, or take it out of the folder"
# The width of the picture that "35 mm equivalent" focal lengths refer to. Cameras that reckon by the diagonal are off
# by up to 4 % on a 4:3 sensor. Source: CIPA DCG-001-2018, 4.4.
FULL_FRAME_WIDTH_MM = 36.0
# Source: that note; the maker's calibration, our choice, half the spread between cameras of one model.
EXIF_SIGMA_SHARE, CALIBRATED_SIGMA_SHARE = 0.04, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class StillFacts:
    """What a photograph says of its sensor.

    Attributes:
        size_px: width, height as the sensor took it.
        focal_35mm: focal length on full frame, mm, or None.
        focal_mm: the lens's own, or None.
        calibrated_px: focal length that the maker measured, in pixels, or None.
        model: the camera's name, or empty.
    """

    size_px: tuple[int, int]
    focal_35mm: float | None
    focal_mm: float | None
    calibrated_px: float | None
    model: str

    @property
    def focal(self) -> tuple[float, float, str] | None:
        """Focal length in pixels, one sigma as a share of it, and whence; None when nothing tells it."""
        known = camera_model(self.model, self.focal_mm)
        if self.calibrated_px is not None:
            return self.calibrated_px, CALIBRATED_SIGMA_SHARE, "lens by its maker's calibration"
        if known is not None:
            return known.focal_px(max(self.size_px), self.focal_mm), NOMINAL_SIGMA_SHARE, "lens as of its model"
        if self.focal_35mm is not None:
            focal_px = max(self.size_px) * self.focal_35mm / FULL_FRAME_WIDTH_MM
            return focal_px, EXIF_SIGMA_SHARE, f"lens by EXIF, {self.focal_35mm:.0f} mm on 35 mm film"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One photograph.

    Attributes:
        path: the file.
        at_s: when it was taken, UTC by the camera's clock.
        pose: where, or None when the file does not say all of it.
    """

    path: Path
    at_s: float
    pose: Pose | None


def read_still_facts(path: Path) -> StillFacts:
    """Read size, focal length and model, without decoding the picture.

    Raises:
        BadInput: missing, or no JPEG.
    """
    try:
        with Image.open(path) as picture:
            size_px, exif, kind = picture.size, picture.getexif(), picture.format
            packet = picture.info.get("xmp", b"")
    except (OSError, UnidentifiedImageError) as error:
        raise _unreadable(path, f"cannot be read ({type(error).__name__})") from error
    if kind not in {"JPEG", "MPO"}:
        raise _unreadable(path, f"is {kind}, not JPEG")
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    try:
        calibrated = parse_xmp(packet).get("CalibratedFocalLength") if packet else None
    except ValueError:
        calibrated = None  # the flights room says what is wrong with it
    return StillFacts(
        size_px=size_px,
        focal_35mm=_positive(inner.get(ExifTags.Base.FocalLengthIn35mmFilm)),
        focal_mm=_positive(inner.get(ExifTags.Base.FocalLength)),
        calibrated_px=_positive(calibrated),
        model=str(exif.get(ExifTags.Base.Model, "")).strip("\x00 "),
    )


def _positive(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # EXIF holds anything
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if 0 < number < math.inf else None


def _unreadable(path: Path, fault: str) -> BadInput:
    return BadInput(path=str(path), field="picture", fault=fault, remedy=REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True)
class StillSource:
    """Photographs as a `FrameSource`.

    Attributes:
        stills: at least one, strictly in order of time.
        profile: who took them.
        look_id: deterministic id.
        left_out: photographs beside them that could not be placed in time, and why.
        clock_offset_s: added to the camera's clock.
    """

    stills: tuple[Still, ...]
    profile: SourceProfile
    look_id: str
    left_out: tuple[FrameFault, ...] = ()
    clock_offset_s: float = 0.0

    @property
    def look_hz(self) -> float:
        """Mean rate of the photographs; 1 for a single one."""
        span_s = self.stills[-1].at_s - self.stills[0].at_s
        return (len(self.stills) - 1) / span_s if span_s > 0 else 1.0

    def frames(self) -> Iterator[Frame]:
        """Every photograph.

        Raises:
            BadInput: one is damaged, or of another size than the lens states.
        """
        for number, still in enumerate(self.stills):
            yield Frame(
                frame_id=number,
                source_id=self.profile.source_id,
                pts_s=still.at_s - self.stills[0].at_s,
                captured_at_s=still.at_s + self.clock_offset_s,
                clock_offset_s=self.clock_offset_s,
                image_bgr=_decoded(still.path, self.profile.camera.size_px),
            )

    def burst(self, from_pts_s: float, until_pts_s: float, hz: float) -> Iterator[Frame]:  # noqa: ARG002 - the port's
        """Nothing: photographs are seconds apart."""
        return iter(())

    def pose_at(self, at_s: float) -> Pose:
        """Where the photograph of that moment was taken; between photographs nothing is known.

        Raises:
            OutsideTrack: no photograph of that moment, or it does not state its place and attitude.
        """
        still = self._nearest(at_s - self.clock_offset_s)
        if still.pose is None or abs(still.at_s + self.clock_offset_s - at_s) > 1e-3:
            raise OutsideTrack(f"{still.path.name} does not state its height and the lens's attitude")
        return still.pose

    def original(self, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
        """The file's own bytes of the photograph nearest to the middle of that stretch."""
        middle_s = self.stills[0].at_s + (from_pts_s + until_pts_s) / 2
        return self._nearest(middle_s).path.read_bytes(), JPEG

    def _nearest(self, at_s: float) -> Still:
        return min(self.stills, key=lambda still: abs(still.at_s - at_s))


def _decoded(path: Path, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            rgb = np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (OSError, SyntaxError) as error:
        raise _unreadable(path, f"is damaged ({error})") from error
    if (rgb.shape[1], rgb.shape[0]) != size_px:
        fault = f"is {rgb.shape[1]}x{rgb.shape[0]}, but the lens is stated for {size_px[0]}x{size_px[1]}"
        raise BadInput(
            path=str(path), field="picture size", fault=fault, remedy="Put photographs of one size and lens in a folder"
        )
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8)
