"""Height models (GeoTIFF and what else GDAL reads) as the ground of a site: the one file that knows rasterio.

Rule: only WGS 84 and CGCS2000 are taken. GDAL lays any other datum over them unmoved, some hundred metres off, and says
nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from geofences.errors import InvalidGeometry
from geofences.local_frame import SEMI_MAJOR_M
from geofences.terrain import Terrain
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from geofences.local_frame import LocalFrame

# Nothing a site's cameras locate is further from its middle than this, each way.
REACH_M = 4000.0
# A finer model of that reach is thinned to this many posts a side, 32 MB.
MAX_POSTS = 2000
DATUMS = re.compile(r'DATUM\["(WGS_1984|China_2000)"')


def read_height_model(path: Path, frame: LocalFrame, *, raised_m: float) -> Terrain:
    """Read the heights about a site's middle, laid onto a grid of its frame.

    Args:
        path: the file; a relative one has been joined to the site's folder.
        frame: of the site.
        raised_m: added to every height to have it above the ellipsoid.

    Raises:
        BadInput: rasterio is not installed, the file cannot be read, its datum or unit is another, or it does not
            cover the middle of the site.
    """
    try:
        import rasterio  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise _unusable(path, "needs rasterio", "pip install 'offsite-enforcement[dem]', or leave dem out") from error
    try:
        with rasterio.open(path) as model:
            wkt, unit = model.crs.to_wkt() if model.crs else "", (model.units[0] or "m").lower()
            if not DATUMS.search(wkt):
                named = re.search(r'DATUM\["([^"]+)"', wkt)
                fault = f"is in datum {named[1]}" if named else "names no coordinate system"
                raise _unusable(path, fault, "Convert it to WGS 84 or CGCS2000 with a tool that shifts datums")
            if unit not in {"m", "metre", "meter"}:
                raise _unusable(path, f"has heights in {unit}", "Convert them to metres")
            height_m, west_m, north_m, cell_m = _laid(model, frame)
    except (rasterio.errors.RasterioError, OSError) as error:
        raise _unusable(path, f"cannot be read ({error})", "Give a GeoTIFF of heights, beside site.toml") from error
    east, north = (west_m + cell_m * np.arange(height_m.shape[1]), north_m - cell_m * np.arange(height_m.shape[0]))
    # The level of the frame rises above the curved earth by distance^2 / 2R.
    drop_m = (east**2 + north[:, None] ** 2) / (2 * SEMI_MAJOR_M)
    up_m = height_m + raised_m - frame.origin.alt_ellipsoid_m - drop_m
    try:
        terrain = Terrain(up_m=up_m, west_m=west_m, north_m=north_m, cell_m=cell_m)
    except InvalidGeometry as error:
        raise _uncovered(path, frame) from error
    if np.isnan(terrain.height_m(np.zeros((1, 2)))[0]):
        raise _uncovered(path, frame)
    return terrain


def _laid(model: object, frame: LocalFrame) -> tuple[NDArray[np.float64], float, float, float]:
    """Heights on a grid about the frame's origin (azimuthal equidistant: east and north to a millimetre at 4 km).

    Returns:
        heights, nan where there is none; east and north of the first post; distance of posts.
    """
    from rasterio.enums import Resampling  # noqa: PLC0415 - an optional extra
    from rasterio.transform import from_origin  # noqa: PLC0415 - the same
    from rasterio.vrt import WarpedVRT  # noqa: PLC0415 - the same

    crs = f"+proj=aeqd +lat_0={frame.origin.lat_deg!r} +lon_0={frame.origin.lon_deg!r} +datum=WGS84 +units=m"
    with WarpedVRT(model, crs=crs) as whole:
        west, south, east, north = np.clip(whole.bounds, -REACH_M, REACH_M)
        cell_m = max(*whole.res, (east - west) / MAX_POSTS, (north - south) / MAX_POSTS)
    size = {"width": max(2, int((east - west) / cell_m)), "height": max(2, int((north - south) / cell_m))}
    grid = {"transform": from_origin(west, north, cell_m, cell_m), **size}
    with WarpedVRT(
        model, crs=crs, resampling=Resampling.bilinear, dtype="float32", nodata=np.nan, add_alpha=False, **grid
    ) as laid:
        posts = laid.read(1).astype(np.float64) * laid.scales[0] + laid.offsets[0]
    # Metres of the ellipsoid are shorter than those of the frame, which touches the ground above it.
    scale = 1 + frame.origin.alt_ellipsoid_m / SEMI_MAJOR_M
    return posts, float(west + cell_m / 2) * scale, float(north - cell_m / 2) * scale, float(cell_m) * scale


def _uncovered(path: Path, frame: LocalFrame) -> BadInput:
    middle = f"{frame.origin.lat_deg:.5f}, {frame.origin.lon_deg:.5f}"
    return _unusable(path, f"has no height at the middle of the site, {middle}", "Give the model of this place")


def _unusable(path: Path, fault: str, remedy: str) -> BadInput:
    return BadInput(path=str(path), field="site.dem", fault=fault, remedy=remedy)
