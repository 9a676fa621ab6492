"""Survey plans against two planners from PyPI, `opencoverage` and `coverage-path-planner`, and on many random areas.

Thirty areas drawn for this benchmark, concave and with holes; the outer ring is the fence, the holes are no-fly areas,
and what every planner is to cover without leaving it is the area less the border inset. The same for all: camera,
height, distance between strips, border inset, speed, time lost in turns, the way from home and back.

How the others are scored: opencoverage in its three patterns, coverage-path-planner at 24 angles, each with and without
laps along the borders; what counts is their fastest path that covers at least as much as ours (their whole path is
taken as photographed, ours only on strips) and of which no more than 0.1 m lies outside the inset area. A path that
leaves it may not be flown, so it loses; its time is printed all the same.
"""

from __future__ import annotations

import argparse
import math
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import coverage_path_planner as cpp
import numpy as np
import opencoverage
import shapely
import shapely.affinity
from shapely.geometry import LineString, Polygon

from flights.airframe import Airframe
from flights.errors import PlanRefused
from flights.plane import map_from_plane
from flights.sorties import plan_sorties
from flights.survey import draft_survey
from flights.survey_request import SurveyRequest
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

HEIGHT_M, SPEED_M_S, INSET_M, SIDE, FRONT = 30.0, 8.0, 5.0, 0.3, 0.7
CAMERA = Camera.from_fov(size_px=(1920, 1080), hfov_deg=73.0, name="benchmark camera")
AIRFRAME = Airframe(battery_wh=1000.0)
WIDTH_M = 2 * HEIGHT_M * math.tan(math.radians(73 / 2))
DEPTH_M = WIDTH_M * 1080 / 1920
BEYOND_M = DEPTH_M / 2 - DEPTH_M * (1 - FRONT)
SPACING_M = WIDTH_M * (1 - SIDE)

