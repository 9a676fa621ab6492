"""A picture of a plan, and of the flight beside it: north up, metres, one colour per kind of leg."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import shapely

from flights.plane import plane_from_map
from flights.survey_plan import WaypointKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from flights.survey_plan import SurveyPlan
    from geofences.pose import PoseTrack

WHITE, GREY, BLACK = (255, 255, 255), (150, 150, 150), (40, 40, 40)
CROWD, OBSTACLE = (130, 190, 250), (150, 150, 120)
ZONE, NO_FLY, STRIP, TRANSIT, FLOWN = (235, 215, 190), (150, 150, 240), (180, 90, 20), (170, 170, 90), (40, 40, 220)


class _Sheet:
    """Metres to pixels, and a canvas."""

    def __init__(self, bounds: tuple[float, float, float, float], width_px: int) -> None:
        west, south, east, north = bounds
        margin = 0.05 * max(east - west, north - south) + 1
        self._scale = width_px / (east - west + 2 * margin)
        self._west, self._north = west - margin, north + margin
        height_px = max(1, round((north - south + 2 * margin) * self._scale))
        self.image = np.full((height_px, width_px, 3), 255, dtype=np.uint8)

    def px(self, east_north_m: NDArray[np.float64]) -> NDArray[np.int32]:
        """(n, 2) pixels of (n, 2) metres."""
        offset = east_north_m - np.array([self._west, self._north])
        pixels: NDArray[np.int32] = np.round(offset * np.array([self._scale, -self._scale])).astype(np.int32)
        return pixels

    def fill(self, area: BaseGeometry, colour: tuple[int, int, int]) -> None:
        """Polygons with their holes."""
        for part in shapely.get_parts(area):
            rings = [self.px(np.asarray(ring.coords)[:, :2]) for ring in (part.exterior, *part.interiors)]
            cv2.fillPoly(self.image, rings, colour, lineType=cv2.LINE_AA)

    def line(self, points: Iterable[Sequence[float]], colour: tuple[int, int, int], width_px: int = 1) -> None:
        """A line through points."""
        path = self.px(np.array(list(points), dtype=np.float64))
        cv2.polylines(self.image, [path], isClosed=False, color=colour, thickness=width_px, lineType=cv2.LINE_AA)

    def legend(self, text: str, metres: int = 50) -> None:
        """A bar of so many metres in the lower left corner, and a line of text at the top."""
        height = self.image.shape[0]
        end = 12 + round(metres * self._scale)
        cv2.line(self.image, (12, height - 12), (end, height - 12), BLACK, 2)
        for words, at in ((f"{metres} m", (12, height - 18)), (text, (12, 20))):
            cv2.putText(self.image, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, BLACK, 1, cv2.LINE_AA)


def draw_plan(plan: SurveyPlan, *, flown: PoseTrack | None = None, width_px: int = 900) -> NDArray[np.uint8]:
    """Draw a plan.

    Args:
        plan: what is planned.
        flown: what was flown, drawn on top.
        width_px: of the picture.

    Returns:
        (h, w, 3) BGR.
    """
    airspace = plan.airspace_m
    sheet = _Sheet(airspace.bounds, width_px)
    sheet.fill(plane_from_map(plan.outline, plan.frame), ZONE)
    for polygon in plan.no_fly_m:
        sheet.fill(polygon, NO_FLY)
    for areas, colour in ((plan.crowds, CROWD), (plan.obstacles, OBSTACLE)):
        for area in areas:
            sheet.fill(plane_from_map(area, plan.frame), colour)
    sheet.line(airspace.exterior.coords, GREY, 2)
    for leg in plan.legs():
        on_strip = leg.end.kind in {WaypointKind.BEND, WaypointKind.STRIP_END}
        sheet.line((leg.start_m, leg.end_m), STRIP if on_strip else TRANSIT, 2 if on_strip else 1)
    if flown is not None:
        rows = np.array([(p.position.lat_deg, p.position.lon_deg, p.position.alt_ellipsoid_m) for p in flown.poses])
        sheet.line(plan.frame.enu_from_geodetics(rows)[:, :2].tolist(), FLOWN)
    cv2.circle(sheet.image, sheet.px(np.zeros((1, 2)))[0].tolist(), 5, BLACK, -1, cv2.LINE_AA)
    sheet.legend(plan.summary)
    return sheet.image


def write_plan_picture(path: Path, plan: SurveyPlan, *, flown: PoseTrack | None = None, width_px: int = 900) -> None:
    """Write a plan's picture as PNG.

    Args:
        path: the file.
        plan: what is planned.
        flown: what was flown, drawn on top.
        width_px: of the picture.
    """
    _, png = cv2.imencode(".png", draw_plan(plan, flown=flown, width_px=width_px))
    path.write_bytes(png.tobytes())
