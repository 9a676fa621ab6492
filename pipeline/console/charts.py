"""Maps as GeoJSON: zones, permits, cameras and cases, each feature with its role and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from shapely import Point
from shapely.geometry import mapping

from geofences.datum import Datum, shape_from_wgs84
from geofences.zone import ZoneKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from geofences.position import Geodetic
    from geofences.zone import Permit, Zone
    from geofences.zone_index import ZoneIndex
    from pipeline.console.settings import SourceSite
    from pipeline.console.wording import Wording
    from pipeline.domain.case import Case

# GeoJSON is the one place where a JSON object is the domain's own form (RFC 7946), longitude first.
Feature: TypeAlias = dict[str, Any]


def case_chart(
    case: Case, index: ZoneIndex, sites: Iterable[SourceSite], say: Wording, *, radius_m: float, datum: Datum
) -> Feature:
    """One case: its position, 95 % ellipse and findings among the zones, permits and cameras near it.

    Args:
        case: what to draw.
        index: the site's zones and permits.
        sites: where its cameras stand.
        say: the officer's language.
        radius_m: how far around the case zones and permits are drawn.
        datum: of the base map.
    """
    flagged = {finding.why.zone_id for finding in case.findings}
    seen_by = {finding.source_id for finding in case.findings}
    position = case.fix.position
    features = [
        _zone(zone, say, flagged=zone.zone_id in flagged, at_s=case.last_s)
        for zone in index.zones_near(position, radius_m)
    ]
    features += [_permit(permit, say, at_s=case.last_s) for permit in index.permits_near(position, radius_m)]
    features += [_site(site, site.position, sees=site.source_id in seen_by) for site in sites if site.position]
    if len(case.findings) > 1:
        features += [
            _feature(_point(finding.fix.position), "finding", say.name("source", finding.source_kind))
            for finding in case.findings
        ]
    radius = say.text("map.ellipse", radius=say.metres(case.fix.ellipse.semi_major_m))
    features.append(_feature(case.fix.ellipse.outline_at(position), "ellipse", radius))
    features.append(_feature(_point(position), "case", say.name("offence", case.offence), offence=case.offence))
    return _collection(features, datum)


def district_chart(
    cases: Iterable[Case], index: ZoneIndex, sites: Iterable[SourceSite], say: Wording, *, datum: Datum
) -> Feature:
    """Zones but grid cells, cameras, the permits valid now, and some cases, each with the address of its page."""
    drawn = (zone for zone in index.zones if zone.kind is not ZoneKind.GRID_CELL)
    features = [_zone(zone, say, flagged=False, at_s=say.now_s) for zone in drawn]
    features += [_permit(permit, say, at_s=say.now_s) for permit in index.permits if permit.valid_at(say.now_s)]
    features += [_site(site, site.position, sees=False) for site in sites if site.position]
    for case in cases:
        label = f"{say.name('offence', case.offence)} · {case.findings[-1].why.zone_name} · {say.clock(case.last_s)}"
        link = f"/cases/{case.case_id}"
        features.append(_feature(_point(case.fix.position), "case", label, offence=case.offence, link=link))
    return _collection(features, datum)


def _zone(zone: Zone, say: Wording, *, flagged: bool, at_s: float) -> Feature:
    kind = say.name("zone_kind", zone.kind)
    label = f"{zone.name} · {kind}" if zone.in_force(at_s) else f"{zone.name} · {kind} · {say.text('map.not_in_force')}"
    return _feature(zone.outline, "zone", label, kind=zone.kind, kind_name=kind, name=zone.name, flagged=flagged)


def _permit(permit: Permit, say: Wording, *, at_s: float) -> Feature:
    valid = permit.valid_at(at_s)
    state = say.text("map.permit_valid" if valid else "map.permit_not_valid")
    label = say.text("map.permit", number=permit.number, allows=say.name("offence", permit.allows), state=state)
    return _feature(permit.outline, "permit", label, name=permit.number, kind_name=state, valid=valid)


def _site(site: SourceSite, position: Geodetic, *, sees: bool) -> Feature:
    return _feature(_point(position), "site", site.name, kind=site.kind, sees=sees)


def _point(position: Geodetic) -> Point:
    return Point(position.lon_deg, position.lat_deg)


def _feature(geometry: BaseGeometry, role: str, label: str, **properties: object) -> Feature:
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"role": role, "label": label, **properties},
    }


def _collection(features: list[Feature], datum: Datum) -> Feature:
    """The features with their geometries moved to the base map's datum, which is stated, and in GeoJSON's own form."""
    shapes = np.array([feature["geometry"] for feature in features], dtype=object)
    moved = shapes if datum is Datum.WGS84 else shape_from_wgs84(shapes, datum)
    drawn = [feature | {"geometry": mapping(shape)} for feature, shape in zip(features, moved, strict=True)]
    return {"type": "FeatureCollection", "datum": datum.value, "features": drawn}
