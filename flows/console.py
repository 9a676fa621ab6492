"""The console over a site's store, vault and zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.assembly import open_store, open_vault
from geofences.datum import Datum
from geofences.position import Geodetic
from pipeline.console.app import create_app
from pipeline.console.settings import ConsoleSettings, SourceSite
from pipeline.domain.frame import SourceKind

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipeline.site import Site


def console_app(site: Site) -> FastAPI:
    """The console of a site."""
    console = site.settings.console
    return create_app(
        store=open_store(site),
        vault=open_vault(site),
        zones=site.zones,
        permits=site.permits,
        sites=_sources(site),
        settings=ConsoleSettings(
            site_name=site.settings.site.name,
            timezone=site.settings.site.timezone,
            language=console.language,
            tile_url=console.tile_url,
            tile_datum=Datum(console.tile_datum),
        ),
    )


def _sources(site: Site) -> tuple[SourceSite, ...]:
    cameras = [
        SourceSite(
            source_id=camera.id,
            name=camera.name,
            kind=SourceKind(camera.kind),
            position=Geodetic(
                lat_deg=camera.mounting.lat_deg,
                lon_deg=camera.mounting.lon_deg,
                alt_ellipsoid_m=camera.mounting.alt_ellipsoid_m,
            )
            if camera.mounting
            else None,
        )
        for camera in site.settings.camera
    ]
    aircraft = site.settings.aircraft
    if aircraft is not None:
        cameras.append(SourceSite(source_id=aircraft.id, name=aircraft.name, kind=SourceKind.DRONE))
    return tuple(cameras)
