"""Covering an area with parallel strips: the camera's footprint, the cells of an area, the strips of a cell.

Everything is in east, north metres. A strip is where the picture's centre line must pass over the ground; an oblique
camera looks ahead, so the aircraft flies the same strip, displaced backwards by the look-ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely
from shapely import affinity
from shapely.geometry import LineString, box

from flights.errors import PlanRefused

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from flights.plane import Point
    from geofences.camera import Camera

MIN_DEPRESSION_DEG = (
    20.0  # a lens flatter than this sees no useful ground. Source: flights design, pixel size grows as 1/sin^2
)
SLIVER_M2 = 0.5  # pieces of a slab smaller than this are rounding, not ground
SHORTEST_STRIP_M = 4.0  # room for the autopilot to tell the start of a strip from its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What one picture shows of flat ground, relative to the aircraft and its heading.

    Attributes:
        near_m: distance ahead of the lower picture edge (negative: behind the aircraft).
        centre_m: distance ahead of the picture's centre.
        far_m: distance ahead of the upper picture edge, as far as it is useful.
        width_m: across track, at the centre row.
        gsd_m: ground size of one pixel across track at the centre.
    """

    near_m: float
    centre_m: float
    far_m: float
    width_m: float
    gsd_m: float


def footprint_on_ground(camera: Camera, *, height_agl_m: float, gimbal_pitch_deg: float) -> Footprint:
    """The footprint on flat ground of a lens pitched by `gimbal_pitch_deg` (-90: straight down).

    Source: pinhole projection; at row y (in focal lengths below the centre) the ground is met at depth
    h / (sin d + y cos d), with d the depression of the optical axis.

    Raises:
        PlanRefused: the lens is too flat, or looks beyond straight down.
    """
    depression = math.radians(-gimbal_pitch_deg)
    if not MIN_DEPRESSION_DEG <= -gimbal_pitch_deg <= 90.0:
        raise PlanRefused(
            leg="all strips",
            fault=f"gimbal pitch {gimbal_pitch_deg:.0f} deg, allowed -90 to -{MIN_DEPRESSION_DEG:.0f}",
            remedy="Point the camera further down.",
        )
    sin_d, cos_d = math.sin(depression), math.cos(depression)
    half_height = camera.size_px[1] / 2 / camera.focal_px

    def ahead_m(row: float) -> float:
        below = math.asin(min(1.0, max(-1.0, (sin_d + row * cos_d) / math.hypot(1.0, row))))
        if below < math.radians(MIN_DEPRESSION_DEG):
            return height_agl_m / math.tan(math.radians(MIN_DEPRESSION_DEG))
        return height_agl_m * (cos_d - row * sin_d) / (sin_d + row * cos_d)

    gsd_m = height_agl_m / sin_d / camera.focal_px
    return Footprint(
        near_m=ahead_m(half_height),
        centre_m=ahead_m(0.0),
        far_m=ahead_m(-half_height),
        width_m=gsd_m * camera.size_px[0],
        gsd_m=gsd_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One pass over the ground, in the frame turned so that strips run along x.

    Attributes:
        lateral_m: where it lies across the strips.
        from_m: where the ground begins along it.
        until_m: where the ground ends along it.
    """

    lateral_m: float
    from_m: float
    until_m: float


Cell = tuple[Strip, ...]


def cells_of(target: BaseGeometry, *, angle_deg: float, spacing_m: float) -> tuple[Cell, ...]:
    """Split an area into cells of neighbouring strips (boustrophedon decomposition).

    Args:
        target: the ground to cover, east, north metres; may be concave, in parts, with holes.
        angle_deg: direction of the strips, anticlockwise from east.
        spacing_m: the widest distance between strips; the real one is evened out, and no ground is left over.

    Returns:
        Cells; within one, each strip has at most one neighbour before and one after.
    """
    turned = affinity.rotate(target, -angle_deg, origin=(0, 0))
    west, south, east, north = turned.bounds
    count = max(1, math.ceil((north - south) / spacing_m - 1e-9))
    width = (north - south) / count
    open_cells: list[list[Strip]] = []
    closed: list[list[Strip]] = []
    for i in range(count):
        low = south + i * width
        slab = turned.intersection(box(west - 1, low, east + 1, low + width))
        strips = [Strip(lateral_m=low + width / 2, from_m=a, until_m=b) for a, b in _extents(slab)]
        open_cells, ended = _continue_cells(open_cells, strips)
        closed += ended
    return tuple(tuple(cell) for cell in closed + open_cells)


def _extents(slab: BaseGeometry) -> list[tuple[float, float]]:
    """Merged extents along x of a slab's parts."""
    parts = [part.bounds for part in shapely.get_parts(slab) if part.area > SLIVER_M2]
    merged: list[tuple[float, float]] = []
    for start, end in sorted((bounds[0], bounds[2]) for bounds in parts):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [(a - max(0.0, SHORTEST_STRIP_M - b + a) / 2, b + max(0.0, SHORTEST_STRIP_M - b + a) / 2) for a, b in merged]


def _continue_cells(open_cells: list[list[Strip]], strips: list[Strip]) -> tuple[list[list[Strip]], list[list[Strip]]]:
    """Join each strip to the one cell it continues; splits and merges end cells and begin new ones."""

    def touches(cell: list[Strip], strip: Strip) -> bool:
        return cell[-1].from_m < strip.until_m and strip.from_m < cell[-1].until_m

    still_open: list[list[Strip]] = []
    continued: list[int] = []
    for strip in strips:
        before = [i for i, cell in enumerate(open_cells) if touches(cell, strip)]
        if len(before) == 1 and sum(touches(open_cells[before[0]], other) for other in strips) == 1:
            continued.append(before[0])
            still_open.append([*open_cells[before[0]], strip])
        else:
            still_open.append([strip])
    return still_open, [cell for i, cell in enumerate(open_cells) if i not in continued]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One straight run of the aircraft with the camera on.

    Attributes:
        start_m: where the aircraft switches it on.
        end_m: where the aircraft switches it off.
    """

    start_m: Point
    end_m: Point


def passes_of(
    strip: Strip, *, forward: bool, angle_deg: float, look_ahead_m: float, allowed: BaseGeometry
) -> tuple[Pass, ...]:
    """Where the aircraft flies to cover a strip in one direction, as far as it is allowed to be there.

    Args:
        strip: the ground.
        forward: towards +x of the turned frame.
        angle_deg: direction of the strips, anticlockwise from east.
        look_ahead_m: how far ahead the picture's centre lies.
        allowed: where the aircraft may be, east, north metres.
    """
    ends = (strip.from_m, strip.until_m) if forward else (strip.until_m, strip.from_m)
    shift = -look_ahead_m if forward else look_ahead_m
    cos_a, sin_a = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    start, end = (
        ((x + shift) * cos_a - strip.lateral_m * sin_a, (x + shift) * sin_a + strip.lateral_m * cos_a) for x in ends
    )
    inside = LineString([start, end]).intersection(allowed)
    pieces = [part.coords for part in shapely.get_parts(inside) if part.length >= SHORTEST_STRIP_M / 2]
    passes = []
    for piece in pieces:
        first, last = sorted((piece[0], piece[-1]), key=lambda point: math.dist(point, start))
        passes.append(Pass(start_m=(first[0], first[1]), end_m=(last[0], last[1])))
    return tuple(sorted(passes, key=lambda one: math.dist(one.start_m, start)))


def ground_seen(one: Pass, *, look_ahead_m: float, width_m: float) -> BaseGeometry:
    """The ground that the picture's centre row sweeps during a pass."""
    (x0, y0), (x1, y1) = one.start_m, one.end_m
    length = math.dist(one.start_m, one.end_m)
    dx, dy = (x1 - x0) / length * look_ahead_m, (y1 - y0) / length * look_ahead_m
    swept = LineString([(x0 + dx, y0 + dy), (x1 + dx, y1 + dy)])
    return swept.buffer(width_m / 2, cap_style="flat")
