"""Patrols that are not areas: along a street, and back to where a piece of evidence was taken."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import LineString

from flights.composition import compose_plan
from flights.coverage import Pass
from flights.errors import PlanRefused
from flights.plan_checks import validated
from flights.plane import map_from_plane, plane_from_map, plane_point

if TYPE_CHECKING:
    from flights.plane import Point
    from flights.survey_plan import SurveyPlan
    from flights.survey_request import SurveyRequest
    from geofences.pose import Pose

BEND_FIT_M = 1.0  # a line drawn by hand is flown with no more bends than this needs
RUN_UP_M, RUN_OUT_M = 12.0, 4.0  # straight and level before the pose, so that the lens is still; after it, to be sure
POSE_TRIGGER_M = 2.0  # or, where pictures are deep, a twentieth of their depth


def plan_corridor(request: SurveyRequest, line: LineString, *, width_m: float) -> SurveyPlan:
    """Plan a patrol along a street, to and fro on as many lanes as its width asks for.

    Args:
        request: home, height, camera and where the aircraft may be; its outline is replaced by the corridor's.
        line: the middle of the street, (lon, lat).
        width_m: of the ground to see, across the line.

    Raises:
        PlanRefused: the line or width is none, the aircraft may not be above all of it, or a leg may not be flown.
    """
    middle = plane_from_map(line, request.frame).simplify(BEND_FIT_M)
    if not middle.length > 0 or not width_m > 0:
        raise PlanRefused(leg="the corridor", fault="its line or width is none", remedy="Draw two points or more.")
    ground = middle.buffer(width_m / 2, cap_style="flat", join_style="mitre", mitre_limit=2)
    request = replace(request, outline=map_from_plane(ground, request.frame))
    runs = []
    for i, offset_m in enumerate(request.layout.laterals_m(-width_m / 2, width_m / 2).tolist()):
        lane = shapely.offset_curve(middle, offset_m, join_style="mitre", mitre_limit=2) if offset_m else middle
        corners = [(float(x), float(y)) for x, y in shapely.get_coordinates(lane)]
        if not request.transit.allowed.buffer(0.01).covers(lane):
            raise PlanRefused(
                leg=f"lane {i + 1}",
                fault="it leaves the airspace or crosses a no-fly area",
                remedy="Draw the line round it, or survey the street as an area.",
            )
        runs.append([Pass(start_m=start, end_m=end) for start, end in pairwise(corners)])
    return _validated(request, _to_and_fro(request, runs))


def plan_reinspection(request: SurveyRequest, pose: Pose) -> SurveyPlan:
    """Plan a short run through the pose in which evidence was taken: the same place, height, direction and lens.

    The aircraft flies the way the camera looked, so that lens and nose agree; one of its pictures falls on the pose.

    Args:
        request: home, camera and where the aircraft may be; outline, height and lens are replaced by the pose's.
        pose: of the camera, as the case's evidence states it.

    Raises:
        PlanRefused: the aircraft may not be there, not so high, or a leg may not be flown.
    """
    east, north = plane_point(pose.position, request.frame)
    yaw = math.radians(pose.gimbal.yaw_deg)
    along = np.array([math.sin(yaw), math.cos(yaw)])
    ground_m = request.home.alt_ellipsoid_m
    if request.terrain is not None:
        ground_m = request.terrain(pose.position.lat_deg, pose.position.lon_deg)
    asked = replace(
        request,
        gimbal_pitch_deg=max(-90.0, pose.gimbal.pitch_deg),
        height_agl_m=pose.position.alt_ellipsoid_m - ground_m,
        terrain=None if request.terrain is None else lambda _lat, _lon: ground_m,
    )
    seen = np.array([east, north]) + asked.footprint.centre_m * along
    ground = LineString([seen - RUN_UP_M * along, seen + RUN_OUT_M * along])
    asked = replace(
        asked,
        outline=map_from_plane(ground.buffer(asked.footprint.width_m / 2, cap_style="flat"), request.frame),
        front_overlap=max(0.0, min(0.95, 1 - POSE_TRIGGER_M / asked.footprint.trigger_m(0.0))),
    )
    # Whole trigger distances before the pose, so that a picture falls on it.
    run_up_m = asked.trigger_m * max(1, round(RUN_UP_M / asked.trigger_m))
    start, end = np.array([east, north]) - run_up_m * along, np.array([east, north]) + RUN_OUT_M * along
    run = Pass(start_m=(float(start[0]), float(start[1])), end_m=(float(end[0]), float(end[1])))
    if not asked.transit.allowed.covers(LineString([run.start_m, run.end_m])):
        raise PlanRefused(
            leg="strip 1",
            fault="the evidence was taken where the aircraft may not be now",
            remedy="Apply for the airspace, or take the pictures from elsewhere.",
        )
    return _validated(asked, [run])


def _to_and_fro(request: SurveyRequest, lanes: list[list[Pass]]) -> list[Pass]:
    """All lanes in turn, from the end nearest to where the aircraft is; a lens that looks ahead begins earlier."""
    flown: list[Pass] = []
    here: Point = (0.0, 0.0)
    outer = (lanes, lanes[::-1])
    for lane in min(outer, key=lambda order: min(math.hypot(*order[0][0].start_m), math.hypot(*order[0][-1].end_m))):
        forward = math.dist(here, lane[0].start_m) <= math.dist(here, lane[-1].end_m)
        run = lane if forward else [one.reversed() for one in reversed(lane)]
        (x0, y0), (x1, y1) = run[0].start_m, run[0].end_m
        back = request.footprint.centre_m / run[0].length_m
        early = Pass(start_m=(x0 - back * (x1 - x0), y0 - back * (y1 - y0)), end_m=run[0].end_m)
        if request.transit.allowed.covers(LineString([early.start_m, early.end_m])):
            run = [early, *run[1:]]
        flown += run
        here = run[-1].end_m
    return flown


def _validated(request: SurveyRequest, passes: list[Pass]) -> SurveyPlan:
    (x0, y0), (x1, y1) = passes[0].start_m, passes[0].end_m
    angle_deg = math.degrees(math.atan2(y1 - y0, x1 - x0)) % 180
    return validated(compose_plan(request, passes, strip_angle_deg=angle_deg), request)