# Name, outer ring, holes; metres.
AREAS = (
    ("L", [(0, 0), (320, 0), (320, 120), (140, 120), (140, 300), (0, 300)],
     [[(40, 40), (90, 40), (90, 80), (40, 80)]]),
    ("U", [(0, 0), (300, 0), (300, 260), (210, 260), (210, 90), (90, 90), (90, 260), (0, 260)],
     [[(130, 30), (170, 30), (170, 60), (130, 60)]]),
    ("T", [(0, 180), (120, 180), (120, 0), (220, 0), (220, 180), (340, 180), (340, 300), (0, 300)],
     [[(150, 210), (190, 210), (190, 250), (150, 250)]]),
    ("H", [(0, 0), (100, 0), (100, 110), (220, 110), (220, 0), (320, 0), (320, 320), (220, 320), (220, 210),
           (100, 210), (100, 320), (0, 320)], [[(140, 140), (180, 140), (180, 180), (140, 180)]]),
    ("plus", [(110, 0), (220, 0), (220, 110), (330, 110), (330, 220), (220, 220), (220, 330), (110, 330), (110, 220),
              (0, 220), (0, 110), (110, 110)], [[(145, 145), (185, 145), (185, 185), (145, 185)]]),
    ("comb", [(0, 0), (420, 0), (420, 240), (340, 240), (340, 90), (250, 90), (250, 240), (170, 240), (170, 90),
              (80, 90), (80, 240), (0, 240)], [[(190, 25), (230, 25), (230, 55), (190, 55)]]),
    ("arrow", [(0, 0), (200, 120), (400, 0), (200, 330)], [[(170, 170), (230, 170), (200, 220)]]),
    ("crescent", [(0, 150), (40, 60), (120, 10), (220, 0), (320, 40), (250, 70), (170, 80), (120, 130), (110, 200),
                  (150, 270), (240, 300), (330, 320), (220, 370), (110, 350), (30, 270)],
     [[(50, 170), (80, 170), (80, 210), (50, 210)]]),
    ("star", [(150, 0), (200, 100), (310, 110), (230, 180), (260, 290), (150, 230), (40, 290), (70, 180), (-10, 110),
              (100, 100)], [[(130, 130), (170, 130), (170, 170), (130, 170)]]),
    ("street", [(0, 0), (180, 20), (360, 90), (520, 100), (520, 150), (350, 145), (170, 80), (0, 60)],
     [[(250, 80), (275, 88), (270, 102), (246, 94)]]),
    ("block ring", [(0, 0), (300, 0), (300, 240), (240, 300), (0, 300)],
     [[(80, 80), (220, 80), (220, 220), (80, 220)]]),
    ("two yards", [(0, 0), (400, 0), (400, 160), (330, 220), (0, 220)],
     [[(50, 60), (150, 60), (150, 150), (50, 150)], [(230, 60), (330, 60), (330, 150), (230, 150)]]),
    ("market", [(0, 20), (150, 0), (280, 40), (300, 160), (210, 150), (200, 260), (60, 280), (20, 150)],
     [[(70, 80), (130, 70), (140, 120), (80, 130)], [(200, 80), (240, 85), (235, 115), (198, 112)]]),
    ("river bank", [(0, 0), (110, 30), (230, 20), (340, 60), (460, 50), (470, 130), (350, 150), (240, 110), (120, 130),
                    (10, 90)], [[(150, 60), (190, 58), (192, 85), (152, 88)]]),
    ("wedge", [(0, 0), (420, 60), (420, 140), (160, 160), (140, 260), (0, 300)],
     [[(60, 90), (110, 95), (100, 150), (55, 145)]]),
    ("stairs", [(0, 0), (100, 0), (100, 80), (200, 80), (200, 160), (300, 160), (300, 240), (400, 240), (400, 320),
                (200, 320), (200, 240), (100, 240), (100, 160), (0, 160)],
     [[(120, 110), (160, 110), (160, 140), (120, 140)]]),
    ("bow tie", [(0, 0), (180, 90), (360, 0), (360, 240), (180, 150), (0, 240)],
     [[(50, 90), (90, 90), (90, 150), (50, 150)]]),
    ("quarry", [(60, 0), (240, 30), (330, 130), (300, 260), (180, 220), (150, 320), (20, 260), (50, 160), (0, 90)],
     [[(120, 100), (200, 110), (190, 170), (130, 165)]]),
    ("campus", [(0, 0), (480, 0), (480, 300), (260, 300), (260, 240), (180, 240), (180, 300), (0, 300)],
     [[(60, 60), (140, 60), (140, 120), (60, 120)], [(220, 80), (280, 80), (280, 180), (220, 180)],
      [(360, 100), (430, 100), (430, 220), (360, 220)]]),
    ("hook", [(0, 0), (90, 0), (90, 220), (260, 220), (260, 120), (180, 120), (180, 40), (340, 40), (340, 300),
              (0, 300)], [[(30, 120), (60, 120), (60, 160), (30, 160)]]),
    ("slanted U", [(0, 80), (300, 0), (330, 110), (150, 158), (170, 240), (350, 192), (380, 300), (80, 380)],
     [[(60, 170), (90, 162), (100, 200), (70, 208)]]),
    ("boomerang", [(0, 0), (120, 0), (200, 160), (420, 200), (420, 310), (140, 280), (60, 180)],
     [[(100, 140), (140, 150), (150, 200), (110, 190)]]),
    ("keyhole", [(0, 0), (80, 0), (80, 150), (200, 170), (240, 260), (180, 350), (60, 360), (-40, 300),
                  (-60, 210), (0, 150)],
     [[(60, 230), (120, 230), (120, 290), (60, 290)]]),
    ("gear", [(100, 0), (200, 0), (210, 60), (280, 40), (330, 120), (280, 160), (330, 220), (270, 290), (210, 260),
              (200, 320), (100, 320), (90, 260), (20, 290), (-30, 210), (20, 160), (-30, 100), (30, 40), (90, 60)],
     [[(130, 130), (170, 130), (170, 190), (130, 190)]]),
    ("long bend", [(0, 0), (400, 0), (400, 60), (80, 60), (80, 200), (420, 200), (420, 270), (0, 270)],
     [[(20, 110), (55, 110), (55, 150), (20, 150)]]),
    ("harbour", [(0, 0), (500, 40), (480, 180), (400, 170), (390, 90), (310, 85), (300, 190), (220, 185), (210, 80),
                 (130, 75), (120, 200), (0, 190)], [[(30, 80), (70, 85), (65, 130), (28, 125)]]),
    ("leaf", [(0, 0), (140, 30), (260, 110), (330, 240), (210, 220), (230, 330), (120, 250), (40, 140)],
     [[(120, 110), (170, 140), (150, 180), (105, 150)]]),
    ("three houses", [(0, 0), (260, 0), (300, 110), (230, 170), (280, 280), (40, 300), (70, 160)],
     [[(60, 40), (100, 40), (100, 80), (60, 80)], [(170, 50), (210, 50), (210, 90), (170, 90)],
      [(130, 200), (180, 200), (180, 250), (130, 250)]]),
    ("diamond", [(0, 200), (200, 0), (400, 200), (260, 260), (300, 340), (200, 400), (140, 300)],
     [[(170, 160), (230, 160), (230, 220), (170, 220)]]),
    ("spiral", [(0, 0), (380, 0), (380, 340), (100, 340), (100, 120), (270, 120), (270, 230), (190, 230), (190, 270),
                (320, 270), (320, 70), (50, 70), (50, 390), (0, 390)],
     [[(180, 15), (230, 15), (230, 45), (180, 45)]]),
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """One path: seconds, share of the inset area seen, metres outside it."""

    seconds: float
    seen: float
    outside_m: float


def flyable_of(area: Polygon) -> Polygon:
    """The largest part of an area less its border inset."""
    return max(shapely.get_parts(area.buffer(-INSET_M, join_style="mitre")), key=lambda part: part.area)


def score(
    runs: list[list[tuple[float, float]]], way: list[tuple[float, float]], flyable: Polygon, *, width_m: float = WIDTH_M
) -> Score:
    """Judge a way by what its photographed runs show: pictures straight down, as wide and deep as the camera's."""
    seen = []
    for run in runs:
        for (x0, y0), (x1, y1) in pairwise(run):
            length = math.hypot(x1 - x0, y1 - y0)
            if length > 0.01:
                beyond_m = BEYOND_M * width_m / WIDTH_M
                dx, dy = (x1 - x0) / length * beyond_m, (y1 - y0) / length * beyond_m
                line = LineString([(x0 - dx, y0 - dy), (x1 + dx, y1 + dy)])
                seen.append(line.buffer(width_m / 2, cap_style="flat"))
    outside_m = LineString(way).difference(flyable.buffer(0.05)).length
    share = shapely.union_all(seen).intersection(flyable).area / flyable.area
    return Score(AIRFRAME.route_time_s(way, SPEED_M_S), share, outside_m)


def request_of(area: Polygon, home: tuple[float, float], **changes: object) -> tuple[SurveyRequest, LocalFrame]:
    """The wish for a plan of an area in metres, home anywhere in it."""
    shifted = shapely.transform(area, lambda xy: xy - np.array(home))
    frame = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=15.0))
    settings = {
        "zone_id": "z", "outline": map_from_plane(flyable_of(shifted), frame), "home": frame.origin,
        "height_agl_m": HEIGHT_M, "camera": CAMERA,
        "airspace": map_from_plane(Polygon(shifted.exterior), frame), "front_overlap": FRONT,
        "no_fly": tuple(map_from_plane(Polygon(ring), frame) for ring in shifted.interiors), "side_overlap": SIDE,
        "speed_m_s": SPEED_M_S, "border_inset_m": INSET_M, "airframe": AIRFRAME, **changes,
    }  # fmt: skip
    return SurveyRequest(**settings), frame  # type: ignore[arg-type]  # a table of keywords


