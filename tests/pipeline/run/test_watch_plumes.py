"""Plumes are watched before they are drafted: what stands still is dropped by name, what cannot be told says so."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geofences.zone import ZoneKind
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.offence import Offence
from pipeline.evidence.vault import FolderVault

sys.path.insert(0, str(Path(__file__).parent))
from fakes import T0_S, MemorySource, Thing, profile
from test_examine import examiner, road, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.domain.frame import Frame
    from pipeline.run.examine import Examiner

DUST = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmedSource(MemorySource):
    """A source whose bursts show a textured ground, all of which boils or stands still."""

    boils: bool = False

    def burst(self, from_pts_s: float, until_pts_s: float, hz: float) -> Iterator[Frame]:
        """Pictures of that stretch."""
        rng = np.random.default_rng(4)
        first = next(iter(self.frames()))
        layers = [cv2.resize(rng.normal(size=(40, 60)).astype(np.float32), (640, 360)) for _ in range(2)]
        for number in range(int((until_pts_s - from_pts_s) * hz)):
            pts_s = from_pts_s + number / hz
            angle = 2 * np.pi * pts_s / 1.5 if self.boils else 0.0
            shown = np.clip(128 + 40 * (np.cos(angle) * layers[0] + np.sin(angle) * layers[1]), 0, 255)
            image = np.repeat(shown.astype(np.uint8)[..., None], 3, axis=2)
            yield replace(first, frame_id=number, pts_s=pts_s, captured_at_s=T0_S + pts_s, image_bgr=image)


def dust_examiner(source: MemorySource, tmp_path: Path) -> Examiner:
    """An examiner that sees one dust plume 18 m ahead, in a zone of its rule."""
    rule = replace(rules()[0], offence=Offence.DUST, zone_kinds=frozenset({ZoneKind.ROAD}))
    thing = Thing(class_id=DUST, enu_m=(0.0, 18.0), size_m=4.0)
    return replace(examiner(source, (thing,), FolderVault(tmp_path), road()), rules=(rule,))


def test_a_plume_that_stands_still_is_dropped_by_name(tmp_path: Path) -> None:
    """A white wall taken for dust becomes a drop whose detail says what decided it."""
    source = FilmedSource(profile=profile())
    report = dust_examiner(source, tmp_path).examine(source)
    assert report.findings == ()
    (drop,) = report.drops
    assert drop.reason is DropReason.PLUME_STATIC
    assert "px <" in drop.detail


def test_a_plume_that_boils_is_drafted_and_says_so(tmp_path: Path) -> None:
    """Real dust stays, its motion in the explanation."""
    source = FilmedSource(profile=profile(), boils=True)
    (finding,) = dust_examiner(source, tmp_path).examine(source).findings
    assert finding.why.motion in {"confirmed", "between"}


def test_what_cannot_be_told_stays(tmp_path: Path) -> None:
    """Without more pictures a plume is drafted all the same and says why its motion is not known."""
    source = MemorySource(profile=profile(SourceKind.CITY_EYE))
    (finding,) = dust_examiner(source, tmp_path).examine(source).findings
    assert finding.why.motion == "too_short"
