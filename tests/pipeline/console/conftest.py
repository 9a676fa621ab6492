"""A small district with six drafts, in the real store and vault, and a browser that needs no network."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import shutil
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from zoneinfo import ZoneInfo

import cv2
import httpx
import numpy as np
import pytest
from shapely import box

from flights.pilot_request import Answer, Refusal
from flights.pilot_spool import FlightView, PilotSpool
from geofences.ellipse import ErrorEllipse
from geofences.ground_fix import GroundFix
from geofences.position import Geodetic
from geofences.zone import Permit, Zone, ZoneKind
from pipeline.console.app import ConsoleSettings, SourceSite, create_app
from pipeline.domain.case import Case, SealedFinding
from pipeline.domain.finding import Drop, DropReason, Explanation, PermitConsidered
from pipeline.domain.frame import SourceKind
from pipeline.domain.look import LookReport
from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.domain.offence import Offence
from pipeline.evidence.vault import FolderVault
from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

# 14:30 in Hangzhou.
NOW_S = dt.datetime(2026, 11, 2, 6, 30, tzinfo=dt.UTC).timestamp()
ORIGIN = "http://127.0.0.1:8750"
LAT, LON = 30.3195, 120.1390
DAY_S = 86400.0


def block(west: float, south: float, east: float, north: float) -> Any:
    """A rectangle, in units of 1e-4 degrees (about 10 m) east and north of the middle."""
    return box(LON + west * 1e-4, LAT + south * 1e-4, LON + east * 1e-4, LAT + north * 1e-4)


def permit(number: str, west: float, from_s: float, until_s: float) -> Permit:
    """A permit for cones on 50 m of the road."""
    return Permit(
        permit_id=f"permit-{number}",
        number=f"拱占〔2026〕{number}",
        allows="traffic_cone",
        outline=block(west, -1, west + 5, 1),
        valid_from_s=NOW_S + from_s,
        valid_until_s=NOW_S + until_s,
        holder="市政养护",
    )


ZONES = (
    Zone(zone_id="R-01", name="台州路", kind=ZoneKind.ROAD, outline=block(-30, -1.2, 30, 1.2)),
    Zone(zone_id="R-02", name="桥弄街", kind=ZoneKind.ROAD, outline=block(-1, -20, 1, 20)),
    Zone(zone_id="S-07", name="运河新城工地", kind=ZoneKind.CONSTRUCTION_SITE, outline=block(3, 3, 14, 11)),
    Zone(zone_id="A-03", name="桥西历史街区", kind=ZoneKind.SIGNAGE_CONTROL, outline=block(-16, 2, -2, 12)),
    Zone(zone_id="C-05", name="小河餐饮街", kind=ZoneKind.CATERING_CONTROL, outline=block(-16, -11, -2, -3)),
    Zone(zone_id="P-09", name="第九小学", kind=ZoneKind.PRIVACY, outline=block(4, -12, 12, -4)),
)
PERMITS = (permit("041", 6, -10 * DAY_S, 10 * DAY_S), permit("012", -9, -90 * DAY_S, -10 * DAY_S))
SITES = (
    SourceSite(
        source_id="eye-12",
        name="城市眼 12 号",
        kind=SourceKind.CITY_EYE,
        position=Geodetic(lat_deg=LAT + 4e-4, lon_deg=LON - 6e-4),
    ),
    SourceSite(source_id="uav-1", name="拱宸桥 1 号机", kind=SourceKind.DRONE),
)


class Place(NamedTuple):
    """Where the district's cases of one class lie, and under which law."""

    zone_id: str
    zone_name: str
    east: float
    north: float
    statute: str
    event_code: str


PLACES = {
    Offence.TRAFFIC_CONE: Place("R-01", "台州路", -3, 0, "城市道路管理条例 第二十七条、第四十二条", "03-02"),
    Offence.DUST: Place("S-07", "运河新城工地", 8, 7, "生态环境法典 第二百四十条、第一千一百二十八条", "03-04"),
    Offence.ILLEGAL_SIGNAGE: Place("A-03", "桥西历史街区", -8, 6, "城市市容和环境卫生管理条例 第十一条", "02-03"),
    Offence.COOKING_FUMES: Place("C-05", "小河餐饮街", -9, -7, "生态环境法典 第二百五十条", "01-16"),
}


def picture(seed: int, *, boxed: bool) -> bytes:
    """A street seen from above, small enough to make quickly."""
    rng = np.random.default_rng(seed)
    image = np.full((540, 960, 3), (118, 124, 120), np.uint8)
    cv2.rectangle(image, (0, 190), (960, 350), (88, 86, 84), -1)
    for left in range(20, 960, 120):
        cv2.rectangle(image, (left, 266), (left + 60, 272), (235, 235, 235), -1)
    x = int(rng.integers(200, 700))
    for foot in range(x, x + 104, 26):
        cv2.fillConvexPoly(image, np.array([(foot, 330), (foot + 12, 330), (foot + 6, 306)]), (40, 110, 245))
    if boxed:
        cv2.rectangle(image, (x - 6, 298), (x + 98, 336), (0, 90, 255), 2)
    return cv2.imencode(".jpg", image)[1].tobytes()