def course_of(plan: object, frame: LocalFrame, home: tuple[float, float]) -> tuple[list, list]:
    """The strips and the whole way of a plan, back in the area's metres."""
    at = np.array([(w.position.lat_deg, w.position.lon_deg, 15.0) for w in plan.waypoints])  # type: ignore[attr-defined]
    points = [tuple(xy) for xy in (frame.enu_from_geodetics(at)[:, :2] + np.array(home)).tolist()]
    runs = []
    for waypoint, point in zip(plan.waypoints, points, strict=True):  # type: ignore[attr-defined]
        if waypoint.kind == "strip_start":
            runs.append([point])
        elif waypoint.strip is not None:
            runs[-1].append(point)
    return runs, points


def peer_scores(flyable: Polygon, home: tuple[float, float]) -> dict[str, list[Score]]:
    """All that the others make of an area."""
    found: dict[str, list[Score]] = {"opencoverage": [], "coverage-path-planner": []}
    lens = opencoverage.PinholeCamera(
        pixel_size_mm=0.003, focal_length_mm=HEIGHT_M, sensor_width_mm=WIDTH_M, sensor_height_mm=DEPTH_M
    )
    uav = opencoverage.UAV(min_height=1, max_height=500, survey_velocity=SPEED_M_S)
    for pattern in ("back_forth", "long_edge", "optimal_sweep"):
        path = opencoverage.plan(
            polygon=flyable, uav=uav, camera=lens, pattern=pattern, lateral_overlap=SIDE, forward_overlap=FRONT,
            target="altitude", target_value=HEIGHT_M, n_angle_steps=720,
        ).path  # fmt: skip
        path = [(float(x), float(y)) for x, y, *_ in path]
        found["opencoverage"].append(score([path], [home, *path, home], flyable))
    for laps in (0, 1):
        for angle in range(24):
            path = _cpp_path(flyable, home, math.radians(7.5 * angle), laps)
            if len(path) > 1:
                found["coverage-path-planner"].append(score([path], [home, *path, home], flyable))
    return found


