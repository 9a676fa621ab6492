"""Does a site's geography hang together? What was taken from maps of different datums is named, with what to do."""

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
    settings, zones, permits = (str(site.folder / file) for file in ("site.toml", "zones.geojson", "permits.geojson"))
    places, zone_outlines = _stated_places(site), [zone.outline for zone in site.zones]
    permit_outlines = [permit.outline for permit in site.permits]
    middles = shapely.get_coordinates(shapely.point_on_surface(np.array(permit_outlines, dtype=object)))[:, ::-1]
    held = (
        _suspect(settings, places, zones, zone_outlines),
        _suspect(settings, places, permits, permit_outlines),
        _suspect(permits, middles, zones, zone_outlines),
    )
    return tuple(said for said in held if said)


def suspect_flight(name: str, lat_lon_deg: NDArray[np.float64], site: Site) -> str:
    """What seems to be in another datum than WGS 84, a flight or the site's zones, or "".

    Args:
        name: of the flight, for the sentence.
        lat_lon_deg: (n, 2) where it was.
        site: where it should have been.
    """
    return _suspect(name, lat_lon_deg, str(site.folder / "zones.geojson"), [zone.outline for zone in site.zones])


def _suspect(name: str, lat_lon_deg: NDArray[np.float64], file: str, outlines: Sequence[Outline]) -> str:
    mixed = suspect_datum(lat_lon_deg, outlines)
    if mixed is None:
        return ""
    wrong, other = (name, file) if mixed.side == "positions" else (file, name)
    remedy = f'state "datum": "{mixed.datum}" beside its features' if wrong.endswith("json") else "convert its places"
    return f"{wrong}: looks like {mixed.datum}, not wgs84: it fits {other} only then; {remedy}"


def _stated_places(site: Site) -> NDArray[np.float64]:
    """(n, 2) latitude, longitude of what site.toml places."""
    place, aircraft = site.settings.site, site.settings.aircraft
    rows = [(place.origin_lat_deg, place.origin_lon_deg)]
    rows += [(camera.mounting.lat_deg, camera.mounting.lon_deg) for camera in site.settings.camera if camera.mounting]
    rows += [(aircraft.home_lat_deg, aircraft.home_lon_deg)] if aircraft else []
    return np.array(rows)
