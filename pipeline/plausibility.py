"""Does a site's geography hang together? Files taken from maps of different datums are named, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geofences.datum_check import suspect_datum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geofences.zone import Outline
    from pipeline.site import Site


def suspect_files(site: Site) -> tuple[str, ...]:
    """A sentence for each file of the site that seems to be in another datum than WGS 84.

    Cameras, the aircraft's home and the site's middle are held against zones and permits, and permits against zones.
    """
    places, zones = _stated_places(site), [zone.outline for zone in site.zones]
    permits = [permit.outline for permit in site.permits]
    middles = shapely.get_coordinates(shapely.point_on_surface(np.array(permits, dtype=object)))[:, ::-1]
    held: tuple[tuple[str, NDArray[np.float64], str, Sequence[Outline]], ...] = (
        ("site.toml", places, "zones.geojson", zones),
        ("site.toml", places, "permits.geojson", permits),
        ("permits.geojson", middles, "zones.geojson", zones),
    )
    said: list[str] = []
    for place_file, positions, outline_file, outlines in held:
        mixed = suspect_datum(positions, outlines)
        if mixed is None:
            continue
        file, other = (place_file, outline_file) if mixed.side == "positions" else (outline_file, place_file)
        remedy = (
            f'state "datum": "{mixed.datum}" beside its features' if file.endswith("json") else "convert its places"
        )
        said.append(f"{site.folder / file}: looks like {mixed.datum}, not wgs84: it fits {other} only then; {remedy}")
    return tuple(said)


def _stated_places(site: Site) -> NDArray[np.float64]:
    """(n, 2) latitude, longitude of what site.toml places."""
    place, aircraft = site.settings.site, site.settings.aircraft
    rows = [(place.origin_lat_deg, place.origin_lon_deg)]
    rows += [(camera.mounting.lat_deg, camera.mounting.lon_deg) for camera in site.settings.camera if camera.mounting]
    rows += [(aircraft.home_lat_deg, aircraft.home_lon_deg)] if aircraft else []
    return np.array(rows)
