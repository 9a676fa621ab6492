"""A picture of the demonstration: zones, what was planted, where the cases are, and their error ellipses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from flows.demo_run import cases_of
from geofences.zone import ZoneKind, parts_of
from pipeline.site import read_site

if TYPE_CHECKING:
    from pathlib import Path

    import shapely
    from numpy.typing import NDArray

    from flows.demo_run import DemoFolder
    from flows.demo_score import Score
    from geofences.local_frame import LocalFrame
    from geofences.position import Geodetic
    from pipeline.domain.case import Case

PX_PER_M = 9.0
MARGIN_M = 8.0
ZONE_BGR = {
    "road": (205, 205, 205),
    "construction_site": (160, 205, 235),
    "signage_control": (235, 210, 225),
    "catering_control": (200, 225, 250),
    "no_fly": (170, 170, 245),
    "crowd": (150, 205, 250),
    "obstacle": (175, 175, 150),
    "privacy": (225, 225, 180),
}
CASE_BGR, LAWFUL_BGR, TRUTH_BGR = (30, 30, 200), (60, 140, 40), (20, 20, 20)


class _Sheet:
    """A plan drawn in local metres, north up."""

    def __init__(self, frame: LocalFrame, bounds_m: tuple[float, float, float, float]) -> None:
        self._frame = frame
        self._west_m, south_m, east_m, self._north_m = bounds_m
        height, width = (self._north_m - south_m) * PX_PER_M, (east_m - self._west_m) * PX_PER_M
        self.image: NDArray[np.uint8] = np.full((int(height), int(width), 3), 250, dtype=np.uint8)

    def px(self, enu_m: NDArray[np.float64]) -> NDArray[np.int32]:
        east, north = enu_m[..., 0], enu_m[..., 1]
        px = np.stack(((east - self._west_m) * PX_PER_M, (self._north_m - north) * PX_PER_M), axis=-1)
        return np.round(px).astype(np.int32)

    def spot(self, position: Geodetic) -> tuple[int, int]:
        x, y = self.px(self._frame.enu_from_geodetic(position))
        return int(x), int(y)

    def area(self, outline: shapely.Polygon | shapely.MultiPolygon, colour: tuple[int, int, int]) -> None:
        for part in parts_of(outline):
            ring = enu_of_ring(part, self._frame)
            cv2.fillPoly(self.image, [self.px(ring)], colour)
            cv2.polylines(self.image, [self.px(ring)], isClosed=True, color=(150, 150, 150), thickness=1)

    def label(self, text: str, at_px: tuple[int, int], colour: tuple[int, int, int]) -> None:
        cv2.putText(
            self.image, text, (at_px[0] + 9, at_px[1] - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA
        )

    def case(self, case: Case) -> None:
        ellipse = case.fix.ellipse
        axes = (round(ellipse.semi_major_m * PX_PER_M), round(ellipse.semi_minor_m * PX_PER_M))
        at_px = self.spot(case.fix.position)
        cv2.ellipse(self.image, at_px, axes, ellipse.bearing_deg - 90.0, 0, 360, CASE_BGR, 2, cv2.LINE_AA)
        cv2.drawMarker(self.image, at_px, CASE_BGR, cv2.MARKER_CROSS, 10, 2)
        self.label(case.case_id, at_px, CASE_BGR)


def enu_of_ring(polygon: shapely.Polygon, frame: LocalFrame) -> NDArray[np.float64]:
    """(n, 3) east, north, up metres of a polygon's outer ring given in lon, lat."""
    lonlat = np.asarray(polygon.exterior.coords)[:, :2]
    heights = np.full((len(lonlat), 1), frame.origin.alt_ellipsoid_m)
    return frame.enu_from_geodetics(np.hstack((lonlat[:, 1:2], lonlat[:, 0:1], heights)))


def draw_demo(folder: DemoFolder, score: Score) -> Path:
    """Draw overview.png: zones, cameras and planted things (black), cases and ellipses (red), look-alikes (green)."""
    site = read_site(folder.site)
    frame = site.ground.frame
    shown = [zone for zone in site.zones if zone.kind is ZoneKind.PATROL] or site.zones
    rings = [enu_of_ring(part, frame) for zone in shown for part in parts_of(zone.outline)]
    low, high = np.min(np.vstack(rings), axis=0) - MARGIN_M, np.max(np.vstack(rings), axis=0) + MARGIN_M
    sheet = _Sheet(frame, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    for zone in site.zones:
        if zone.kind in ZONE_BGR:
            sheet.area(zone.outline, ZONE_BGR[zone.kind])
    for row in score.offences:
        cv2.circle(sheet.image, sheet.spot(row.planted.position), 4, TRUTH_BGR, -1, cv2.LINE_AA)
    for alike in score.look_alikes:
        at_px = sheet.spot(alike.planted.position)
        cv2.circle(sheet.image, at_px, 6, LAWFUL_BGR, 2, cv2.LINE_AA)
        sheet.label(f"{alike.planted.truth_id}: {', '.join(alike.reasons) or 'never seen'}", at_px, LAWFUL_BGR)
    for camera in site.settings.camera:
        if camera.mounting is not None:
            at_px = sheet.spot(camera.mounting.pose_at(0.0).position)
            cv2.drawMarker(sheet.image, at_px, TRUTH_BGR, cv2.MARKER_TRIANGLE_UP, 12, 2)
            sheet.label(camera.id, at_px, TRUTH_BGR)
    for case in cases_of(site):
        sheet.case(case)
    path = folder.root / "overview.png"
    cv2.imwrite(str(path), sheet.image)
    return path