def seal(vault: FolderVault, seed: int) -> tuple[EvidenceItem, ...]:
    """An original, its frame and its annotated picture, kept in a vault."""
    items: list[EvidenceItem] = []
    for content, role, media_type in (
        (f"clip {seed}".encode(), EvidenceRole.ORIGINAL_CLIP, "video/mp4"),
        (picture(seed, boxed=False), EvidenceRole.FRAME, "image/jpeg"),
        (picture(seed, boxed=True), EvidenceRole.ANNOTATED, "image/jpeg"),
    ):
        items.append(
            EvidenceItem(
                sha256=vault.put(content),
                byte_count=len(content),
                role=role,
                media_type=media_type,
                derived_from_sha256=items[0].sha256 if items else None,
            )
        )
    return tuple(items)


def make_look(
    vault: FolderVault, seed: int, offence: Offence, *, ago_s: float, kind: SourceKind = SourceKind.DRONE
) -> LookReport:
    """A look that found one thing, last seen `ago_s` ago."""
    place, last_s = PLACES[offence], NOW_S - ago_s
    considered = (("permit-041", "elsewhere"), ("permit-012", "not_valid_then"))
    source_id = "eye-12" if kind is SourceKind.CITY_EYE else "uav-1"
    finding = SealedFinding(
        finding_id=f"finding-{seed}",
        look_id=f"look-{seed}",
        source_id=source_id,
        source_kind=kind,
        offence=offence,
        first_s=last_s - 42,
        last_s=last_s,
        fix=GroundFix(
            position=Geodetic(
                lat_deg=LAT + (place.north + seed % 5 / 5) * 1e-4, lon_deg=LON + place.east * 1e-4, alt_ellipsoid_m=15
            ),
            enu_m=np.zeros(3),
            ellipse=ErrorEllipse(semi_major_m=4.1 + seed % 7, semi_minor_m=2.4, bearing_deg=62.0),
            budget=(("yaw", 0.68), ("tilt", 0.19), ("position", 0.09), ("pixel", 0.04)),
        ),
        why=Explanation(
            rule_id=f"{offence}-2026",
            rule_version=2,
            statute=place.statute,
            event_code=place.event_code,
            zone_id=place.zone_id,
            zone_name=place.zone_name,
            hits=31,
            frames_covered=36,
            dwell_s=42.0,
            best_score=0.87,
            permits=tuple(
                PermitConsidered(permit_id=permit_id, why_not=why_not)
                for permit_id, why_not in considered
                if offence is Offence.TRAFFIC_CONE
            ),
        ),
        merge_distance_m=15.0,
        merge_window_s=7200.0,
        manifest_sha256=hashlib.sha256(f"manifest {seed}".encode()).hexdigest(),
        items=seal(vault, seed),
    )
    return LookReport(
        look_id=f"look-{seed}",
        source_id=source_id,
        source_kind=kind,
        started_s=finding.first_s,
        ended_s=last_s,
        frames_examined=36,
        findings=(finding,),
        drops=tuple(make_drops()) if seed == 1 else (),
    )


def make_drops() -> Iterator[Drop]:
    """Nineteen tracks left alone for four reasons."""
    for reason, detail, count, offence in (
        (DropReason.PERMIT_VALID, "拱占〔2026〕041", 3, Offence.TRAFFIC_CONE),
        (DropReason.TOO_BRIEF, "1.5 s of 30 s", 9, Offence.COOKING_FUMES),
        (DropReason.OUTSIDE_ZONE, "", 5, Offence.ILLEGAL_SIGNAGE),
        (DropReason.POSITION_UNDECIDED, "R-01", 2, Offence.TRAFFIC_CONE),
    ):
        for i in range(count):
            at_s = NOW_S - 600.0 * i - 60
            yield Drop(
                track_id=i,
                offence=offence,
                reason=reason,
                detail=detail,
                at_s=at_s,
                lat_deg=LAT,
                lon_deg=LON,
                score=0.6,
            )


