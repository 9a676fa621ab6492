"""The judgement: sighting, rules, zones and permits in; an explanation or one named refusal out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import shapely

from geofences.verdict import Containment, judge_containment
from geofences.zone import ZoneKind
from pipeline.domain.finding import DropReason, Explanation, PermitConsidered
from pipeline.domain.sign_match import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geofences.zone import Permit, Zone
    from geofences.zone_index import ZoneIndex
    from pipeline.domain.rule import Rule
    from pipeline.domain.sighting import Sighting

# Zones and permits further away than this beyond the error radius cannot matter to any verdict, but a permit
# that nearly fits is worth showing to the officer.
LOOK_AROUND_M = 25.0
_OUTSIDE = Containment.OUTSIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """The sighting is worth an officer's minute.

    Attributes:
        rule: the rule that says so.
        why: in values the console can put in words.
    """

    rule: Rule
    why: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The sighting is left alone.

    Attributes:
        reason: its name.
        detail: what decided it.
    """

    reason: DropReason
    detail: str


def judge_sighting(
    sighting: Sighting, rules: Sequence[Rule], index: ZoneIndex, *, sign_text: str | None = None
) -> Flagged | Refused:
    """Whether a sighting is worth an officer's minute.

    Tests run in this order and the first that fails names the reason: a rule for the day of the act, persistence,
    zone in space, zone in time, privacy, permit.

    Args:
        sighting: a located track.
        rules: the rule pack; the row for this offence in force on the day is used.
        index: the site's zones and permits.
        sign_text: what the sign reads, "" if it cannot be read; None before it was read: a permit for a sign of a
            certain text then decides nothing yet.
    """
    track = sighting.track
    rule = next((row for row in rules if row.offence is track.offence and row.in_force(track.best.at_s)), None)
    if rule is None:
        return Refused(reason=DropReason.NO_RULE, detail=track.offence.value)
    refused = _judge_persistence(sighting, rule)
    if refused is not None:
        return refused
    nearby = index.zones_near(sighting.fix.position, sighting.fix.ellipse.semi_major_m + LOOK_AROUND_M)
    zone = _judge_zone(sighting, rule, nearby)
    if isinstance(zone, Refused):
        return zone
    permits = _judge_permits(sighting, index, sign_text)
    if isinstance(permits, Refused):
        return permits
    return Flagged(rule=rule, why=_explain(sighting, rule, zone, permits, _grid_cell(sighting, index)))


def _judge_persistence(sighting: Sighting, rule: Rule) -> Refused | None:
    asked = rule.persistence_for(sighting.source_kind)
    track = sighting.track
    hits, covered = len(track.observations), max(track.frames_covered, 1)
    if hits < asked.min_hits or hits / covered < asked.min_share:
        detail = f"{hits}/{covered} < {asked.min_hits}, {asked.min_share:.0%}"
        return Refused(reason=DropReason.TOO_FEW_HITS, detail=detail)
    if track.best.score < asked.min_peak_score:
        return Refused(reason=DropReason.NEVER_SURE, detail=f"{track.best.score:.2f} < {asked.min_peak_score:.2f}")
    dwell_s = track.last_s - track.first_s
    if dwell_s < asked.min_dwell_s:
        return Refused(reason=DropReason.TOO_BRIEF, detail=f"{dwell_s:.1f} s < {asked.min_dwell_s:.0f} s")
    return None


def _judge_zone(sighting: Sighting, rule: Rule, nearby: Sequence[Zone]) -> Zone | Refused:
    """The zone the thing lies in; neighbouring zones of the rule's kinds are judged as one area."""
    at_s = sighting.track.best.at_s
    for zone in nearby:
        if zone.kind is ZoneKind.PRIVACY and zone.in_force(at_s) and _contained(sighting, (zone,)) is not _OUTSIDE:
            return Refused(reason=DropReason.PRIVACY_ZONE, detail=zone.zone_id)
    asked = [zone for zone in nearby if zone.kind in rule.zone_kinds]
    active = [zone for zone in asked if zone.in_force(at_s)]
    verdict = _contained(sighting, active)
    if verdict is not _OUTSIDE:
        position = sighting.fix.position
        point = shapely.Point(position.lon_deg, position.lat_deg)
        nearest = min(active, key=lambda zone: zone.outline.distance(point))
        return nearest if verdict is Containment.INSIDE else _undecided(sighting, nearest.zone_id)
    dormant = next((zone for zone in asked if _contained(sighting, (zone,)) is Containment.INSIDE), None)
    if dormant is not None:
        return Refused(reason=DropReason.OUTSIDE_SCHEDULE, detail=dormant.zone_id)
    kinds = ", ".join(sorted(rule.zone_kinds))
    return Refused(reason=DropReason.OUTSIDE_ZONE, detail=kinds)


def _judge_permits(
    sighting: Sighting, index: ZoneIndex, sign_text: str | None
) -> tuple[PermitConsidered, ...] | Refused:
    near = index.permits_near(sighting.fix.position, sighting.fix.ellipse.semi_major_m + LOOK_AROUND_M)
    considered: list[PermitConsidered] = []
    at_the_border: str | None = None
    for permit in near:
        if permit.allows != sighting.track.offence:
            continue
        verdict = _contained(sighting, (permit,))
        if verdict is _OUTSIDE:
            considered.append(PermitConsidered(permit_id=permit.permit_id, why_not="elsewhere"))
        elif not permit.valid_at(sighting.track.best.at_s):
            considered.append(PermitConsidered(permit_id=permit.permit_id, why_not="not_valid_then"))
        elif permit.text and (sign_text is None or (sign_text and not says(permit.text, sign_text))):
            considered.append(PermitConsidered(permit_id=permit.permit_id, why_not="another_sign"))
        elif verdict is Containment.INSIDE:
            return Refused(reason=DropReason.PERMIT_VALID, detail=permit.number)
        else:
            at_the_border = permit.number
    return tuple(considered) if at_the_border is None else _undecided(sighting, at_the_border)


def _contained(sighting: Sighting, areas: Sequence[Zone | Permit]) -> Containment:
    if not areas:
        return _OUTSIDE
    outline = cast("shapely.Polygon | shapely.MultiPolygon", shapely.union_all([area.outline for area in areas]))
    return judge_containment(sighting.fix.position, sighting.fix.ellipse, outline)


def _undecided(sighting: Sighting, border_of: str) -> Refused:
    detail = f"{border_of} ± {sighting.fix.ellipse.semi_major_m:.1f} m"
    return Refused(reason=DropReason.POSITION_UNDECIDED, detail=detail)


def _grid_cell(sighting: Sighting, index: ZoneIndex) -> str:
    return index.grid_cell_at(sighting.fix.position, sighting.fix.ellipse, at_s=sighting.track.best.at_s).name


def _explain(
    sighting: Sighting, rule: Rule, zone: Zone, permits: tuple[PermitConsidered, ...], grid_cell_id: str
) -> Explanation:
    track = sighting.track
    return Explanation(
        rule_id=rule.rule_id,
        rule_version=rule.version,
        statute=rule.statute,
        event_code=rule.event_code,
        zone_id=zone.zone_id,
        zone_name=zone.name,
        hits=len(track.observations),
        frames_covered=track.frames_covered,
        dwell_s=track.last_s - track.first_s,
        best_score=track.best.score,
        permits=permits,
        grid_cell_id=grid_cell_id,
    )
