"""A world's solids made ready to be drawn: vertices in one array, colours in the world's light, textures halved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.backdrop import AMBIENT, DIRECT
from pipeline.scene.view import NEAR_M, View, clip_near

if TYPE_CHECKING:
    from pipeline.scene.canvases import Canvas
    from pipeline.scene.solids import Face, Solid
    from pipeline.scene.world import World


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """All vertices from one view.

    Attributes:
        view: the view.
        points_cam_m: (n, 3) vertices, x right, y down, z forward.
        xy_px: (n, 2) their pixels; of no meaning behind the lens.
        areas_px: (f,) signed areas of all faces, positive when turned towards the lens.
    """

    view: View
    points_cam_m: NDArray[np.float64]
    xy_px: NDArray[np.float64]
    areas_px: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawn:
    """A face made ready: its vertices' place in the array, lit colour, light factor, halved textures."""

    at: slice
    colour: NDArray[np.float64]
    light: NDArray[np.float64]
    levels: list[NDArray[np.uint8]]


class Stage:
    """The solids of one world, by number.

    Attributes:
        solids: in the world's order.
    """

    def __init__(self, world: World) -> None:
        self.solids = world.solids
        self._world = world
        self._vertices = np.concatenate([s.vertices_m for s in world.solids])
        self._next = np.arange(len(self._vertices))
        self._faces: list[_Drawn] = []
        self._spans: list[tuple[int, int, int, int]] = []
        at = 0
        for solid in world.solids:
            self._spans.append(self._stand(solid, at))
            at = self._spans[-1][3]
        self._starts = np.array([face.at.start for face in self._faces])
        owned = [self._vertices[first:end] for first, _, _, end in self._spans]
        self._centres = np.array([v.mean(axis=0) for v in owned])
        self._reach = np.array(
            [np.linalg.norm(v - c, axis=1).max() + 1.5 for v, c in zip(owned, self._centres, strict=True)]
        )

    def _stand(self, solid: Solid, first: int) -> tuple[int, int, int, int]:
        """Make a solid's faces ready; returns its first vertex, first face, end of faces, end of vertices."""
        first_face, at = len(self._faces), first
        for face in solid.faces:
            end = at + len(face.corners_m)
            self._next[at:end] = np.roll(np.arange(at, end), -1)
            light = self._light_on(face)
            self._faces.append(
                _Drawn(
                    at=slice(at, end),
                    colour=np.array(face.colour_bgr) * light,
                    light=light,
                    levels=_halved(face.texture),
                )
            )
            at = end
        return first, first_face, len(self._faces), at + len(solid.blobs_m)

    def _light_on(self, face: Face) -> NDArray[np.float64]:
        """(3,) BGR factor on a face's colour. Source: Lambert's cosine law, with light from the sky added."""
        normal = face.normal
        sun = max(0.0, float(normal @ self._world.sun_enu))
        light: NDArray[np.float64] = np.array(self._world.light_bgr) * (AMBIENT + 0.08 * normal[2] + DIRECT * sun)
        return light

    def look(self, view: View) -> Look:
        """Project everything once."""
        points = view.camera_points(self._vertices)
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = (points @ view.k.T)[:, :2] / points[:, 2:3]
        ahead = pixels[self._next]
        crosses = pixels[:, 0] * ahead[:, 1] - pixels[:, 1] * ahead[:, 0]
        areas = np.add.reduceat(crosses, self._starts) / 2
        return Look(view=view, points_cam_m=points, xy_px=pixels, areas_px=areas)

    def vertices(self, look: Look, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One solid's vertices: camera points (n, 3) and pixels (n, 2)."""
        first, _, _, end = self._spans[number]
        return look.points_cam_m[first:end], look.xy_px[first:end]

    def in_sight(self, view: View) -> list[tuple[float, int]]:
        """Distance and number of the solids whose bounding spheres touch the picture."""
        centres = view.camera_points(self._centres)
        inside = centres[:, 2] > NEAR_M - self._reach
        for axis in (0, 1):
            slope = view.size_px[axis] / 2 / view.focal_px
            inside &= np.abs(centres[:, axis]) - slope * centres[:, 2] < self._reach * np.hypot(1, slope)
        return [(float(np.linalg.norm(centres[i])), int(i)) for i in np.flatnonzero(inside)]

    def draw(self, look: Look, number: int, owner: int, canvas: Canvas) -> None:
        """Draw one solid for planted thing `owner` (0 for scenery)."""
        _, first_face, end_face, end = self._spans[number]
        solid = self.solids[number]
        for face, area in zip(self._faces[first_face:end_face], look.areas_px[first_face:end_face], strict=True):
            points, polygon = look.points_cam_m[face.at], look.xy_px[face.at]
            if (points[:, 2] < NEAR_M).any():
                cut = clip_near(points)
                if len(cut) > 2 and _area_px(polygon := look.view.pixels(cut)) > 0:
                    canvas.polygon(polygon, face.colour, owner)
            elif area > 0 and face.levels:
                canvas.texture(polygon, face.levels, face.light, owner)
            elif area > 0:
                canvas.polygon(polygon, face.colour, owner)
        balls = slice(end - len(solid.blobs_m), end)
        rows = zip(look.points_cam_m[balls], look.xy_px[balls], solid.blobs_m[:, 3], solid.blobs_bgr, strict=True)
        for kind, (point, centre, radius_m, colour) in enumerate(rows):
            if point[2] > 2:
                radius_px = look.view.focal_px * radius_m / point[2]
                canvas.leaves(centre, radius_px, colour * np.array(self._world.light_bgr), kind)


def _halved(texture: NDArray[np.uint8] | None) -> list[NDArray[np.uint8]]:
    levels = [] if texture is None else [texture]
    while levels and min(levels[-1].shape[:2]) > 8:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


def _area_px(polygon_px: NDArray[np.float64]) -> float:
    """Signed area, positive when clockwise on the screen."""
    x, y = polygon_px[:, 0], polygon_px[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
