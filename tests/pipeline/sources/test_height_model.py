"""Height models as the ground of a site."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.errors import BadInput
from pipeline.sources.height_model import read_height_model

rasterio = pytest.importorskip("rasterio")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Heights = Callable[[np.ndarray, np.ndarray], np.ndarray]

ORIGIN = Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=115.0)
FRAME = LocalFrame(origin=ORIGIN)
RAISED_M = 9.0


def _height_m(lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    """A slope to the north-east with a hump, above sea level."""
    north, east = (lat_deg - ORIGIN.lat_deg) * 111_000, (lon_deg - ORIGIN.lon_deg) * 96_000
    return 106.0 + 0.05 * north + 0.02 * east + 8 * np.exp(-((north - 300) ** 2 + (east - 200) ** 2) / 150**2)


def write_model(
    path: Path, *, crs: str | None = "EPSG:4490", lat_deg: float = ORIGIN.lat_deg, heights_m: Heights = _height_m
) -> Path:
    """A height model of about 2 km, 5 m cells, in that system of geographic coordinates."""
    half, cell = 0.01, 0.00005
    across = ORIGIN.lon_deg - half + cell * (np.arange(400) + 0.5)
    down = lat_deg + half - cell * (np.arange(400) + 0.5)
    heights = heights_m(*np.meshgrid(down, across, indexing="ij")).astype(np.float32)
    transform = rasterio.transform.from_origin(ORIGIN.lon_deg - half, lat_deg + half, cell, cell)
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=400, count=1, dtype="float32", crs=crs, transform=transform
    ) as model:
        model.write(heights, 1)
    return path


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326"])
def test_heights_lie_where_they_were_written(tmp_path: Path, crs: str) -> None:
    """Points all over the model have its height in the site's frame, to two centimetres."""
    terrain = read_height_model(write_model(tmp_path / "dem.tif", crs=crs), FRAME, raised_m=RAISED_M)
    for lat_deg, lon_deg in [(30.3195, 120.139), (30.3222, 120.141), (30.3111, 120.1305), (30.3275, 120.1475)]:
        height_m = float(_height_m(np.array(lat_deg), np.array(lon_deg))) + RAISED_M
        enu_m = FRAME.enu_from_geodetic(Geodetic(lat_deg=lat_deg, lon_deg=lon_deg, alt_ellipsoid_m=height_m))
        assert terrain.height_m(enu_m[None, :2])[0] == pytest.approx(enu_m[2], abs=0.02)
    assert math.isnan(terrain.height_m(np.array([[1500.0, 0.0]]))[0])


def test_a_projected_model_is_laid_too(tmp_path: Path) -> None:
    """CGCS2000 in a Gauss-Krueger zone: turned against the frame by its meridian convergence."""
    from rasterio.warp import calculate_default_transform, reproject  # noqa: PLC0415 - rasterio may be missing

    with rasterio.open(write_model(tmp_path / "geographic.tif")) as model:
        grid, width, height = calculate_default_transform(model.crs, "EPSG:4549", 400, 400, *model.bounds)
        heights = np.full((height, width), -9999.0, np.float32)
        reproject(rasterio.band(model, 1), heights, dst_transform=grid, dst_crs="EPSG:4549", dst_nodata=-9999.0)
    options = {"count": 1, "dtype": "float32", "crs": "EPSG:4549", "transform": grid, "nodata": -9999.0}
    with rasterio.open(tmp_path / "gk.tif", "w", driver="GTiff", width=width, height=height, **options) as projected:
        projected.write(heights, 1)
    terrain = read_height_model(tmp_path / "gk.tif", FRAME, raised_m=RAISED_M)
    place = Geodetic(lat_deg=30.3222, lon_deg=120.141, alt_ellipsoid_m=0.0)
    height_m = float(_height_m(np.array(place.lat_deg), np.array(place.lon_deg))) + RAISED_M - ORIGIN.alt_ellipsoid_m
    assert terrain.height_m(FRAME.enu_from_geodetic(place)[None, :2])[0] == pytest.approx(height_m, abs=0.3)
    assert np.nanmin(terrain.up_m) > -120


@pytest.mark.parametrize(
    ("crs", "lat_deg", "said"),
    [
        ("EPSG:4214", 30.3195, "is in datum Beijing_1954"),
        ("EPSG:4610", 30.3195, "is in datum Xian_1980"),
        (None, 30.3195, "names no coordinate system"),
        ("EPSG:4326", 31.0, "no height at the middle of the site, 30.31950, 120.13900"),
    ],
)
def test_another_datum_or_place_is_refused(tmp_path: Path, crs: str | None, lat_deg: float, said: str) -> None:
    """Nothing is laid a hundred metres off in silence."""
    path = write_model(tmp_path / "dem.tif", crs=crs, lat_deg=lat_deg)
    with pytest.raises(BadInput, match=said) as caught:
        read_height_model(path, FRAME, raised_m=RAISED_M)
    assert (caught.value.path, caught.value.field) == (str(path), "site.dem")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """A text file, and a missing one."""
    (tmp_path / "dem.tif").write_text("heights")
    for name in ("dem.tif", "missing.tif"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_height_model(tmp_path / name, FRAME, raised_m=RAISED_M)
