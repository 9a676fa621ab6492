"""Plumes: puffs that leave a source, drift with the wind, rise, grow and thin out. A pure function of time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.solids import Bgr, Range, Xy, toned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Puffs:
    """Soft balls at one moment; arrays of equal length n, oldest first.

    Attributes:
        centre_m: (n, 3) east, north, up.
        radius_m: (n,).
        alpha: (n,) how much a puff's middle hides, 0..1.
        brightness: (n,) factor on the plume's colour.
        variant: (n,) which sprite.
    """

    centre_m: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    alpha: NDArray[np.float64]
    brightness: NDArray[np.float64]
    variant: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.centre_m, self.radius_m, self.alpha, self.brightness, self.variant):
            array.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plume:
    """A steady source of puffs.

    Attributes:
        source_m: (3,) where they leave, east, north, up.
        colour_bgr: of the plume in daylight.
        wind_m_s: east and north drift.
        rise_m_s: at the start; it dies away with age.
        source_radius_m: how wide puffs are born around the source.
        radius_m: of a new puff.
        growth_m_s: of a puff's radius.
        life_s: after which a puff is gone.
        rate_hz: puffs born in a second.
        strength: alpha of a young puff, 0..1.
        seed: of the puffs' own differences.
        truth_id: which planted thing this is.
    """

    source_m: tuple[float, float, float]
    colour_bgr: Bgr
    wind_m_s: tuple[float, float]
    rise_m_s: float
    source_radius_m: float
    radius_m: float
    growth_m_s: float
    life_s: float
    rate_hz: float
    strength: float
    seed: int
    truth_id: str

    def puffs_at(self, elapsed_s: float) -> Puffs:
        """The puffs alive at a moment, counted in seconds from the world's start (may be negative)."""
        last = int(np.floor(elapsed_s * self.rate_hz))
        number = np.arange(last - int(self.life_s * self.rate_hz) + 1, last + 1)
        age_s = elapsed_s - number / self.rate_hz
        chance = _hashed(number, 8, self.seed)
        share = age_s / self.life_s
        angle, reach = 2 * np.pi * chance[:, 0], self.source_radius_m * np.sqrt(chance[:, 1])
        gust = 1 + 0.35 * np.sin(number / self.rate_hz * 0.9 + self.seed % 7)
        swirl = 0.25 * self.radius_m * np.sin(age_s * (1 + chance[:, 2]) + 6 * chance[:, 3]) * (1 + share)
        speed = 0.7 + 0.6 * chance[:, 4]
        radius_m = (self.radius_m + self.growth_m_s * age_s) * (0.7 + 0.6 * chance[:, 5])
        up_m = self.source_m[2] + self.rise_m_s * speed * self.life_s * (1 - np.exp(-1.5 * share)) / 1.5
        centre_m = np.stack(
            (
                self.source_m[0] + reach * np.cos(angle) + self.wind_m_s[0] * age_s * speed * gust + swirl,
                self.source_m[1] + reach * np.sin(angle) + self.wind_m_s[1] * age_s * speed * gust - swirl,
                np.maximum(up_m, 0.5 * radius_m),
            ),
            axis=-1,
        )
        return Puffs(
            centre_m=centre_m,
            radius_m=radius_m,
            alpha=self.strength * np.minimum(1, 6 * share) * (1 - share) ** 1.3 * (0.6 + 0.4 * chance[:, 6]) * gust,
            brightness=0.86 + 0.24 * chance[:, 7],
            variant=(chance[:, 0] * 997).astype(np.int64),
        )


def _hashed(number: NDArray[np.int64], columns: int, seed: int) -> NDArray[np.float64]:
    """(n, columns) values in 0..1 that depend on the number alone. Source: Steele et al. (2014), SplitMix64."""
    key = (number[:, None] * 64 + np.arange(columns)).astype(np.uint64)
    key = (key + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)) * np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((key ^ (key >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53


_DUST = Plume(
    source_m=(0.0, 0.0, 0.3), colour_bgr=(168, 194, 212), wind_m_s=(0.0, 0.0), rise_m_s=0.35, source_radius_m=1.6,
    radius_m=0.9, growth_m_s=0.24, life_s=8.0, rate_hz=13.0, strength=0.75, seed=0, truth_id="",
)  # fmt: skip
_FUMES = Plume(
    source_m=(0.0, 0.0, 1.0), colour_bgr=(232, 226, 220), wind_m_s=(0.0, 0.0), rise_m_s=0.8, source_radius_m=0.45,
    radius_m=0.45, growth_m_s=0.2, life_s=6.0, rate_hz=14.0, strength=0.55, seed=0, truth_id="",
)  # fmt: skip


def dust_plume(rng: np.random.Generator, at_m: Xy, truth_id: str) -> Plume:
    """Dust: brown, low and wide, torn along by the wind."""
    return _risen(rng, _DUST, at_m, truth_id, (0.5, 1.1), (0.85, 1.12))


def fumes_plume(rng: np.random.Generator, at_m: Xy, truth_id: str) -> Plume:
    """Cooking fumes: grey-white, narrow, rising from a grill at table height."""
    return _risen(rng, _FUMES, at_m, truth_id, (0.15, 0.45), (0.92, 1.05))


def _risen(rng: np.random.Generator, kind: Plume, at_m: Xy, truth_id: str, speeds_m_s: Range, tones: Range) -> Plume:
    """A plume of some kind at a place, with its own seed, wind and tone within the given ranges."""
    angle, speed, tone = rng.uniform(0, 2 * np.pi), rng.uniform(*speeds_m_s), float(rng.uniform(*tones))
    return replace(
        kind,
        source_m=(*at_m, kind.source_m[2]),
        colour_bgr=toned(kind.colour_bgr, tone),
        wind_m_s=(float(np.cos(angle) * speed), float(np.sin(angle) * speed)),
        seed=int(rng.integers(2**31)),
        truth_id=truth_id,
    )
