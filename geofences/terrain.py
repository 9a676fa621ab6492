"""The ground that viewing rays end on: level, or a height model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.errors import InvalidGeometry, UnlocatableRay

if TYPE_CHECKING:
    from numpy.typing import NDArray

UP = np.array([0.0, 0.0, 1.0])
UP.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """A plane that stands for the ground about one point.

    Attributes:
        point_m: (3,) east, north, up of a point in it.
        normal: (3,) unit, pointing up.
    """

    point_m: NDArray[np.float64]
    normal: NDArray[np.float64]

    def meet(self, eye_m: NDArray[np.float64], ray: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 3) where rays from `eye_m` meet the plane, both (..., 3).

        Raises:
            UnlocatableRay: one runs along the plane or away from it.
        """
        towards = ray @ self.normal
        if np.max(towards) > _HORIZON:
            raise UnlocatableRay("the ray reaches the horizon within the errors of the pose")
        met: NDArray[np.float64] = eye_m + ray * np.expand_dims(((self.point_m - eye_m) @ self.normal) / towards, -1)
        return met


# Up component of a ray 0.06 degrees below the horizon: no error of a usable pose may lead above it.
_HORIZON = -1e-3
# A ray is followed from so far above the highest post, so that rounding does not begin it below.
_CLEAR_M = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terrain:
    """A height model on a regular grid of a local frame, heights between posts bilinear.

    Attributes:
        up_m: (rows, columns) height of each post, nan where not known; rows run from north to south.
        west_m: east coordinate of the first column.
        north_m: north coordinate of the first row.
        cell_m: distance of neighbouring posts.
    """

    up_m: NDArray[np.float64]
    west_m: float
    north_m: float
    cell_m: float

    def __post_init__(self) -> None:
        """Check the grid and make it read-only.

        Raises:
            InvalidGeometry: it has fewer than two rows or columns, no height at all, or no cell size.
        """
        up_m = np.array(self.up_m, dtype=np.float64)
        if up_m.ndim != 2 or min(up_m.shape) < 2 or not np.isfinite(up_m).any() or not self.cell_m > 0:
            raise InvalidGeometry(f"a height model needs two rows, two columns and a height, not {up_m.shape}")
        up_m.flags.writeable = False
        object.__setattr__(self, "up_m", up_m)

    def height_m(self, east_north_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) up of the ground at (n, 2) east, north; nan outside the model and at its holes."""
        column = (east_north_m[:, 0] - self.west_m) / self.cell_m
        row = (self.north_m - east_north_m[:, 1]) / self.cell_m
        rows, columns = self.up_m.shape
        inside = (column >= 0) & (column <= columns - 1) & (row >= 0) & (row <= rows - 1)
        left = np.clip(np.floor(np.where(inside, column, 0)), 0, columns - 2).astype(int)
        top = np.clip(np.floor(np.where(inside, row, 0)), 0, rows - 2).astype(int)
        across, down = column - left, row - top
        upper = self.up_m[top, left] * (1 - across) + self.up_m[top, left + 1] * across
        lower = self.up_m[top + 1, left] * (1 - across) + self.up_m[top + 1, left + 1] * across
        height: NDArray[np.float64] = np.where(inside, upper * (1 - down) + lower * down, np.nan)
        return height

    def plane_where(self, eye_m: NDArray[np.float64], ray: NDArray[np.float64]) -> Plane:
        """The tangent plane where a ray first meets the ground.

        The ray is followed in steps of half a cell from above the highest post down to the lowest, so that it ends on
        the near side of a hill; then halved to a millimetre.

        Args:
            eye_m: (3,) where the ray begins, above the ground.
            ray: (3,) unit, pointing down.

        Raises:
            UnlocatableRay: the eye is under the ground, or the ray leaves the model or falls in a hole of it.
        """
        lowest_m, highest_m = float(np.nanmin(self.up_m)), float(np.nanmax(self.up_m))
        begin_m = max(0.0, (eye_m[2] - highest_m - _CLEAR_M) / -ray[2])
        end_m = (eye_m[2] - lowest_m) / -ray[2] + self.cell_m
        along_m = np.linspace(begin_m, end_m, max(2, int(np.ceil((end_m - begin_m) / self.cell_m * 2)) + 1))
        points = eye_m + along_m[:, None] * ray
        above_m = points[:, 2] - self.height_m(points[:, :2])
        first = int(np.argmax(~(above_m > 0)))
        if above_m[first] > 0 or np.isnan(above_m[first]):
            raise UnlocatableRay("the ray leaves the height model, or falls in a hole of it")
        if first == 0 and above_m[0] < 0:
            raise UnlocatableRay("the camera is under the ground of the height model: check the altitude datum")
        met_m = self._halved(eye_m, ray, along_m[max(first - 1, 0)], along_m[first])
        return Plane(point_m=met_m, normal=self._normal(met_m[:2]))

    def _halved(
        self, eye_m: NDArray[np.float64], ray: NDArray[np.float64], above_m: float, below_m: float
    ) -> NDArray[np.float64]:
        while below_m - above_m > 1e-3:
            middle_m = (above_m + below_m) / 2
            point = eye_m + middle_m * ray
            if point[2] > self.height_m(point[None, :2])[0]:
                above_m = middle_m
            else:
                below_m = middle_m
        met: NDArray[np.float64] = eye_m + (above_m + below_m) / 2 * ray
        return met

    def _normal(self, east_north_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3,) of the slope over a metre each way; level where that is not known."""
        reach_m = min(self.cell_m, 1.0)
        step_m = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * reach_m
        east, west, north, south = self.height_m(east_north_m + step_m)
        slope = np.array([west - east, south - north, 2 * reach_m])
        if not np.isfinite(slope).all():
            return UP
        normal: NDArray[np.float64] = slope / np.linalg.norm(slope)
        return normal
