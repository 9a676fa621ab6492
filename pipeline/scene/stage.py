"""A world's solids made ready to be drawn: vertices in one array, colours in the world's light, textures halved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.backdrop import AMBIENT, DIRECT, halved
from pipeline.scene.canvases import Finish
from pipeline.scene.view import NEAR_M, View, clip_near

if TYPE_CHECKING:
    from pipeline.scene.canvases import Canvas
    from pipeline.scene.solids import Face
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Where one solid lies in the stage's arrays: its vertices, of which the last are its blobs, and its faces."""

    vertices: slice
    blobs: slice
    faces: slice


class Stage:
    """The solids of one world, by number in the world's order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._vertices = np.concatenate([s.vertices_m for s in world.solids])
        self._next = np.arange(len(self._vertices))
        self._finishes = [self._finish(face) for solid in world.solids for face in solid.faces]
        self._corners: list[slice] = []
        self._spans: list[_Span] = []
        at = 0
        for solid in world.solids:
            first, first_face = at, len(self._corners)
            for face in solid.faces:
                corners = slice(at, at + len(face.corners_m))
                self._corners.append(corners)
                self._next[corners] = np.roll(self._next[corners], -1)
                at = corners.stop
            blobs = slice(at, at + len(solid.blobs_m))
            at = blobs.stop
            self._spans.append(
                _Span(vertices=slice(first, at), blobs=blobs, faces=slice(first_face, len(self._corners)))
            )
        self._starts = np.array([corners.start for corners in self._corners])
        owned = [self._vertices[span.vertices] for span in self._spans]
        self._centres = np.array([v.mean(axis=0) for v in owned])
        reaches = (np.linalg.norm(v - c, axis=1).max() for v, c in zip(owned, self._centres, strict=True))
        self._reach = np.array([*reaches]) + 1.5

    def _finish(self, face: Face) -> Finish:
        """A face in the world's light. Source: Lambert's cosine law, with light from the sky added."""
        normal = face.normal
        sun = max(0.0, float(normal @ self._world.sun_enu))
        light = np.array(self._world.light_bgr) * (AMBIENT + 0.08 * normal[2] + DIRECT * sun)
        levels = [] if face.texture is None else [face.texture]
        while levels and min(levels[-1].shape[:2]) > 8:
            levels.append(halved(levels[-1]))
        return Finish(colour=np.array(face.colour_bgr) * light, light=light, levels=tuple(levels))

    def look(self, view: View) -> Look:
        """Project everything once."""
        points = view.camera_points(self._vertices)
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = view.pixels(points)
        crosses = _crosses(pixels, pixels[self._next])
        return Look(view=view, points_cam_m=points, xy_px=pixels, areas_px=np.add.reduceat(crosses, self._starts) / 2)

    def vertices(self, look: Look, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One solid's vertices: camera points (n, 3) and pixels (n, 2)."""
        span = self._spans[number].vertices
        return look.points_cam_m[span], look.xy_px[span]

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
        span, solid = self._spans[number], self._world.solids[number]
        drawn = zip(
            self._corners[span.faces], self._finishes[span.faces], look.areas_px[span.faces].tolist(), strict=True
        )
        for corners, finish, area_px in drawn:
            points = look.points_cam_m[corners]
            if points[:, 2].min() >= NEAR_M:
                if area_px > 0:
                    canvas.face(look.xy_px[corners], finish, owner)
                continue
            cut = look.view.pixels(clip_near(points))
            if _crosses(cut, np.roll(cut, -1, axis=0)).sum() > 0:
                canvas.face(cut, replace(finish, levels=()), owner)
        rows = zip(
            look.points_cam_m[span.blobs], look.xy_px[span.blobs], solid.blobs_m[:, 3], solid.blobs_bgr, strict=True
        )
        for kind, (point, centre, radius_m, colour) in enumerate(rows):
            if point[2] > 2:
                radius_px = look.view.focal_px * radius_m / point[2]
                canvas.leaves(centre, radius_px, colour * np.array(self._world.light_bgr), kind)


def _crosses(corners_px: NDArray[np.float64], after_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) what each edge adds to twice a polygon's signed area, which is positive when clockwise on the screen."""
    crosses: NDArray[np.float64] = corners_px[:, 0] * after_px[:, 1] - corners_px[:, 1] * after_px[:, 0]
    return crosses