@dataclass
class District:
    """A site's store and vault, and the console over them."""

    folder: Path
    store: SqlCaseStore
    vault: FolderVault

    @classmethod
    def opened(cls, folder: Path) -> District:
        """The district kept in a folder."""
        store = SqlCaseStore(f"sqlite:///{folder / 'cases.db'}", timezone=ZoneInfo("Asia/Shanghai"))
        return cls(folder=folder, store=store, vault=FolderVault(folder / "vault"))

    def app(self, **settings: Any) -> FastAPI:
        """The console."""
        return create_app(
            store=self.store,
            vault=self.vault,
            zones=ZONES,
            permits=PERMITS,
            sites=SITES,
            settings=ConsoleSettings(
                site_name="拱宸桥街道", pilots=("李伟", "赵敏"), supervisors=("王芳",), **settings
            ),
            clock=lambda: NOW_S,
            flights=self.folder / "flights",
        )

    def see_again(self, offence: Offence) -> None:
        """Another look at the latest case of a class: its version moves on."""
        self.store.file_look(make_look(self.vault, 50, offence, ago_s=60), now_s=NOW_S)


class Airborne:
    """A flight's end of the spool, without an aircraft: it shows itself, and answers with what it is told to.

    A context manager; it ends with the block.
    """

    def __init__(self, district: District, flight_id: str = "drill-z-1", **shown: Any) -> None:
        folder = district.folder / "flights" / flight_id
        folder.mkdir(parents=True)
        self.spool, self.asked, self.refusals = PilotSpool(folder), [], {}  # type: ignore[var-annotated]
        self.view = FlightView(
            flight_id=flight_id, drill=True, at_s=NOW_S, state="on_mission", mode="AUTO", armed=True, lat_deg=LAT,
            lon_deg=LON, height_home_m=35.0, battery_share=0.83, link_age_s=0.4, **shown,
        )  # fmt: skip
        area = {"type": "Polygon", "coordinates": [list(block(-5, -5, 5, 5).exterior.coords)]}
        feature = {"type": "Feature", "properties": {"role": "fence"}, "geometry": area}
        self.spool.open({"type": "FeatureCollection", "features": [feature]})
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self.spool.show(self.view)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._over.wait(0.02):
            for request in self.spool.asked():
                self.asked.append(request)
                why, detail = self.refusals.get(request.action, (None, ""))
                answer = Answer.to_request(request, NOW_S, Refusal(why) if why else None, detail)
                holder = {"pilot": request.pilot, "lease_until_s": NOW_S + 30} if request.action == "acquire" else {}
                self.view = replace(self.view, last=answer, **holder)
                self.spool.answer(answer)
                self.spool.show(self.view)


def fill(folder: Path) -> None:
    """Six drafts, newest first: cones (a camera, then a drone), dust, cones, signage, fumes, cones."""
    district = District.opened(folder)
    cones = Offence.TRAFFIC_CONE
    offences = (Offence.DUST, cones, Offence.ILLEGAL_SIGNAGE, Offence.COOKING_FUMES, cones)
    rows = [(seed, offence, 1500.0 * seed * seed, SourceKind.DRONE) for seed, offence in enumerate(offences, start=2)]
    rows += [(1, cones, 3840.0, SourceKind.CITY_EYE), (0, cones, 240.0, SourceKind.DRONE)]
    for seed, offence, ago_s, kind in rows:
        look = make_look(district.vault, seed, offence, ago_s=ago_s, kind=kind)
        district.store.file_look(look, now_s=look.ended_s + 8)
    district.store.close()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeded folder, made once."""
    folder = tmp_path_factory.mktemp("district")
    fill(folder)
    return folder


@pytest.fixture
def district(filled: Path, tmp_path: Path) -> Iterator[District]:
    """A copy of the seeded district."""
    district = District.opened(shutil.copytree(filled, tmp_path / "site"))
    yield district
    district.store.close()


class Browser:
    """Asks the console without a network, as a browser on this machine would; keeps cookies, follows no redirect."""

    def __init__(self, app: FastAPI) -> None:
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.headers = {"Origin": ORIGIN, "Accept-Language": "zh-CN"}
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request; `headers` are added to the usual ones, None takes one away."""
        headers = {k: v for k, v in (self.headers | more.pop("headers", {})).items() if v is not None}

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.transport, base_url=ORIGIN, headers=headers, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())

    def get(self, path: str, **more: Any) -> httpx.Response:
        """A page."""
        return self.ask("GET", path, **more)

    def decide(self, case: Case, kind: str, reason: str = "", *, query: str = "", **more: Any) -> httpx.Response:
        """The form of a decision on that version of a case."""
        form = {"kind": kind, "version": str(case.version), "reason": reason}
        return self.ask("POST", f"/cases/{case.case_id}/decisions{query}", data=form, **more)


@pytest.fixture
def browser(district: District) -> Browser:
    """A browser on the seeded district, in Chinese."""
    return Browser(district.app())


@pytest.fixture
def make_browser() -> type[Browser]:
    """A browser on some application."""
    return Browser


@pytest.fixture
def airborne(district: District) -> Iterator[Airborne]:
    """A flight on its plan."""
    with Airborne(district) as flight:
        yield flight


@pytest.fixture
def newest(district: District) -> Case:
    """The newest draft: cones seen by a camera, then by a drone."""
    return district.store.cases()[0]
