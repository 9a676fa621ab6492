"""Why a case was flagged, in sentences: the explanation's values said in the officer's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geofences.ground_fix import GroundFix
    from geofences.zone import Permit, Zone
    from pipeline.console.wording import Wording
    from pipeline.domain.case import Case
    from pipeline.domain.finding import Explanation

_SHARES_NAMED = 3
_SMALLEST_SHARE_NAMED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One line of the explanation.

    Attributes:
        topic: what it is about, as a heading.
        text: the sentence.
        detail: the finer print, or "".
    """

    topic: str
    text: str
    detail: str = ""


def explain(case: Case, zones: Mapping[str, Zone], permits: Mapping[str, Permit], say: Wording) -> tuple[Reason, ...]:
    """Why a case was flagged, by its latest finding, and how well its place is known by all of them.

    Args:
        case: what was flagged.
        zones: the site's zones by id.
        permits: the site's permits by id.
        say: the officer's language.
    """
    why = case.findings[-1].why
    zone = zones.get(why.zone_id)
    seen = say.text("why.seen_text", hits=why.hits, frames=why.frames_covered, dwell=say.duration(why.dwell_s))
    return (
        Reason(
            topic=say.text("why.rule"),
            text=why.statute or say.text("why.no_statute"),
            detail=say.text("why.rule_detail", rule=why.rule_id, version=why.rule_version, code=why.event_code or "-"),
        ),
        Reason(
            topic=say.text("why.zone"),
            text=say.text("why.zone_text", zone=why.zone_name or why.zone_id),
            detail=say.listed(_zone_detail(why, zone, say)),
        ),
        Reason(topic=say.text("why.seen"), text=seen, detail=say.text("why.score", score=f"{why.best_score:.2f}")),
        *([Reason(topic=say.text("why.motion"), text=say.name("motion", why.motion))] if why.motion else []),
        *([_sign(why, say)] if why.sign_text else []),
        Reason(topic=say.text("why.permits"), text=_permits(why, permits, say)),
        Reason(topic=say.text("why.place"), text=_radius(case.fix, say), detail=_shares(case.fix, say)),
    )


def _zone_detail(why: Explanation, zone: Zone | None, say: Wording) -> list[str]:
    cell = f"{say.name('zone_kind', 'grid_cell')} {why.grid_cell_id}" if why.grid_cell_id else ""
    return [part for part in (say.name("zone_kind", zone.kind) if zone else "", why.zone_id, cell) if part]


def _sign(why: Explanation, say: Wording) -> Reason:
    shop = say.text("why.sign_shop", shop=why.shop) if why.shop else say.text("why.sign_no_shop")
    return Reason(topic=say.text("why.sign"), text=say.text("why.sign_text", text=why.sign_text), detail=shop)


def _permits(why: Explanation, permits: Mapping[str, Permit], say: Wording) -> str:
    if not why.permits:
        return say.text("why.no_permits")
    said = []
    for considered in why.permits:
        permit = permits.get(considered.permit_id)
        said.append(
            say.text(
                "why.permit_text",
                permit=permit.number if permit else considered.permit_id,
                why=say.name("permit", considered.why_not),
            )
        )
    return say.listed(said)


def _radius(fix: GroundFix, say: Wording) -> str:
    return say.text(
        "why.place_text", major=say.metres(fix.ellipse.semi_major_m), minor=say.metres(fix.ellipse.semi_minor_m)
    )


def _shares(fix: GroundFix, say: Wording) -> str:
    """What the position's error is made of, largest first."""
    shares = [
        say.text("why.share", cause=say.name("cause", cause), percent=f"{share:.0%}")
        for cause, share in fix.budget[:_SHARES_NAMED]
        if share >= _SMALLEST_SHARE_NAMED
    ]
    return say.text("why.shares", shares=say.listed(shares)) if shares else ""
