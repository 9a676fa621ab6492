"""A site: one folder holding site.toml, zones, permits, rules, the case store and the evidence vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from geofences.geojson import parse_permits, parse_zones
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from geofences.zone_index import ZoneIndex
from pipeline.errors import BadInput
from pipeline.geotag.ground import Ground
from pipeline.rule_pack import read_rules
from pipeline.shop_register import read_shops
from pipeline.sources.camera_file import CameraEntry, Lens, MountEntry
from pipeline.sources.height_model import read_height_model
from pipeline.toml_file import Entry, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from geofences.terrain import Terrain
    from geofences.zone import Permit, Zone
    from pipeline.domain.rule import Rule
    from pipeline.domain.sign_match import Shop


class Place(Entry):
    """`[site]`: name, time zone and the ground, level or by a height model."""

    name: str = Field(min_length=1)
    timezone: str = "Asia/Shanghai"
    origin_lat_deg: float = Field(ge=-90, le=90, description="middle of the site, WGS 84")
    origin_lon_deg: float = Field(ge=-180, le=180)
    ground_alt_amsl_m: float = Field(ge=-500, le=9000, description="height of the ground above sea level")
    geoid_separation_m: float = Field(ge=-120, le=100, description="ellipsoid height minus height above sea level")
    ground_sigma_m: float = Field(default=0.3, gt=0, description="one-sigma error of the ground height")
    dem: str = Field(default="", description="height model (GeoTIFF, WGS 84 or CGCS2000); empty = level")
    dem_heights: Literal["sea_level", "ellipsoid"] = Field(default="sea_level", description="what they are above")

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is no IANA time zone, such as Asia/Shanghai") from error
        return value

    @property
    def frame(self) -> LocalFrame:
        """The local frame at its middle, on the level ground."""
        alt_m = self.ground_alt_amsl_m + self.geoid_separation_m
        origin = Geodetic(lat_deg=self.origin_lat_deg, lon_deg=self.origin_lon_deg, alt_ellipsoid_m=alt_m)
        return LocalFrame(origin=origin)


class Aircraft(Entry):
    """`[aircraft]`: what flies, how it looks down, and its registration."""

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    name: str
    registration: str = Field(description="civil registration mark")
    remote_id: str = Field(default="", description="number it broadcasts in flight; a patrol is refused without it")
    connection: str = Field(description="tcp:HOST:PORT, udp:..., serial; or `simulator` for the built-in one")
    video: str = Field(default="", description="where its recording lies after landing, {sortie_id} filled in")
    lens: Lens
    mount: MountEntry | None = Field(default=None, description="how the lens sits on it")
    height_agl_m: float = Field(gt=5, le=120, description="patrol height above the ground")
    gimbal_pitch_deg: float = Field(ge=-90, le=-20)
    speed_m_s: float = Field(gt=0.5, le=20)
    front_overlap: float = Field(default=0.6, ge=0, lt=0.95)
    side_overlap: float = Field(default=0.4, ge=0, lt=0.95)
    battery_wh: float = Field(default=260.0, gt=0, description="energy of a full battery")
    look_hz: float = Field(default=4.0, gt=0, le=30, description="pictures of its video examined a second")
    home_lat_deg: float = Field(ge=-90, le=90)
    home_lon_deg: float = Field(ge=-180, le=180)


class Shift(Entry):
    """One shift of a duty roster."""

    start: datetime
    end: datetime


class Pilot(Entry):
    """`[pilot]`, or `[[pilot]]` of pilots.toml: a remote pilot who may release patrols, on duty only."""

    name: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    licence_valid_until: datetime | None = Field(default=None, description="a patrol is refused without it")
    duty: tuple[Shift, ...] = Field(default=(), description="shifts, { start = ..., end = ... } with time zone")


class Approval(Entry):
    """`[approval]`, or `[[approval]]` of approvals.toml: an airspace approval flights are made under."""

    number: str = Field(min_length=1)
    min_height_agl_m: float = Field(default=0.0, ge=0, le=120)
    max_height_agl_m: float = Field(gt=0, le=120)
    outline_lonlat: tuple[tuple[float, float], ...] = Field(
        min_length=3, description="corners of the approved airspace, longitude first, as in GeoJSON"
    )
    valid_from: datetime
    valid_until: datetime


class WeatherEntry(Entry):
    """`[weather]`: what the pilot entered before the flight; a patrol is refused without it."""

    wind_m_s: float = Field(ge=0, le=60)
    gust_m_s: float = Field(ge=0, le=80)
    visibility_m: float = Field(ge=0)
    precipitation: bool = False
    entered_by: str = Field(min_length=1)
    entered_at: datetime | None = Field(default=None, description="not older than 3 h before take-off")


class PatrolSettings(Entry):
    """`[patrol]`: how patrols are let go."""

    release_by_itself: bool = Field(default=False, description="schedules may release while a pilot is on duty")
    max_wind_m_s: float = Field(default=10.0, gt=0, le=20, description="with gusts; of aircraft and operator")


class Remote(Entry):
    """`[remote]`: who may command a flight from afar, beside the pilots on record."""

    pilots: tuple[str, ...] = ()
    supervisors: tuple[str, ...] = Field(default=(), description="may take command away from a pilot")


class PatrolSchedule(Entry):
    """`[[schedule]]`: a zone proposed to be flown at set times."""

    zone: str = Field(min_length=1)
    cron: str = Field(description="minute hour day month weekday, in the site's time zone")
    drill: bool = Field(default=False, description="an exercise (演练): marked as one, files nothing")


class DeliverySettings(Entry):
    """`[delivery]`: the case system events go to; empty url = none yet."""

    url: str = ""
    token_env: str = Field(default="", description="environment variable holding its bearer token")
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    datum: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = Field(
        default="wgs84", description="what events state places in"
    )


class ConsoleEntry(Entry):
    """`[console]`: where officers look."""

    port: int = Field(default=8420, ge=0, le=65535)
    language: Literal["zh-CN", "en"] = "zh-CN"
    tile_url: str = Field(default="", description="{z}/{x}/{y} template of the office's own map tiles; empty = none")
    tile_datum: Literal["wgs84", "cgcs2000", "gcj02"] = Field(
        default="wgs84", description="what those tiles are drawn in; all that is drawn on them is moved to it"
    )


class StoreSettings(Entry):
    """`[store]`: where cases are kept; empty url = SQLite in the site's folder."""

    url: str = Field(
        default="", description="such as postgresql+psycopg://host/database, where it outgrows one machine"
    )


