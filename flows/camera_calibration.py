"""A fixed camera's settings from a file of point pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pydantic import Field, model_validator

from geofences.attitude import attitude_from_enu_cam
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.errors import BadInput
from pipeline.geotag.resection import Pairs as KnownTwice
from pipeline.geotag.resection import PoorPairs, Resected, resect
from pipeline.sources.camera_file import CameraEntry, Correlated, Lens, Mounting
from pipeline.toml_file import Entry, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GREEN, RED, WHITE = (80, 200, 80), (60, 60, 230), (255, 255, 255)


class Pair(Entry):
    """One point: where it is seen and where it is."""

    name: str = Field(min_length=1)
    xy_px: tuple[float, float]
    lon_deg: float = Field(ge=-180, le=180)
    lat_deg: float = Field(ge=-90, le=90)
    height_m: float


class UnsolvedLens(Lens):
    """A lens whose focal length may be left to find."""

    @model_validator(mode="after")
    def _one_of(self) -> UnsolvedLens:
        if self.hfov_deg is not None and self.focal_px is not None:
            raise ValueError("give hfov_deg or focal_px, or neither")
        return self


class PairsFile(Entry):
    """What `offsite calibrate camera` reads."""

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    name: str = Field(min_length=1)
    url: str = ""
    lens: UnsolvedLens
    geoid_separation_m: float = Field(default=0.0, description="added to heights, where they are above sea level")
    sigma_px: float = Field(default=2.0, gt=0, description="one-sigma error of the pixels")
    sigma_m: float = Field(default=0.1, gt=0, description="one-sigma error of the positions, per axis")
    pair: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraCalibration:
    """What came of it.

    Attributes:
        pairs: as read.
        found: the camera placed.
        settings: for site.toml, or `--camera`.
        shown_px: (n, 2) where the camera so placed shows each pair.
        ground_m: (n,) how far the pixel's ray passes from the pair at its height; nan above the horizon.
    """

    pairs: PairsFile
    found: Resected
    settings: CameraEntry
    shown_px: NDArray[np.float64]
    ground_m: NDArray[np.float64]

    def picture(self, still: Path) -> NDArray[np.uint8]:
        """The still with each pair as marked, and an arrow (ten times as long) to where it should be.

        Raises:
            BadInput: the still is no picture, or not of the lens's size.
        """
        image = cv2.imread(str(still))
        lens = self.pairs.lens
        if image is None or image.shape[:2] != (lens.height_px, lens.width_px):
            fault = "is no picture" if image is None else f"is {image.shape[1]}x{image.shape[0]}"
            remedy = f"Give a still of this camera, {lens.width_px}x{lens.height_px}"
            raise BadInput(path=str(still), field="picture", fault=fault, remedy=remedy)
        for number, (pair, shown) in enumerate(zip(self.pairs.pair, self.shown_px, strict=True)):
            colour = RED if number == self.found.left_out else GREEN
            at = tuple(round(c) for c in pair.xy_px)
            ahead = tuple(round(c) for c in np.array(pair.xy_px) + 10 * (shown - pair.xy_px))
            cv2.circle(image, at, 7, colour, 2, cv2.LINE_AA)
            cv2.arrowedLine(image, at, ahead, colour, 2, cv2.LINE_AA)
            cv2.putText(image, str(number + 1), (at[0] + 10, at[1] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, WHITE, 2)
        return np.asarray(image, dtype=np.uint8)


def calibrate_camera(path: Path) -> CameraCalibration:
    """Place a fixed camera by the pairs of a file.

    Raises:
        BadInput: the file is wrong, or its pairs are poor; names the worst.
    """
    pairs = read_toml(PairsFile, path)
    if not pairs.pair:
        raise BadInput(path=str(path), field="pair", fault="there is none", remedy="List at least four [[pair]]")
    places = np.array([[p.lat_deg, p.lon_deg, p.height_m + pairs.geoid_separation_m] for p in pairs.pair])
    lat_deg, lon_deg, alt_m = (float(value) for value in places.mean(axis=0))
    frame = LocalFrame(origin=Geodetic(lat_deg=lat_deg, lon_deg=lon_deg, alt_ellipsoid_m=alt_m))
    enu_m, xy_px = frame.enu_from_geodetics(places), np.array([p.xy_px for p in pairs.pair])
    known = pairs.lens.hfov_deg is not None or pairs.lens.focal_px is not None
    twice = KnownTwice(enu_m=enu_m, xy_px=xy_px, sigma_px=pairs.sigma_px, sigma_m=pairs.sigma_m)
    try:
        found = resect(pairs.lens.camera(pairs.name), twice, focal_known=known)
    except PoorPairs as poor:
        field = "pair" if poor.pair is None else f"pair {poor.pair + 1}, {pairs.pair[poor.pair].name}"
        raise BadInput(path=str(path), field=field, fault=poor.fault, remedy=poor.remedy) from poor
    return CameraCalibration(
        pairs=pairs,
        found=found,
        settings=_settings(pairs, found, frame),
        shown_px=found.shown_px(enu_m),
        ground_m=found.passed_m(enu_m, xy_px),
    )


def _settings(pairs: PairsFile, found: Resected, frame: LocalFrame) -> CameraEntry:
    camera, place, look = found.camera, frame.geodetic_from_enu(found.eye_m), attitude_from_enu_cam(found.enu_from_cam)
    lens = pairs.lens.model_dump() | {"hfov_deg": None, "focal_px": round(camera.focal_px, 3)}
    return CameraEntry(
        id=pairs.id,
        name=pairs.name,
        kind="city_eye",
        url=pairs.url,
        lens=Lens(**lens | {"focal_sigma_share": round(camera.focal_sigma_share, 5)}),
        mounting=Mounting(
            lat_deg=round(place.lat_deg, 8),
            lon_deg=round(place.lon_deg, 8),
            alt_ellipsoid_m=round(place.alt_ellipsoid_m, 3),
            yaw_deg=round(look.yaw_deg, 4),
            pitch_deg=round(look.pitch_deg, 4),
            roll_deg=round(look.roll_deg, 4),
            sigma_m=max(round(found.sigma_m, 3), 0.001),
            sigma_deg=max(round(found.sigma_deg, 4), 0.0001),
            errors=Correlated.of([found.joint])[0],
        ),
    )
