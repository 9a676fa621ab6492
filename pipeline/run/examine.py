"""Examine one look: follow, locate, judge, group, seal, report. Files nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geofences.fusion import middle
from pipeline.domain.finding import Drop, Finding
from pipeline.domain.incident import cluster
from pipeline.domain.judge import Refused, judge_sighting
from pipeline.domain.look import LookReport
from pipeline.errors import BadInput
from pipeline.evidence.seal import seal_finding
from pipeline.geotag.sight import drop, sight
from pipeline.run.follow import follow
from pipeline.run.read_signs import read_signs
from pipeline.run.watch_plumes import watch_plumes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from detectors.detections import Engine
    from detectors.sign_reading import SignReader
    from geofences.local_frame import LocalFrame
    from geofences.zone_index import ZoneIndex
    from pipeline.domain.case import SealedFinding
    from pipeline.domain.frame import Frame
    from pipeline.domain.judge import Flagged
    from pipeline.domain.rule import Rule
    from pipeline.domain.sighting import Sighting
    from pipeline.domain.sign_match import Shop
    from pipeline.domain.track import Track
    from pipeline.geotag.ground import Ground
    from pipeline.ports import FrameSource, Vault
    from pipeline.run.follow import Followed, Tracker
    from pipeline.run.look_close import Closely


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """What it takes to examine a look.

    Attributes:
        engine: the detector.
        new_tracker: makes a tracker for a look of so many pictures a second.
        ground: the site's ground.
        index: its zones and permits.
        rules: its rule pack.
        vault: where evidence is sealed.
        software: name and version, for manifests.
        drill: mark everything as an exercise.
        reader: reads signs; None: they are not read.
        shops: the shop register.
        closely: how pictures from the air are looked at in tiles; None: never.
    """

    engine: Engine
    new_tracker: Callable[[float], Tracker]
    ground: Ground
    index: ZoneIndex
    rules: tuple[Rule, ...]
    vault: Vault
    software: str
    drill: bool = False
    reader: SignReader | None = None
    shops: tuple[Shop, ...] = ()
    closely: Closely | None = None

    def examine(self, source: FrameSource, progress: Callable[[float], None] = lambda _pts_s: None) -> LookReport:
        """Examine one look.

        Raises:
            BadInput: the look holds no picture.
            StorageFull: evidence could not be kept.
        """
        look = self.closely.over(source, self.engine, self.ground, self.index) if self.closely else None
        followed = follow(source, self.engine, self.new_tracker(source.look_hz), self.ground, progress, look)
        if followed.first_s is None or followed.last_s is None:
            raise BadInput(
                path=source.look_id, field="frames", fault="no picture could be read", remedy="Check the recording"
            )
        findings, drops = self._judge(followed, source)
        return LookReport(
            look_id=source.look_id,
            source_id=source.profile.source_id,
            source_kind=source.profile.kind,
            started_s=followed.first_s,
            ended_s=followed.last_s,
            frames_examined=followed.frames_examined,
            findings=self._seal(findings, source),
            drops=drops,
            drill=self.drill,
        )

    def _judge(self, followed: Followed, source: FrameSource) -> tuple[tuple[Finding, ...], tuple[Drop, ...]]:
        flagged: list[tuple[Sighting, Flagged]] = []
        drops: list[Drop] = []
        for track in followed.tracks:
            verdict = self._judge_track(track, source)
            if isinstance(verdict, Drop):
                drops.append(verdict)
            else:
                flagged.append(verdict)
        kept, static = watch_plumes(flagged, source, self.ground)
        kept, permitted = read_signs(kept, source, self.reader, rules=self.rules, index=self.index, shops=self.shops)
        return group_findings(kept, self.ground.frame), (*drops, *static, *permitted)

    def _judge_track(self, track: Track, source: FrameSource) -> tuple[Sighting, Flagged] | Drop:
        sighting = sight(track, source.profile, source.look_id, source.pose_at, self.ground)
        if isinstance(sighting, Drop):
            return sighting
        verdict = judge_sighting(sighting, self.rules, self.index)
        if isinstance(verdict, Refused):
            return drop(track, verdict.reason, verdict.detail, sighting.fix)
        return sighting, verdict

    def _seal(self, findings: Sequence[Finding], source: FrameSource) -> tuple[SealedFinding, ...]:
        if not findings:
            return ()
        frames = _frames_of(findings, source)
        return tuple(
            seal_finding(
                finding,
                source=source,
                frames=frames,
                model=self.engine.model,
                software=self.software,
                device=source.profile.name,
                vault=self.vault,
                drill=self.drill,
            )
            for finding in findings
        )


def _frames_of(findings: Sequence[Finding], source: FrameSource) -> dict[int, Frame]:
    """The best frame of each sighting, read a second time: nothing is held while a look is followed."""
    wanted = {seen.track.best.frame_id for finding in findings for seen in finding.sightings}
    return {frame.frame_id: frame for frame in source.frames() if frame.frame_id in wanted}


def group_findings(flagged: Sequence[tuple[Sighting, Flagged]], frame: LocalFrame) -> tuple[Finding, ...]:
    """Flagged sightings of one look as incidents: same offence, linked within the rule's merge distance."""
    findings: list[Finding] = []
    for offence in sorted({sighting.track.offence for sighting, _ in flagged}):
        members = [row for row in flagged if row[0].track.offence is offence]
        distance_m = members[0][1].rule.merge_distance_m
        for group in cluster([sighting.fix for sighting, _ in members], distance_m):
            rows = sorted((members[i] for i in group), key=lambda row: -row[0].track.best.score)
            sightings, verdict = tuple(row[0] for row in rows), rows[0][1]
            findings.append(
                Finding(
                    offence=offence,
                    sightings=sightings,
                    fix=middle([seen.fix for seen in sightings], frame),
                    why=verdict.why,
                    merge_distance_m=distance_m,
                    merge_window_s=verdict.rule.merge_window_s,
                )
            )
    return tuple(findings)
