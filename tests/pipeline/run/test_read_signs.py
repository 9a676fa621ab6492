"""Signs are read before they are drafted: a permitted one is no case, an unpermitted one says what it reads."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from detectors.sign_reading import SignText
from geofences.zone import Permit, ZoneKind
from geofences.zone_index import ZoneIndex
from pipeline.domain.finding import DropReason
from pipeline.domain.offence import Offence
from pipeline.evidence.vault import FolderVault
from pipeline.evidence.verify import parse_manifest

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FRAME, T0_S, MemorySource, Thing, profile
from test_examine import examiner, road, rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGN = 2


@dataclass(slots=True)
class SaidReader:
    """Reads the same on every sign, and counts."""

    says: str
    asked: int = 0

    def read(self, image_bgr: NDArray[np.uint8], xyxy_px: tuple[float, ...]) -> SignText:  # noqa: ARG002 - the port's
        """What it says."""
        self.asked += 1
        return SignText(lines=(self.says,), scores=(0.9,)) if self.says else SignText()


def permit(text: str) -> Permit:
    """A permit for a sign over all that is seen."""
    corners = np.array([[-60, -60, 0], [60, -60, 0], [60, 60, 0], [-60, 60, 0]], dtype=float)
    return Permit(
        permit_id="P1",
        number="临广 2026-1",
        allows="illegal_signage",
        outline=shapely.Polygon(FRAME.geodetics_from_enu(corners)[:, [1, 0]]),
        valid_from_s=T0_S - 1e6,
        valid_until_s=T0_S + 1e6,
        holder="桥西",
        text=text,
    )


@pytest.mark.parametrize(
    ("permitted", "read", "dropped"),
    [
        (None, "桥西烧烤店", False),
        ("", "桥西烧烤店", True),
        ("桥西烧烤店", "桥酉烧烤店 欢迎", True),
        ("桥西烧烤店", "老王面馆", False),
        ("桥西烧烤店", "", True),
    ],
    ids=["no permit", "permit for any sign", "the permitted sign", "another sign", "unreadable: for the permit"],
)
def test_a_sign_is_judged_by_what_it_says(tmp_path: Path, permitted: str | None, read: str, *, dropped: bool) -> None:
    """A permit that names a text covers that sign only; without a text it covers whatever stands there."""
    source, vault, reader = MemorySource(profile=profile()), FolderVault(tmp_path), SaidReader(read)
    rule = replace(rules()[0], offence=Offence.ILLEGAL_SIGNAGE, zone_kinds=frozenset({ZoneKind.ROAD}))
    permits = () if permitted is None else (permit(permitted),)
    ready = examiner(source, (Thing(class_id=SIGN, enu_m=(0.0, 18.0)),), vault, road())
    report = replace(ready, rules=(rule,), reader=reader, index=ZoneIndex((road(),), permits)).examine(source)
    if dropped:
        assert [drop.reason for drop in report.drops] == [DropReason.PERMIT_VALID]
        return
    (finding,) = report.findings
    assert finding.why.sign_text == read
    assert parse_manifest(vault.get(finding.manifest_sha256)).sign_text == read
    assert [row.why_not for row in finding.why.permits] == (["another_sign"] if permits else [])
    assert reader.asked == 2


def test_only_signs_are_read(tmp_path: Path) -> None:
    """A cone costs no reading."""
    source, reader = MemorySource(profile=profile()), SaidReader("x")
    ready = examiner(source, (Thing(class_id=1, enu_m=(0.0, 18.0)),), FolderVault(tmp_path), road())
    assert len(replace(ready, reader=reader).examine(source).findings) == 1
    assert reader.asked == 0