def _cpp_path(flyable: Polygon, home: tuple[float, float], angle: float, laps: int) -> list[tuple[float, float]]:
    def ring(coords: object) -> cpp.Polygon:
        return cpp.Polygon([cpp.Point(x, y) for x, y in list(coords)[:-1]])  # type: ignore[call-overload]

    environment = cpp.Environment(ring(flyable.exterior.coords))
    for hole in flyable.interiors:
        environment.addObstacle(ring(hole.coords))
    settings = cpp.PathSettings()
    settings.pattern, settings.offset, settings.angle, settings.distanceToBorder = "lines", SPACING_M, angle, 0
    settings.mowArea, settings.mowBorder, settings.mowExclusionsBorder = True, laps > 0, laps > 0
    settings.borderLaps = settings.exclusionsBorderLaps = laps
    path = cpp.PathService().computeFullTask(environment, settings, cpp.Point(*home)).path
    return [(point.x, point.y) for point in path.getPoints()]


def best(scores: list[Score], *, seen: float) -> Score | None:
    """The fastest that covers so much and stays inside."""
    good = [one for one in scores if one.seen >= seen - 1e-4 and one.outside_m <= 0.1]
    return min(good, key=lambda one: one.seconds, default=None)


def compare() -> None:
    """Thirty areas, a line each."""
    won = 0
    slowest_s = 0.0
    print("area | ours s | seen | outside m | planned in s | opencoverage s | coverage-path-planner s | any inside s")
    for name, outer, holes in AREAS:
        area = Polygon(outer, holes)
        flyable = flyable_of(area)
        home = flyable.representative_point().coords[0]
        request, frame = request_of(area, home)
        began = time.process_time()
        plan = draft_survey(request)
        took_s = time.process_time() - began
        slowest_s = max(slowest_s, took_s)
        ours = score(*course_of(plan, frame, home), flyable)
        peers = peer_scores(flyable, home)
        at_par = [best(scores, seen=ours.seen) for scores in peers.values()]
        shown = [f"{one.seconds:.0f}" if one else _why(peers[name]) for name, one in zip(peers, at_par, strict=True)]
        anyhow = best([one for scores in peers.values() for one in scores], seen=0.0)
        won += ours.outside_m <= 0.1 and all(one is None or ours.seconds < one.seconds for one in at_par)
        print(f"{name} | {ours.seconds:.0f} | {ours.seen:.2%} | {ours.outside_m:.2f} | {took_s:.2f} | {shown[0]} | "
              f"{shown[1]} | {f'{anyhow.seconds:.0f} ({anyhow.seen:.1%})' if anyhow else '-'}")  # fmt: skip
    print(f"shortest at our coverage and inside: {won} of {len(AREAS)}; slowest plan {slowest_s:.2f} s")


