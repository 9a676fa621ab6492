"""The GeoJSON behind the maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shapely.geometry import shape

from geofences.datum import Datum, shape_to_wgs84
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.console.app import create_app
from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from pipeline.domain.case import Case


def by_role(chart: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """The features of one role."""
    return [feature for feature in chart["features"] if feature["properties"]["role"] == role]


def test_a_case_is_drawn_where_it_is_with_its_ellipse_in_metres(browser: Any, newest: Case) -> None:
    """The point is the case's position, longitude first; the ellipse's farthest corner is its semi-major axis away."""
    answer = browser.get(f"/map/cases/{newest.case_id}.geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    chart = answer.json()
    position = newest.fix.position
    assert by_role(chart, "case")[0]["geometry"]["coordinates"] == [position.lon_deg, position.lat_deg]
    corners = by_role(chart, "ellipse")[0]["geometry"]["coordinates"][0]
    frame = LocalFrame(origin=position)
    reach_m = max(
        float((frame.enu_from_geodetic(Geodetic(lat_deg=lat, lon_deg=lon, alt_ellipsoid_m=15))[:2] ** 2).sum() ** 0.5)
        for lon, lat in corners
    )
    assert abs(reach_m - newest.fix.ellipse.semi_major_m) < 0.02


def test_the_zone_it_lies_in_is_marked(browser: Any, newest: Case) -> None:
    """Nearby zones are drawn, and the one the rule named is flagged."""
    zones = by_role(browser.get(f"/map/cases/{newest.case_id}.geojson").json(), "zone")
    assert {zone["properties"]["name"] for zone in zones} >= {"台州路", "桥西历史街区"}
    assert [zone["properties"]["name"] for zone in zones if zone["properties"]["flagged"]] == ["台州路"]
    assert all(shape(zone["geometry"]).is_valid for zone in zones)


def test_permits_say_whether_they_held_then(browser: Any, newest: Case) -> None:
    """Each permit nearby says in words whether it was valid at the time."""
    permits = by_role(browser.get(f"/map/cases/{newest.case_id}.geojson").json(), "permit")
    assert {(p["properties"]["name"], p["properties"]["valid"]) for p in permits} == {
        ("拱占〔2026〕041", True),
        ("拱占〔2026〕012", False),
    }
    assert any("雪糕筒占道 · 当时有效" in p["properties"]["label"] for p in permits)


def test_cameras_that_saw_it_are_marked(district: Any, browser: Any, newest: Case) -> None:
    """A camera is drawn where it stands and marked where it is among the sources; a drone has no standing place."""
    for case, sees in ((newest, True), (district.store.cases()[1], False)):
        sites = by_role(browser.get(f"/map/cases/{case.case_id}.geojson").json(), "site")
        assert [(site["properties"]["label"], site["properties"]["sees"]) for site in sites] == [("城市眼 12 号", sees)]


def test_all_that_is_drawn_moves_to_the_tiles_datum(district: Any, make_browser: Any, newest: Case) -> None:
    """Over GCJ-02 tiles the case, its ellipse, zones and cameras lie in GCJ-02, and the collection says so."""
    plain = make_browser(district.app())
    moved = make_browser(district.app(tile_datum=Datum.GCJ02))
    for address in (f"/map/cases/{newest.case_id}.geojson", "/map/district.geojson"):
        here, there = plain.get(address).json(), moved.get(address).json()
        assert (here["datum"], there["datum"]) == ("wgs84", "gcj02")
        assert len(here["features"]) == len(there["features"]) > 5
        for one, other in zip(here["features"], there["features"], strict=True):
            back = shape_to_wgs84(shape(other["geometry"]), Datum.GCJ02)
            assert back.equals_exact(shape(one["geometry"]), 1e-9)
            assert not shape(other["geometry"]).equals_exact(shape(one["geometry"]), 1e-3)


def test_what_is_far_away_is_left_out(district: Any, make_browser: Any, newest: Case) -> None:
    """Only what lies within the set radius is drawn."""
    browser = make_browser(district.app(map_radius_m=5.0))
    zones = by_role(browser.get(f"/map/cases/{newest.case_id}.geojson").json(), "zone")
    assert [zone["properties"]["name"] for zone in zones] == ["台州路"]


def test_the_district_links_its_drafts(district: Any, browser: Any, newest: Case) -> None:
    """Every draft is a point that leads to its page; a decided case is none."""
    browser.decide(newest, "case.confirmed")
    chart = browser.get("/map/district.geojson").json()
    links = {feature["properties"]["link"] for feature in by_role(chart, "case")}
    assert links == {f"/cases/{case.case_id}" for case in district.store.cases() if case.case_id != newest.case_id}
    assert len(by_role(chart, "zone")) == 6
    assert [permit["properties"]["name"] for permit in by_role(chart, "permit")] == ["拱占〔2026〕041"]


def test_an_empty_site_still_has_a_map(district: Any, make_browser: Any) -> None:
    """No zones and no cases is an empty collection, not an error."""
    store = SqlCaseStore(f"sqlite:///{district.folder / 'empty.db'}", timezone=ZoneInfo("Asia/Shanghai"))
    browser = make_browser(create_app(store=store, vault=district.vault))
    assert browser.get("/map/district.geojson").json()["features"] == []
    assert browser.get("/").status_code == 200
    assert browser.get("/drops").status_code == 200
    store.close()
