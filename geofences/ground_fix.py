"""A place on the ground, how well it is known, and why not better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.ellipse import ErrorEllipse
from geofences.error_terms import ErrorTerm, budget_of, covariance_of, terms_from_covariance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from geofences.local_frame import LocalFrame
    from geofences.position import Geodetic

UNSTATED = "unstated"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundFix:
    """A place on the ground and how well it is known.

    Attributes:
        position: of the ground point.
        enu_m: (3,) the same in the local frame it was located in.
        ellipse: 95 % error ellipse.
        budget: share of the variance per cause, largest first.
        terms: the errors themselves, for fusing; empty where only the ellipse is known.
    """

    position: Geodetic
    enu_m: NDArray[np.float64]
    ellipse: ErrorEllipse
    budget: tuple[tuple[str, float], ...]
    terms: tuple[ErrorTerm, ...] = ()

    def __post_init__(self) -> None:
        """Make the array read-only."""
        enu_m = np.array(self.enu_m, dtype=np.float64)
        enu_m.flags.writeable = False
        object.__setattr__(self, "enu_m", enu_m)

    @classmethod
    def from_terms(cls, *, enu_m: NDArray[np.float64], frame: LocalFrame, terms: Iterable[ErrorTerm]) -> GroundFix:
        """The fix of a point in a frame, with the ellipse and budget that its errors give."""
        stated = tuple(terms)
        return cls(
            position=frame.geodetic_from_enu(enu_m),
            enu_m=enu_m,
            ellipse=ErrorEllipse.from_covariance(covariance_of(stated)),
            budget=budget_of(stated),
            terms=stated,
        )

    @property
    def stated_terms(self) -> tuple[ErrorTerm, ...]:
        """Its terms; an ellipse without any is taken as an error that everything without terms has in common."""
        covariance_m2 = self.ellipse.covariance_m2
        return self.terms or tuple(terms_from_covariance(UNSTATED, covariance_m2, shared_by=UNSTATED))
