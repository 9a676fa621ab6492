"""One position from many looks: what is the same error in all of them stays, the rest averages away, outliers lose."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from geofences.ellipse import CHI2_95
from geofences.error_terms import ErrorTerm, terms_from_covariance
from geofences.errors import InvalidGeometry
from geofences.ground_fix import GroundFix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geofences.error_terms import Key
    from geofences.local_frame import LocalFrame

# A look claimed to be better than a millimetre is taken as one millimetre, so that it can be inverted.
_SMALLEST_M2 = 1e-6
_ROUNDS = 12
_SETTLED = 1e-3
DISAGREEMENT = "disagreement"


def fuse(fixes: Sequence[GroundFix], frame: LocalFrame) -> GroundFix:
    """One position from many looks at the same thing.

    Best linear unbiased estimate of the position with every shared error as a further unknown of known size: an error
    that turns with the heading cancels between opposite flight lines, one that does not (a wrong ground height) stays.
    Looks whose own errors cannot explain how far they lie from the rest are given as much more error as it takes to do
    so, which is then named `disagreement`. Source: generalised least squares with random effects, Rao (1973), Linear
    Statistical Inference, 4i; re-weighting, Huber (1981), Robust Statistics, 7.8, with n / (n - 1) for the residual's
    own degrees of freedom.

    Args:
        fixes: at least one.
        frame: the local frame to answer in.

    Raises:
        InvalidGeometry: there is no fix.
    """
    if not fixes:
        raise InvalidGeometry("cannot fuse no fixes at all")
    found_m = np.array([frame.enu_from_geodetic(fix.position) for fix in fixes])
    terms = [fix.stated_terms for fix in fixes]
    shared, own_m2 = _shared_columns(terms), _own_covariances(terms)
    widening = np.ones(len(fixes))
    inverse = _joint_inverse(own_m2, shared)
    for _ in range(_ROUNDS if len(fixes) > 1 else 0):
        before, miss_m = widening, _own_misses(found_m[:, :2], own_m2 * widening[:, None, None], inverse)
        distance_sq = np.einsum("ni,nij,nj->n", miss_m, np.linalg.inv(own_m2), miss_m)
        widening = np.maximum(1.0, distance_sq / CHI2_95 * len(fixes) / (len(fixes) - 1))
        inverse = _joint_inverse(own_m2 * widening[:, None, None], shared)
        if np.abs(widening / before - 1).max() < _SETTLED:
            break
    disagreement = own_m2 * (widening - 1)[:, None, None]
    return _combined(found_m, _weights(inverse), terms, disagreement, frame)


def middle(fixes: Sequence[GroundFix], frame: LocalFrame) -> GroundFix:
    """The middle of several different things, with the error that their own errors and shared ones give it.

    Raises:
        InvalidGeometry: there is no fix.
    """
    if not fixes:
        raise InvalidGeometry("no fixes have no middle")
    found_m = np.array([frame.enu_from_geodetic(fix.position) for fix in fixes])
    weights = np.tile(np.eye(2) / len(fixes), (len(fixes), 1, 1))
    agreed = np.zeros((len(fixes), 2, 2))
    return _combined(found_m, weights, [fix.stated_terms for fix in fixes], agreed, frame)


def _shared_columns(terms: Sequence[tuple[ErrorTerm, ...]]) -> NDArray[np.float64]:
    """(n, 2, k) effect of each shared error on each look."""
    keys: dict[Key, int] = {}
    for row in terms:
        for term in row:
            if term.shared_by:
                keys.setdefault(term.key, len(keys))
    columns = np.zeros((len(terms), 2, len(keys)))
    for look, row in enumerate(terms):
        for term in row:
            if term.shared_by:
                columns[look, :, keys[term.key]] += term.effect_m
    return columns


def _own_covariances(terms: Sequence[tuple[ErrorTerm, ...]]) -> NDArray[np.float64]:
    """(n, 2, 2) covariance of each look's own errors."""
    own = [np.array([t.effect_m for t in row if not t.shared_by]).reshape(-1, 2) for row in terms]
    return np.array([effects.T @ effects for effects in own]) + _SMALLEST_M2 * np.eye(2)


def _joint_inverse(own_m2: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2n, 2n) inverse of the covariance of all looks together."""
    count = len(own_m2)
    columns = shared.reshape(2 * count, -1)
    joint = columns @ columns.T
    for look in range(count):
        joint[2 * look : 2 * look + 2, 2 * look : 2 * look + 2] += own_m2[look]
    return np.asarray(np.linalg.inv(joint), dtype=np.float64)


def _weights(inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2, 2) weights of the looks, from the inverse of their joint covariance; they sum to the identity."""
    looks = len(inverse) // 2
    design = np.tile(np.eye(2), (looks, 1))
    pulled = design.T @ inverse
    weights = np.asarray(np.linalg.solve(pulled @ design, pulled), dtype=np.float64)
    return weights.reshape(2, looks, 2).transpose(1, 0, 2)


def _own_misses(
    found_m: NDArray[np.float64], own_m2: NDArray[np.float64], inverse: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, 2) what is left of each look's distance from the estimate once the shared errors have had their say."""
    miss = (found_m - np.einsum("nij,nj->i", _weights(inverse), found_m)).ravel()
    pulled = (inverse @ miss).reshape(-1, 2)
    own: NDArray[np.float64] = np.einsum("nij,nj->ni", own_m2, pulled)
    return own


def _combined(
    found_m: NDArray[np.float64],
    weights: NDArray[np.float64],
    terms: Sequence[tuple[ErrorTerm, ...]],
    disagreement_m2: NDArray[np.float64],
    frame: LocalFrame,
) -> GroundFix:
    """The weighted sum of looks: shared errors add up, own errors add in square, two terms a cause at most."""
    shared: dict[Key, NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
    own: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros((2, 2)))
    for weight, row, more in zip(weights, terms, disagreement_m2, strict=True):
        for term in row:
            effect = weight @ term.effect_m
            if term.shared_by:
                shared[term.key] += effect
            else:
                own[term.cause] += np.outer(effect, effect)
        if more.any():
            own[DISAGREEMENT] += weight @ more @ weight.T
    together = [
        ErrorTerm(cause=cause, axis=axis, shared_by=by, east_m=float(effect[0]), north_m=float(effect[1]))
        for (cause, axis, by), effect in shared.items()
    ]
    apart = [term for cause, covariance in own.items() for term in terms_from_covariance(cause, covariance)]
    say = np.trace(weights, axis1=1, axis2=2) / 2
    enu_m = np.array([*np.einsum("nij,nj->i", weights, found_m[:, :2]), say @ found_m[:, 2]])
    return GroundFix.from_terms(enu_m=enu_m, frame=frame, terms=(*together, *apart))
