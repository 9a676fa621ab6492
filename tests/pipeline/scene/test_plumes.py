"""Plumes are a pure function of time, and move."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.scene.plumes import Plume, dust_plume, fumes_plume

PLUMES = (
    dust_plume(np.random.default_rng(3), (10.0, -4.0), "d"),
    fumes_plume(np.random.default_rng(3), (10.0, -4.0), "f"),
)


@pytest.mark.parametrize("plume", PLUMES, ids=["dust", "fumes"])
@pytest.mark.parametrize("elapsed_s", [-5.0, 0.0, 33.3, 1e5])
def test_puffs_stay_by_their_source(plume: Plume, elapsed_s: float) -> None:
    """At any time the plume begins within its source's radius, and no part of it has drifted absurdly far."""
    puffs = plume.puffs_at(elapsed_s)
    away_m = np.hypot(*(puffs.centre_m[:, :2] - plume.source_m[:2]).T)
    assert away_m[-1] < plume.source_radius_m + 0.5
    assert away_m.max() < 14
    assert ((puffs.alpha >= 0) & (puffs.alpha <= 1)).all()
    assert len(puffs.alpha) == int(plume.life_s * plume.rate_hz)


@pytest.mark.parametrize("plume", PLUMES, ids=["dust", "fumes"])
def test_a_puff_drifts_and_grows(plume: Plume) -> None:
    """A second later the plume is another, and after as many births the same puff lies further on and is larger."""
    now, later = plume.puffs_at(40.0), plume.puffs_at(40.0 + 13 / plume.rate_hz)
    assert (later.radius_m[:-13] > now.radius_m[13:]).all()
    assert not np.allclose(later.centre_m[:-13, :2], now.centre_m[13:, :2], atol=0.05)


def test_dust_lies_low_and_fumes_rise() -> None:
    """Dust spreads wider than it is high, fumes the other way round."""
    dust, fumes = (p.puffs_at(40.0).centre_m for p in PLUMES)
    assert np.ptp(dust[:, 2]) < np.ptp(dust[:, :2], axis=0).max()
    assert np.ptp(fumes[:, 2]) > np.ptp(fumes[:, :2], axis=0).max()
