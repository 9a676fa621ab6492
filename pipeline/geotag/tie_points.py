"""Points seen in several pictures, found by their texture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geofences.adjustment import Ties

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

LONG_SIDE_PX = 1000
_FEATURES = 3000
_DISTINCT = 0.8  # Source: Lowe (2004), section 7.1
_ROUGH_PX = 3.0
_FEWEST = 8
ENOUGH_SIGHTS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """Points that two pictures share.

    Attributes:
        first: index of one picture.
        second: of the other.
        features: (n, 2) which feature of each.
        first_px: (n, 2) where in the first, in its own pixels.
        second_px: (n, 2) and in the second.
    """

    first: int
    second: int
    features: NDArray[np.int64]
    first_px: NDArray[np.float64]
    second_px: NDArray[np.float64]


def match_pictures(pictures: Iterable[NDArray[np.uint8]], pairs: Sequence[tuple[int, int]]) -> tuple[Pair, ...]:
    """Match pictures of one scene, pair by pair, keeping what one homography explains.

    Args:
        pictures: BGR, any size; only their features are kept.
        pairs: indices of pictures that may overlap.

    Returns:
        the pairs that share enough.
    """
    described = [_describe(picture) for picture in pictures]
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    matched = (_match(i, j, described[i], described[j], matcher) for i, j in pairs)
    return tuple(pair for pair in matched if pair is not None)


def ties_of(pairs: Sequence[Pair]) -> Ties:
    """One number a point over all pairs; a point matched to two places of one picture is left out."""
    parent: dict[tuple[int, int], tuple[int, int]] = {}
    spots: dict[tuple[int, int], NDArray[np.float64]] = {}

    def root(node: tuple[int, int]) -> tuple[int, int]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for pair in pairs:
        for (a, b), xy_a, xy_b in zip(pair.features.tolist(), pair.first_px, pair.second_px, strict=True):
            spots[(pair.first, a)], spots[(pair.second, b)] = xy_a, xy_b
            parent[root((pair.first, a))] = root((pair.second, b))
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for node in sorted(spots):
        groups.setdefault(root(node), []).append(node)
    sound = _thinned([nodes for nodes in groups.values() if len({picture for picture, _ in nodes}) == len(nodes)])
    rows = [(picture, number, *spots[(picture, f)]) for number, nodes in enumerate(sound) for picture, f in nodes]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Ties(
        picture=table[:, 0].astype(np.int64),
        point=table[:, 1].astype(np.int64),
        xy_px=table[:, 2:],
        surveyed_enu_m=np.full((len(sound), 3), np.nan),
    )


def _thinned(points: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    """Enough points for every picture, those first that most pictures see."""
    sights: Counter[int] = Counter()
    kept = []
    for nodes in sorted(points, key=len, reverse=True):
        if any(sights[picture] < ENOUGH_SIGHTS for picture, _ in nodes):
            kept.append(nodes)
            sights.update(picture for picture, _ in nodes)
    return kept


def near_pairs(eyes_m: NDArray[np.float64], *, neighbours: int = 7) -> list[tuple[int, int]]:
    """Each picture with those taken nearest to it: (n, 2) or (n, 3) positions in, index pairs out."""
    apart = np.linalg.norm(eyes_m[:, None] - eyes_m[None], axis=2)
    near = np.argsort(apart, axis=1)[:, 1 : neighbours + 1]
    return sorted({(min(i, int(j)), max(i, int(j))) for i, row in enumerate(near) for j in row})


def _describe(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    scale = min(1.0, LONG_SIDE_PX / max(picture.shape[:2]))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    # Without `enable_precise_upscale` every spot is a quarter of a pixel to the right and down.
    finder = cv2.SIFT.create(_FEATURES, enable_precise_upscale=True)
    found, described = finder.detectAndCompute(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), None)
    if not found:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    # The corner of the first pixel stays where it is when a picture is made smaller.
    spots = (np.array([feature.pt for feature in found]) + 0.5) / scale - 0.5
    # Source: Arandjelovic and Zisserman (2012), RootSIFT.
    return spots, np.sqrt(described / np.maximum(described.sum(axis=1, keepdims=True), 1e-9))


def _match(
    first: int,
    second: int,
    one: tuple[NDArray[np.float64], NDArray[np.float32]],
    other: tuple[NDArray[np.float64], NDArray[np.float32]],
    matcher: cv2.BFMatcher,
) -> Pair | None:
    if min(len(one[0]), len(other[0])) < _FEWEST:
        return None
    found = [best for best, next_best in matcher.knnMatch(one[1], other[1], k=2) if _stands_out(best, next_best)]
    features = np.array([(match.queryIdx, match.trainIdx) for match in found], dtype=np.int64).reshape(-1, 2)
    if len(features) < _FEWEST:
        return None
    first_px, second_px = one[0][features[:, 0]], other[0][features[:, 1]]
    _, mask = cv2.findHomography(first_px, second_px, cv2.USAC_MAGSAC, _ROUGH_PX * 2)
    kept = np.zeros(len(features), bool) if mask is None else mask.ravel().astype(bool)
    if kept.sum() < _FEWEST:
        return None
    return Pair(first=first, second=second, features=features[kept], first_px=first_px[kept], second_px=second_px[kept])


def _stands_out(best: cv2.DMatch, next_best: cv2.DMatch) -> bool:
    return bool(best.distance < _DISTINCT * next_best.distance)
