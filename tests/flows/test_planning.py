"""What a site's files make of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from flights.airframe import Airframe
from flights.errors import PlanRefused
from flights.plan_checks import validate_plan
from flows.planning import Errand, plan_errand, site_aircraft, site_terrain
from flows.registers import site_now_s
from flows.site_folder import init_rendered_site
from pipeline.site import read_site
from tests.pipeline.sources.test_height_model import write_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

STEEP = 0.4


def test_a_height_model_bends_the_plan(tmp_path: Path) -> None:
    """Over a real GeoTIFF of a hillside every waypoint keeps its height above the ground there, and so do checks."""
    folder = tmp_path / "site"
    site = init_rendered_site(folder, seed=7)
    home = site_aircraft(site)

    def hillside_m(lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        return 6.0 + STEEP * 111_000 * (lat_deg - home.home_lat_deg) + 0 * lon_deg

    write_model(folder / "dem.tif", heights_m=hillside_m)
    settings = folder / "site.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("[site]\n", '[site]\ndem = "dem.tif"\n', 1))
    site = read_site(folder)
    (plan,) = plan_errand(site, Errand(zone_id="patrol"), at_s=site_now_s(site))
    raised_m = site.settings.site.geoid_separation_m
    above_m = [
        waypoint.position.alt_ellipsoid_m - raised_m
        - float(hillside_m(np.array(waypoint.position.lat_deg), np.array(waypoint.position.lon_deg)))
        for waypoint in plan.waypoints
    ]  # fmt: skip
    assert min(above_m) >= home.height_agl_m - 0.1
    assert max(above_m) <= home.height_agl_m + 10 * STEEP + 2.5
    heights = [waypoint.height_home_m for waypoint in plan.waypoints]
    assert max(heights) > min(heights) + 10
    ground_m = site_terrain(site)
    assert ground_m is not None
    validate_plan(plan, airframe=Airframe(), terrain=ground_m)
    with pytest.raises(PlanRefused, match="above the ground"):
        validate_plan(plan, airframe=Airframe(), terrain=lambda lat, lon: ground_m(lat, lon) + home.height_agl_m)