class ModelSettings(Entry):
    """`[model]`: which detector; empty folder = the one shipped."""

    folder: str = ""
    models: str = Field(
        default="", description="folder of the models register; what it has in service is used instead, once there is"
    )
    drone_long_side_px: int = Field(
        default=1280, ge=320, le=4096, multiple_of=32, description="network input for pictures from the air"
    )
    camera_long_side_px: int = Field(
        default=640, ge=320, le=4096, multiple_of=32, description="and for street cameras; larger loses plumes"
    )
    threads: int = Field(default=1, ge=1, le=64)
    precision: Literal["", "bf16", "int8"] = Field(
        default="", description="form of the network; empty = as the model's manifest says"
    )
    device: str = Field(
        default="cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="`cuda` or `cuda:1`: by torch in half precision on that GPU, whatever threads and precision say",
    )


class SceneSettings(Entry):
    """`[scene]`: this site is rendered, for demonstrations and tests."""

    seed: int = Field(ge=0)
    start: datetime = Field(description="when its patrol takes place")


class SiteFile(Entry):
    """The whole of site.toml."""

    site: Place
    aircraft: Aircraft | None = None
    pilot: Pilot | None = None
    approval: Approval | None = None
    weather: WeatherEntry | None = None
    patrol: PatrolSettings = PatrolSettings()
    schedule: tuple[PatrolSchedule, ...] = ()
    remote: Remote = Remote()
    camera: tuple[CameraEntry, ...] = ()
    delivery: DeliverySettings = DeliverySettings()
    console: ConsoleEntry = ConsoleEntry()
    store: StoreSettings = StoreSettings()
    model: ModelSettings = ModelSettings()
    scene: SceneSettings | None = None

    @field_validator("camera")
    @classmethod
    def _unique(cls, cameras: tuple[CameraEntry, ...]) -> tuple[CameraEntry, ...]:
        ids = [camera.id for camera in cameras]
        if len(set(ids)) < len(ids):
            raise ValueError("two cameras have the same id")
        return cameras


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site as read from its folder.

    Attributes:
        folder: the folder.
        settings: site.toml.
        zones: from zones.geojson.
        permits: from permits.geojson.
        rules: from rules.toml.
        shops: from shops.csv, where there is one.
        terrain: from the height model that site.toml names.
    """

    folder: Path
    settings: SiteFile
    zones: tuple[Zone, ...]
    permits: tuple[Permit, ...]
    rules: tuple[Rule, ...]
    shops: tuple[Shop, ...] = ()
    terrain: Terrain | None = None

    @property
    def ground(self) -> Ground:
        """The ground, with the local frame at its middle."""
        frame, sigma_m = self.settings.site.frame, self.settings.site.ground_sigma_m
        alt_ellipsoid_m = frame.origin.alt_ellipsoid_m
        return Ground(frame=frame, alt_ellipsoid_m=alt_ellipsoid_m, sigma_m=sigma_m, terrain=self.terrain)

    @property
    def index(self) -> ZoneIndex:
        """Zones and permits, searchable."""
        return ZoneIndex(self.zones, self.permits)

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the case store."""
        return self.settings.store.url or f"sqlite:///{self.folder / 'store' / 'cases.db'}"

    @property
    def vault_folder(self) -> Path:
        """The evidence vault."""
        return self.folder / "vault"

    @property
    def flights_folder(self) -> Path:
        """Flight records and recordings."""
        return self.folder / "flights"

    @property
    def spool_folder(self) -> Path:
        """Stream windows recorded and not yet examined."""
        return self.folder / "spool"

    def camera(self, source_id: str) -> CameraEntry:
        """The camera of that id.

        Raises:
            BadInput: there is none.
        """
        for camera in self.settings.camera:
            if camera.id == source_id:
                return camera
        known = ", ".join(camera.id for camera in self.settings.camera) or "none"
        raise BadInput(
            path=str(self.folder / "site.toml"),
            field="camera.id",
            fault=f"there is no camera {source_id}",
            remedy=f"Known: {known}",
        )


def read_site(folder: Path) -> Site:
    """Read a site's folder.

    Raises:
        BadInput: site.toml, rules.toml or the height model is missing or wrong.
        ZoneFileError: zones.geojson or permits.geojson is wrong.
    """
    settings = read_toml(SiteFile, folder / "site.toml")
    place = settings.site
    raised_m = place.geoid_separation_m if place.dem_heights == "sea_level" else 0.0
    return Site(
        folder=folder,
        settings=settings,
        zones=parse_zones(read_text(folder / "zones.geojson"), path=str(folder / "zones.geojson")),
        permits=parse_permits(read_text(folder / "permits.geojson"), path=str(folder / "permits.geojson")),
        rules=read_rules(folder / "rules.toml"),
        shops=read_shops(folder / "shops.csv"),
        terrain=read_height_model(folder / place.dem, place.frame, raised_m=raised_m) if place.dem else None,
    )


def read_text(path: Path) -> str:
    """The text of a file of the site.

    Raises:
        BadInput: it is missing or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fault = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise BadInput(
            path=str(path), field="file", fault=fault, remedy="Make a site with `offsite init FOLDER`"
        ) from error
