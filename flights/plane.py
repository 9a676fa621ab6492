"""Outlines on the map (longitude, latitude) and on the local plane (east, north in metres)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geofences.local_frame import LocalFrame
    from geofences.position import Geodetic

Point = tuple[float, float]
G = TypeVar("G", bound="BaseGeometry")


def plane_from_map(outline: G, frame: LocalFrame) -> G:
    """An outline in (lon, lat) degrees as east, north metres about the frame's origin, at the origin's height."""

    def convert(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        height = np.full((len(lon_lat), 1), frame.origin.alt_ellipsoid_m)
        return frame.enu_from_geodetics(np.hstack((lon_lat[:, 1::-1], height)))[:, :2]

    return shapely.transform(outline, convert)


def map_from_plane(outline: G, frame: LocalFrame) -> G:
    """An outline in east, north metres as (lon, lat) degrees."""

    def convert(east_north_m: NDArray[np.float64]) -> NDArray[np.float64]:
        up = np.zeros((len(east_north_m), 1))
        return frame.geodetics_from_enu(np.hstack((east_north_m, up)))[:, 1::-1]

    return shapely.transform(outline, convert)


def plane_point(position: Geodetic, frame: LocalFrame) -> Point:
    """East, north metres of one position."""
    east, north, _ = frame.enu_from_geodetic(position)
    return float(east), float(north)
