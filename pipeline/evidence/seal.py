"""Sealing: the original clip, the pictures made from it and the manifest of a finding go into the vault."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pipeline.domain.case import SealedFinding
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceItem, EvidenceRole, Manifest
from pipeline.errors import NotFound
from pipeline.evidence.pictures import LabelledBox, annotate, frame_jpeg, mask
from pipeline.evidence.place_tags import with_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from detectors.detections import ModelIdentity
    from pipeline.domain.finding import Finding
    from pipeline.domain.frame import Frame
    from pipeline.ports import FrameSource, Vault

# Kept before and after the best sighting, so that an officer sees how it began and ended. Source: issue 2 brief.
CLIP_MARGIN_S = 2.5
_JPEG = "image/jpeg"


def finding_id_of(look_id: str, finding: Finding) -> str:
    """16 hex digits that are the same whenever the same look is examined with the same result."""
    body = [
        look_id,
        finding.offence,
        sorted(seen.track.track_id for seen in finding.sightings),
        finding.first_s,
        finding.last_s,
    ]
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]


def seal_finding(
    finding: Finding,
    *,
    source: FrameSource,
    frames: Mapping[int, Frame],
    model: ModelIdentity,
    software: str,
    device: str,
    vault: Vault,
) -> SealedFinding:
    """Seal what a finding rests on.

    Args:
        finding: what was flagged; its first sighting is the best.
        source: the look it comes from.
        frames: kept frames by id; at least that of the best sighting's best observation.
        model: the detector.
        software: name and version of this program.
        device: make, model or description of the camera.
        vault: where to.

    Raises:
        NotFound: the best frame was not kept.
        StorageFull: the vault has no room.
    """
    best = finding.sightings[0].track.best
    frame = frames.get(best.frame_id)
    if frame is None:
        raise NotFound(f"look {source.look_id}: frame {best.frame_id} was not kept for sealing")
    finding_id = finding_id_of(source.look_id, finding)
    why, place, ellipse = finding.why, finding.fix.position, finding.fix.ellipse
    manifest = Manifest(
        finding_id=finding_id,
        look_id=source.look_id,
        source_id=source.profile.source_id,
        device=device,
        offence=finding.offence,
        captured_from_s=finding.first_s,
        captured_until_s=finding.last_s,
        clock_offset_s=frame.clock_offset_s,
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
        error_semi_major_m=ellipse.semi_major_m,
        error_semi_minor_m=ellipse.semi_minor_m,
        error_bearing_deg=ellipse.bearing_deg,
        rule_id=why.rule_id,
        rule_version=why.rule_version,
        software=software,
        model_name=model.name,
        model_sha256=model.weights_sha256,
        items=_seal_items(finding, finding_id, frame, source, vault),
        sign_text=why.sign_text,
        boxes_px=tuple(_rounded(box.xyxy_px) for box in _boxes_in(finding, frame.frame_id)),
    )
    return _sealed(finding, manifest, vault.put(manifest.to_bytes()))


def _seal_items(
    finding: Finding, finding_id: str, frame: Frame, source: FrameSource, vault: Vault
) -> tuple[EvidenceItem, ...]:
    """Original first, then what was made from it."""
    followed = finding.sightings[0].track.observations
    from_pts_s, until_pts_s = max(0.0, followed[0].pts_s - CLIP_MARGIN_S), followed[-1].pts_s + CLIP_MARGIN_S
    if source.profile.kind is SourceKind.STILLS:  # the photograph the marked copies are made from, and no other
        from_pts_s = until_pts_s = frame.pts_s
    clip, media_type = source.original(from_pts_s, until_pts_s)
    moving = media_type.startswith("video/")
    original = _keep(vault, clip, EvidenceRole.ORIGINAL_CLIP if moving else EvidenceRole.ORIGINAL_STILL, media_type)
    image, boxes = frame.image_bgr, _boxes_in(finding, frame.frame_id)
    caption = _caption(finding, frame, source.look_id, finding_id)
    tagged = partial(
        with_place,
        lat_deg=finding.fix.position.lat_deg,
        lon_deg=finding.fix.position.lon_deg,
        error_m=finding.fix.ellipse.semi_major_m,
        at_s=frame.captured_at_s,
        camera=source.profile.name,
    )
    return (
        original,
        _keep(vault, frame_jpeg(image), EvidenceRole.FRAME, _JPEG, original),
        _keep(vault, tagged(annotate(image, boxes, caption)), EvidenceRole.ANNOTATED, _JPEG, original),
        _keep(vault, tagged(mask(image, [box.xyxy_px for box in boxes])), EvidenceRole.MASKED, _JPEG, original),
    )


def _sealed(finding: Finding, manifest: Manifest, manifest_sha256: str) -> SealedFinding:
    return SealedFinding(
        finding_id=manifest.finding_id,
        look_id=manifest.look_id,
        source_id=manifest.source_id,
        source_kind=finding.sightings[0].source_kind,
        offence=finding.offence,
        first_s=finding.first_s,
        last_s=finding.last_s,
        fix=finding.fix,
        why=finding.why,
        merge_distance_m=finding.merge_distance_m,
        merge_window_s=finding.merge_window_s,
        manifest_sha256=manifest_sha256,
        items=manifest.items,
    )


def _keep(
    vault: Vault, content: bytes, role: EvidenceRole, media_type: str, derived_from: EvidenceItem | None = None
) -> EvidenceItem:
    return EvidenceItem(
        sha256=vault.put(content),
        byte_count=len(content),
        role=role,
        media_type=media_type,
        derived_from_sha256=derived_from.sha256 if derived_from else None,
    )


def _boxes_in(finding: Finding, frame_id: int) -> list[LabelledBox]:
    """Every member's box in that frame; a member not seen in it has none."""
    return [
        LabelledBox(xyxy_px=seen.xyxy_px, offence=finding.offence, score=seen.score)
        for sighting in finding.sightings
        for seen in sighting.track.observations
        if seen.frame_id == frame_id
    ]


def _rounded(xyxy_px: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(float(edge), 1) for edge in xyxy_px)
    return left, top, right, bottom


def _caption(finding: Finding, frame: Frame, look_id: str, finding_id: str) -> list[str]:
    taken = datetime.fromtimestamp(frame.captured_at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    place, why = finding.fix.position, finding.why
    return [
        f"{finding.offence}  {taken} UTC (clock offset {frame.clock_offset_s:+.1f} s)",
        f"{place.lat_deg:.6f} N {place.lon_deg:.6f} E  +-{finding.fix.ellipse.semi_major_m:.1f} m (95 %)  WGS 84",
        f"source {frame.source_id}  zone {why.zone_id}  rule {why.rule_id} v{why.rule_version}",
        f"look {look_id}  frame {frame.frame_id}  finding {finding_id}",
    ]
