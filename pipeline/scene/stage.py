"""A world's solids made ready to be drawn: vertices in one array, colours in the world's light, textures halved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline.scene.backdrop import halved
from pipeline.scene.canvases import Finish
from pipeline.scene.view import NEAR_M, View, clip_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.scene.canvases import Canvas
    from pipeline.scene.solids import Face, Solid
    from pipeline.scene.world import World

_LARGEST_LEAVES_PX = 400


class Standing:
    """A solid in a world's light.

    Attributes:
        vertices_m: (n, 3) corners of its faces one after the other, then centres of its blobs.
        centre_m: (3,) their mean.
        reach_m: a ball of this radius about the centre holds it all.
    """

    def __init__(self, solid: Solid, world: World) -> None:
        self.vertices_m = solid.vertices_m
        self.centre_m = self.vertices_m.mean(axis=0)
        self.reach_m = float(np.linalg.norm(self.vertices_m - self.centre_m, axis=1).max()) + 1.5
        self._finishes = [_finish(face, world) for face in solid.faces]
        ends = np.cumsum([len(face.corners_m) for face in solid.faces])
        self._corners = [slice(end - len(face.corners_m), end) for face, end in zip(solid.faces, ends, strict=True)]
        self._starts = [corners.start for corners in self._corners]
        self._blobs = slice(ends[-1], None)
        self._after = np.concatenate([np.roll(np.r_[corners], -1) for corners in self._corners])
        self._radii_m, self._leaf_bgr = solid.blobs_m[:, 3], solid.blobs_bgr * np.array(world.light_bgr)

    def draw(self, view: View, owner: int, canvas: Canvas) -> None:
        """Draw it for planted thing `owner` (0 for scenery)."""
        points = view.camera_points(self.vertices_m)
        pixels = view.pixels(points)
        corners_px = pixels[: self._blobs.start]
        areas = np.add.reduceat(_crosses(corners_px, corners_px[self._after]), self._starts).tolist()
        near = np.logical_or.reduceat(points[: self._blobs.start, 2] < NEAR_M, self._starts).tolist()
        for corners, finish, area, cuts in zip(self._corners, self._finishes, areas, near, strict=True):
            if cuts:
                cut = view.pixels(clip_near(points[corners]))
                if _crosses(cut, np.roll(cut, -1, axis=0)).sum() > 0:
                    canvas.face(cut, replace(finish, levels=()), owner)
            elif area > 0:
                canvas.face(pixels[corners], finish, owner)
        balls = zip(points[self._blobs, 2], pixels[self._blobs], self._radii_m, self._leaf_bgr, strict=True)
        for kind, (depth_m, centre, radius_m, colour) in enumerate(balls):
            if depth_m > 2 and view.focal_px * radius_m <= _LARGEST_LEAVES_PX * depth_m:
                canvas.leaves(centre, view.focal_px * radius_m / depth_m, colour, kind)


class Stage:
    """All that stands in a world.

    Attributes:
        standing: in the order of the world's solids.
    """

    def __init__(self, world: World) -> None:
        self.standing = [Standing(solid, world) for solid in world.solids]
        self._centres_m = np.array([s.centre_m for s in self.standing])
        self._reach_m = np.array([s.reach_m for s in self.standing])

    def in_sight(self, view: View) -> list[tuple[float, int]]:
        """Distance and number of the solids whose bounding spheres touch the picture."""
        centres = view.camera_points(self._centres_m)
        inside = centres[:, 2] > NEAR_M - self._reach_m
        for axis in (0, 1):
            slope = view.size_px[axis] / 2 / view.focal_px
            inside &= np.abs(centres[:, axis]) - slope * centres[:, 2] < self._reach_m * np.hypot(1, slope)
        return [(float(np.linalg.norm(centres[i])), int(i)) for i in np.flatnonzero(inside)]


def _finish(face: Face, world: World) -> Finish:
    light = world.light_on(face.normal)
    levels = [] if face.texture is None else [face.texture]
    while levels and min(levels[-1].shape[:2]) > 8:
        levels.append(halved(levels[-1]))
    colour = np.clip(np.array(face.colour_bgr) * light, 0, 255)
    return Finish(colour=colour.tolist(), light=light.astype(np.float32), levels=tuple(levels))


def _crosses(corners_px: NDArray[np.float64], after_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) what each edge adds to twice a polygon's signed area, which is positive when clockwise on the screen."""
    crosses: NDArray[np.float64] = corners_px[:, 0] * after_px[:, 1] - corners_px[:, 1] * after_px[:, 0]
    return crosses
