"""Lens distortion on the ideal image plane, both ways. Beyond the radius where it folds it has no meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEWTON_ROUNDS = 12
_CLOSED = 1e-9


def fold_radius(distortion: NDArray[np.float64]) -> float:
    """The radius on the ideal image plane (tangent of the off-axis angle) up to which distortion is one-to-one.

    The distorted radius r (1 + k1 r^2 + k2 r^4 + k3 r^6) stops growing where its derivative is first zero;
    points further out would fold back into the picture. The small tangential part is left out.

    Args:
        distortion: (5,) k1, k2, p1, p2, k3.
    """
    k1, k2, _, _, k3 = distortion
    roots = np.roots([7 * k3, 5 * k2, 3 * k1, 1.0])
    real = roots.real[(abs(roots.imag) < _CLOSED) & (roots.real > 0)]
    return float(np.sqrt(real.min())) if real.size else float("inf")


def distort(distortion: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) ideal image plane points as the lens shows them. Source: Brown (1971), in OpenCV's order of terms."""
    k1, k2, p1, p2, k3 = distortion
    x, y = xy[:, 0], xy[:, 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        (
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ),
        axis=1,
    )


def undistort(distortion: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) points the lens shows, back on the ideal image plane; nan where no point maps there.

    Newton's method from the distorted point; the Jacobian is symmetric and in closed form.
    """
    if not distortion.any():
        return xy
    ideal = xy.copy()
    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_ROUNDS):
            ideal = ideal - _newton_step(distortion, ideal, distort(distortion, ideal) - xy)
        closed = np.hypot(*(distort(distortion, ideal) - xy).T) < _CLOSED
        good = closed & (np.hypot(*ideal.T) < fold_radius(distortion))
    ideal[~good] = np.nan
    return ideal


def _newton_step(
    distortion: NDArray[np.float64], xy: NDArray[np.float64], residual: NDArray[np.float64]
) -> NDArray[np.float64]:
    k1, k2, p1, p2, k3 = distortion
    x, y = xy[:, 0], xy[:, 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = k1 + r2 * (2 * k2 + r2 * 3 * k3)
    xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
    xy_ = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
    yy = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
    determinant = xx * yy - xy_ * xy_
    return np.stack(
        (
            (yy * residual[:, 0] - xy_ * residual[:, 1]) / determinant,
            (xx * residual[:, 1] - xy_ * residual[:, 0]) / determinant,
        ),
        axis=1,
    )
