"""What a position's error is made of, and which part of it another look would make again.

A term is one sigma of one independent cause, as the metres it moves the ground point. Two positions whose terms have
the same key err together: a compass is wrong by the same angle all through a flight, a box's foot is not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geofences.errors import InvalidGeometry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

Key: TypeAlias = tuple[str, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTerm:
    """One sigma of one independent cause.

    Attributes:
        cause: yaw, tilt, position, height, time, lens, pixel, ground, disagreement or unstated.
        axis: which of the cause's independent parts.
        shared_by: the flight, camera or site that makes the same error at every look; "" for this look's own.
        east_m: how far it moves the point.
        north_m: and north.
    """

    cause: str
    axis: int
    shared_by: str
    east_m: float
    north_m: float

    @property
    def key(self) -> Key:
        """Terms of several positions with the same key are the same error; own terms are never shared."""
        return self.cause, self.axis, self.shared_by

    @property
    def effect_m(self) -> NDArray[np.float64]:
        """(2,) east, north metres."""
        return np.array([self.east_m, self.north_m])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Which part of each cause's variance repeats itself from look to look.

    Attributes:
        parts: cause, share of the variance 0..1, and who shares it. A cause that is not named is the look's own.
    """

    parts: tuple[tuple[str, float, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            InvalidGeometry: a share is outside 0..1, or has no one to share it.
        """
        for cause, share, by in self.parts:
            if not 0 <= share <= 1 or not by:
                raise InvalidGeometry(f"{cause}: a share of {share} by {by!r} is none")

    def terms(self, cause: str, effects_m: Iterable[NDArray[np.float64]]) -> Iterable[ErrorTerm]:
        """The shared and the own part of a cause.

        Args:
            cause: its name.
            effects_m: (2,) east, north metres that one sigma of each of its parts moves the point.
        """
        share, by = next(((share, by) for name, share, by in self.parts if name == cause), (0.0, ""))
        for axis, effect_m in enumerate(effects_m):
            for part, whose in ((share, by), (1 - share, "")):
                if part > 0:
                    east_m, north_m = (float(metres) for metres in effect_m * part**0.5)
                    yield ErrorTerm(cause=cause, axis=axis, shared_by=whose, east_m=east_m, north_m=north_m)


ALONE = Sharing()
# What a calibration estimates and `location` can move a point by, in order: log of the focal length, ground height,
# first distortion coefficient, slope to the east and north; position east, north; height; turns of the lens about its
# right, down and forward axis (of a lens that looks down the last is the heading); clock.
CAUSES = ("lens", "ground", "lens", "ground", "ground", "position", "position", "height", "tilt", "tilt", "yaw", "time")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointErrors:
    """Errors that were estimated together, so that they are not independent of each other.

    Attributes:
        effects: (12, k) what one sigma of each of k independent parts does to each of `CAUSES`: metres, degrees,
            seconds, shares. Their product with its transpose is the covariance.
        causes: (k,) which cause each part is nearest to.
        shared_by: who makes the same errors.
    """

    effects: NDArray[np.float64]
    causes: tuple[str, ...]
    shared_by: str

    def terms(self, moved_m: NDArray[np.float64]) -> Iterable[ErrorTerm]:
        """The terms of a point that each unit of `CAUSES` moves by (2, 12) metres east, north."""
        for axis, (cause, (east_m, north_m)) in enumerate(zip(self.causes, (moved_m @ self.effects).T, strict=True)):
            yield ErrorTerm(
                cause=cause, axis=axis, shared_by=self.shared_by, east_m=float(east_m), north_m=float(north_m)
            )


def root_of(covariance: NDArray[np.float64], units: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, n) root of a covariance, symmetric in (n,) units: each of its columns is nearest to one of what errs."""
    variances, axes = np.linalg.eigh(covariance / np.outer(units, units))
    root: NDArray[np.float64] = units[:, None] * (axes * np.sqrt(np.maximum(variances, 0.0))) @ axes.T
    return root


def covariance_of(terms: Iterable[ErrorTerm]) -> NDArray[np.float64]:
    """(2, 2) covariance of east, north in square metres."""
    effects = np.array([term.effect_m for term in terms]).reshape(-1, 2)
    covariance: NDArray[np.float64] = effects.T @ effects
    return covariance


def terms_from_covariance(cause: str, covariance_m2: NDArray[np.float64], *, shared_by: str = "") -> list[ErrorTerm]:
    """Two terms that have that (2, 2) covariance."""
    variances, axes = np.linalg.eigh(covariance_m2)
    effects = np.sqrt(np.maximum(variances, 0.0))[:, None] * axes.T
    return [
        ErrorTerm(cause=cause, axis=axis, shared_by=shared_by, east_m=float(east_m), north_m=float(north_m))
        for axis, (east_m, north_m) in enumerate(effects)
    ]


def budget_of(terms: Iterable[ErrorTerm]) -> tuple[tuple[str, float], ...]:
    """Each cause's share of the trace of the covariance, largest first; all zero when there is no error."""
    variances: dict[str, float] = defaultdict(float)
    for term in terms:
        variances[term.cause] += term.east_m**2 + term.north_m**2
    total = sum(variances.values()) or 1.0
    return tuple(sorted(((cause, v / total) for cause, v in variances.items()), key=lambda share: -share[1]))