def _why(scores: list[Score]) -> str:
    """The nearest that a peer came."""
    inside = [one for one in scores if one.outside_m <= 0.1]
    if inside:
        one = max(inside, key=lambda one: one.seen)
        return f"- ({one.seconds:.0f} at {one.seen:.1%})"
    one = min(scores, key=lambda one: one.outside_m)
    return f"- ({one.seconds:.0f}, {one.outside_m:.0f} m outside)"


def random_area(rng: np.random.Generator) -> tuple[Polygon, tuple[float, float]] | None:
    """A concave area of four to twelve corners with up to three holes, and a home in it; None where it is none."""
    count = int(rng.integers(4, 13))
    turns = np.sort(rng.uniform(0, 2 * math.pi, count))
    radii = rng.uniform(40, 180, count)
    area = Polygon(np.stack((radii * np.cos(turns), radii * np.sin(turns)), axis=1))
    if not area.is_valid:
        return None
    for _ in range(int(rng.integers(0, 4))):
        x, y, half, turn = *rng.uniform(-90, 90, 2), rng.uniform(5, 25), rng.uniform(0, math.pi / 2)
        house = shapely.box(x - half, y - half / 2, x + half, y + half / 2)
        house = shapely.affinity.rotate(house, turn, use_radians=True)
        if area.contains(house.buffer(1)):
            area = area.difference(house)
    parts = shapely.get_parts(area.buffer(-INSET_M, join_style="mitre"))
    if not len(parts) or area.geom_type != "Polygon" or max(part.area for part in parts) < 400:
        return None
    flyable = flyable_of(area)
    home = flyable.buffer(-1).representative_point()
    return None if home.is_empty or not flyable.contains(home) else (area, (home.x, home.y))


def judge_random(seed: int) -> tuple[float, float, float, float] | str | None:
    """One random area: metres outside, share seen, worst sortie's share of the energy it may use, seconds to plan.

    Why it was refused, where it was; None where the seed gives no area.
    """
    drawn = random_area(np.random.default_rng(seed))
    if drawn is None:
        return None
    area, home = drawn
    airframe = Airframe(battery_wh=40.0)
    request, frame = request_of(area, home, airframe=airframe, height_agl_m=45.0)
    began = time.process_time()
    try:
        plans = plan_sorties(request)
    except PlanRefused as error:
        return f"area {seed}: {error}"
    took_s = time.process_time() - began
    courses, flyable = [course_of(plan, frame, home) for plan in plans], flyable_of(area)
    scores = [score(runs, way, flyable, width_m=WIDTH_M * 1.5) for runs, way in courses]
    together = score([run for runs, _ in courses for run in runs], courses[0][1], flyable, width_m=WIDTH_M * 1.5)
    used = max(plan.energy_wh for plan in plans) / (airframe.battery_wh - airframe.reserve_wh)
    return sum(one.outside_m for one in scores), together.seen, used, took_s


def many(count: int, workers: int, minutes: float) -> None:
    """Random areas: none may leave, miss more than a hundredth, or exceed a battery. Stops at the time given."""
    until_s, found, refused = time.monotonic() + minutes * 60, [], []
    with ProcessPoolExecutor(workers) as pool:
        for one in pool.map(judge_random, range(count * 2), chunksize=20):
            if isinstance(one, str):
                refused.append(one)
                print(f"refused: {one}", flush=True)
            elif one is not None:
                found.append(one)
                if len(found) % 500 == 0:
                    print(f"{len(found)} areas", flush=True)
            if len(found) + len(refused) == count or time.monotonic() > until_s:
                break
        pool.shutdown(wait=False, cancel_futures=True)
    outside, seen, used, took = np.array(found).T
    print(
        f"{len(found)} random areas, {len(refused)} more refused: "
        f"{(outside > 0.1).sum()} with a leg outside (worst {outside.max():.2f} m), "
        f"{(seen < 0.99).sum()} seen under 99 % (least {seen.min():.2%}), {(used > 1).sum()} over their energy "
        f"(most {used.max():.1%}); {np.median(took):.2f} s each, slowest {took.max():.2f} s of processor time"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=300, help="random areas; 5000 takes half an hour")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60, help="stop the random areas after so long")
    asked = parser.parse_args()
    many(asked.random, asked.workers, asked.minutes)
    compare()
