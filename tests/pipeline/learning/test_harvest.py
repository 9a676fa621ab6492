"""What officers decided becomes a picture set that grows by what is new."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from detectors.picture_folder import read_picture_folder
from detectors.reference.recipe import scene_group
from pipeline.domain.case import Case, CaseState, EventKind, Grade
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceItem, EvidenceRole, Manifest
from pipeline.domain.offence import Offence
from pipeline.errors import BadInput
from pipeline.evidence.chain import link
from pipeline.evidence.vault import FolderVault
from pipeline.learning.harvest import harvest
from pipeline.learning.lesson import lessons_of, split_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.domain.case import CaseEvent, SealedFinding

CONFIRMED, NOT_IT = "", "not_the_object"


@pytest.fixture
def vault(tmp_path: Path) -> FolderVault:
    """An empty vault."""
    return FolderVault(tmp_path / "vault")


@pytest.fixture
def judged(sealed: Callable[..., SealedFinding], vault: FolderVault) -> Callable[..., Case]:
    """Makes a case of one finding by a fixed camera, its frame and manifest in the vault, and decides it."""

    def make(name: str, reason: str | None, *, box: bool = True, **more: object) -> Case:
        shade = int(hashlib.sha256(name.encode()).hexdigest()[:2], 16) // 2
        picture = cv2.imencode(".jpg", np.full((100, 200, 3), shade, np.uint8))[1].tobytes()
        frame = EvidenceItem(
            sha256=vault.put(picture), byte_count=len(picture), role=EvidenceRole.FRAME, media_type="image/jpeg"
        )
        made = sealed(name, look_id=f"look-{name}", **{k: v for k, v in more.items() if k in {"east_m", "offence"}})
        manifest = Manifest(
            finding_id=name,
            look_id=made.look_id,
            source_id="cam",
            device="",
            offence=made.offence,
            captured_from_s=0.0,
            captured_until_s=1.0,
            clock_offset_s=0.0,
            lat_deg=30.0,
            lon_deg=120.0,
            error_semi_major_m=1.0,
            error_semi_minor_m=1.0,
            error_bearing_deg=0.0,
            rule_id="r",
            rule_version=1,
            software="",
            model_name="",
            model_sha256="",
            items=(frame,),
            boxes_px=((50.0, 20.0, 150.0, 130.0),) if box else (),
        )
        changes = {k: v for k, v in more.items() if k in {"look_id", "source_id", "source_kind"}}
        changes = {"source_id": "cam-1", "source_kind": SourceKind.CITY_EYE} | changes
        sha256 = vault.put(manifest.to_bytes())
        return decided(replace(made, items=(frame,), manifest_sha256=sha256, **changes), reason)

    return make


def decided(finding: SealedFinding, reason: str | None) -> Case:
    """A case of that finding, confirmed, rejected for a reason, or (None) still a draft."""
    log: list[CaseEvent] = []
    log.append(link("C", log, kind=EventKind.DRAFTED, at_s=1.0, actor="offsite", finding=finding))
    state = CaseState.DRAFT
    if reason is not None:
        state = CaseState.REJECTED if reason else CaseState.CONFIRMED
        kind = EventKind.REJECTED if reason else EventKind.CONFIRMED
        log.append(link("C", log, kind=kind, at_s=2.0, actor="li", reason=reason))
    return Case(
        case_id=f"C-{finding.finding_id}",
        offence=finding.offence,
        state=state,
        grade=Grade.LEAD,
        fix=finding.fix,
        findings=(finding,),
        events=tuple(log),
    )


def rows(folder: Path) -> list[dict[str, str]]:
    """The manifest's."""
    return list(csv.DictReader((folder / "manifest.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("reason", "boxes", "kind"),
    [(CONFIRMED, 1, ""), ("permitted", 1, ""), ("lawful", 1, ""), ("wrong_place", 1, ""), (NOT_IT, 0, "negative")],
)
def test_a_decision_becomes_a_label(
    judged: Callable[..., Case], vault: FolderVault, tmp_path: Path, reason: str, boxes: int, kind: str
) -> None:
    """What is there is labelled where it was marked; what is not is a negative; its class alone is verified."""
    harvest([judged("a", reason)], vault, tmp_path / "set", site="s")
    (picture,) = read_picture_folder(tmp_path / "set" / split_of("cam_cam_1"))
    assert (picture.source, picture.kind, picture.verified) == ("harvest", kind, {1})
    assert picture.class_id.tolist() == [1] * boxes
    np.testing.assert_allclose(picture.xyxy_share, np.tile([0.25, 0.2, 0.75, 1.0], (boxes, 1)), atol=1e-5)
    assert scene_group(picture.path.name) == "cam_cam_1"
    (row,) = rows(tmp_path / "set")
    assert hashlib.sha256(picture.path.read_bytes()).hexdigest() == row["sha256"]
    assert (row["source"], row["decision"]) == ("C-a", reason or "confirmed")
    assert "inside the office" in (tmp_path / "set" / "README.txt").read_text()
    assert (tmp_path / "set").stat().st_mode & 0o077 == 0


def test_a_second_harvest_adds_only_what_is_new(
    judged: Callable[..., Case], vault: FolderVault, tmp_path: Path
) -> None:
    """Nothing new: no version. One more case: one row, that states the manifest before it. Judged anew: said so."""
    folder, first, second = tmp_path / "set", judged("a", CONFIRMED), judged("b", NOT_IT)
    assert harvest([first], vault, folder, site="s").version == 1
    before = (folder / "manifest.csv").read_bytes()
    assert (harvest([first], vault, folder, site="s").added, (folder / "manifest.csv").read_bytes()) == (0, before)
    done = harvest([first, second], vault, folder, site="s")
    assert (done.version, done.added, done.changed) == (2, 1, 0)
    after = rows(folder)
    assert (folder / "manifest.csv").read_bytes().startswith(before)
    assert [row["previous_sha256"] for row in after] == ["", hashlib.sha256(before).hexdigest()]
    done = harvest([decided(first.findings[0], NOT_IT), second], vault, folder, site="s")
    assert (done.version, done.added, done.changed) == (3, 0, 1)
    pictures = read_picture_folder(folder / split_of("cam_cam_1"))
    assert sorted((picture.kind, len(picture.class_id)) for picture in pictures) == [("negative", 0)] * 2


def test_a_decision_taken_back_leaves_no_lesson(
    judged: Callable[..., Case], vault: FolderVault, tmp_path: Path
) -> None:
    """Reopened, the picture is one nobody looked at; another site's rows are left alone."""
    folder, case = tmp_path / "set", judged("a", CONFIRMED)
    harvest([case], vault, folder, site="s")
    assert harvest([], vault, folder, site="another").changed == 0
    assert harvest([decided(case.findings[0], None)], vault, folder, site="s").changed == 1
    (picture,) = read_picture_folder(folder / split_of("cam_cam_1"))
    assert (picture.verified, len(picture.class_id), picture.kind) == (frozenset(), 0, "withdrawn")
    assert harvest([], vault, folder, site="s").changed == 0


def test_a_frame_two_cases_share_is_one_picture(
    judged: Callable[..., Case], vault: FolderVault, tmp_path: Path
) -> None:
    """A cone confirmed and dust denied in one frame: one box, both classes verified."""
    cone = judged("a", CONFIRMED)
    dust = replace(cone.findings[0], finding_id="b", offence=Offence.DUST)
    harvest([cone, decided(dust, NOT_IT)], vault, tmp_path / "set", site="s")
    (picture,) = read_picture_folder(tmp_path / "set" / split_of("cam_cam_1"))
    assert (picture.class_id.tolist(), picture.verified) == ([1], {0, 1})


def test_what_teaches_nothing_is_named(judged: Callable[..., Case], vault: FolderVault, tmp_path: Path) -> None:
    """Unclear, sealed without boxes, added after the decision, and a rejected frame whose look holds another."""
    late = judged("late", CONFIRMED)
    cases = [
        judged("unclear", "unclear"),
        judged("old", CONFIRMED, box=False),
        replace(late, findings=(*late.findings, replace(late.findings[0], finding_id="later"))),
        judged("beside", NOT_IT, look_id="look-late"),
        replace(judged("drill", CONFIRMED), drill=True),
    ]
    done = harvest(cases, vault, tmp_path / "set", site="s")
    assert done.added == 1
    assert done.left_out == {
        "unclear": "unclear",
        "old": "sealed before boxes were kept",
        "later": "not_judged",
        "beside": "another_in_the_same_look",
    }


def test_a_changed_manifest_is_refused(judged: Callable[..., Case], vault: FolderVault, tmp_path: Path) -> None:
    """A row altered before the last version breaks the chain of versions."""
    folder = tmp_path / "set"
    cases = [judged("a", CONFIRMED), judged("b", CONFIRMED)]
    harvest(cases[:1], vault, folder, site="s")
    harvest(cases, vault, folder, site="s")
    path = folder / "manifest.csv"
    path.write_text(path.read_text().replace("C-a", "C-x"))
    with pytest.raises(BadInput, match="version 2"):
        harvest(cases, vault, folder, site="s")
    path.write_text("file,verified\na.jpg,1\n")
    with pytest.raises(BadInput, match="no harvest"):
        harvest(cases, vault, folder, site="s")


def test_no_scene_is_on_both_sides(judged: Callable[..., Case]) -> None:
    """Drone findings all over the town: findings less than a picture's width apart are never split between sides."""
    cases = [
        judged(f"d{n}", CONFIRMED, east_m=40.0 * n, source_kind=SourceKind.DRONE, source_id="uav") for n in range(60)
    ]
    lessons, left_out = lessons_of(cases)
    placed = [(lesson.finding.fix.enu_m[0], lesson.split) for lesson in lessons]
    assert {split for _, split in placed} == {"train", "val"}
    assert set(left_out.values()) == {"between_scenes"}
    assert all(abs(a - b) > 60 for a, one in placed for b, other in placed if one != other)
    assert len(placed) > 30
