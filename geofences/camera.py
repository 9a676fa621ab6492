"""The camera model: pinhole with Brown-Conrady distortion, as OpenCV has it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.errors import InvalidGeometry

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Camera:
    """An ideal image plane and its lens.

    Attributes:
        size_px: width, height.
        k: (3, 3) intrinsic matrix in pixels; whole numbers are pixel centres.
        distortion: (5,) k1, k2, p1, p2, k3.
        name: the model, as evidence states it.
        focal_sigma_share: one-sigma error of the focal length, as a share of it.
    """

    size_px: tuple[int, int]
    k: NDArray[np.float64]
    distortion: NDArray[np.float64]
    name: str = "unnamed camera"
    focal_sigma_share: float = 0.0

    def __post_init__(self) -> None:
        """Check shapes and values, and make arrays read-only.

        Raises:
            InvalidGeometry: a shape, size or value is wrong.
        """
        k = np.array(self.k, dtype=np.float64)
        distortion = np.array(self.distortion, dtype=np.float64)
        if k.shape != (3, 3) or distortion.shape != (5,) or min(self.size_px) <= 0:
            raise InvalidGeometry(f"camera {self.name}: k must be (3, 3), distortion (5,), size positive")
        if not (np.isfinite(k).all() and np.isfinite(distortion).all() and k[0, 0] > 0 and k[1, 1] > 0):
            raise InvalidGeometry(f"camera {self.name}: focal lengths must be positive, and every parameter finite")
        if not 0 <= self.focal_sigma_share < 1:
            raise InvalidGeometry(f"camera {self.name}: focal_sigma_share must be within 0..1")
        if k[2].tolist() != [0, 0, 1]:
            raise InvalidGeometry(f"camera {self.name}: the last row of k must be 0, 0, 1, not {k[2].tolist()}")
        k.flags.writeable = False
        distortion.flags.writeable = False
        object.__setattr__(self, "k", k)
        object.__setattr__(self, "distortion", distortion)

    @classmethod
    def from_fov(
        cls, *, size_px: tuple[int, int], hfov_deg: float, name: str = "unnamed camera", focal_sigma_share: float = 0.0
    ) -> Camera:
        """A distortion-free camera of known horizontal field of view.

        Raises:
            InvalidGeometry: the field of view is not within 1..170 degrees.
        """
        if not 1 <= hfov_deg <= 170:
            raise InvalidGeometry(f"camera {name}: hfov_deg {hfov_deg} is outside 1..170")
        width, height = size_px
        focal_px = width / 2 / math.tan(math.radians(hfov_deg) / 2)
        k = np.array([[focal_px, 0, (width - 1) / 2], [0, focal_px, (height - 1) / 2], [0, 0, 1]])
        return cls(size_px=size_px, k=k, distortion=np.zeros(5), name=name, focal_sigma_share=focal_sigma_share)

    @property
    def focal_px(self) -> float:
        """Mean focal length in pixels."""
        return float((self.k[0, 0] + self.k[1, 1]) / 2)
