"""Makers of findings and looks about the demo's place, and a disk small enough to fill, for the pipeline's tests."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.ellipse import ErrorEllipse
from geofences.ground_fix import GroundFix
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.domain.case import SealedFinding
from pipeline.domain.finding import Explanation, PermitConsidered
from pipeline.domain.frame import SourceKind
from pipeline.domain.look import LookReport
from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# 2026-11-02 08:30 in Hangzhou.
START_S = 1793579400.0
FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))


def make_fix(east_m: float = 0.0, north_m: float = 0.0, error_m: float = 2.0) -> GroundFix:
    """A fix that many metres east and north of the demo's place, with a round error."""
    enu_m = np.array([east_m, north_m, 0.0])
    return GroundFix(
        position=FRAME.geodetic_from_enu(enu_m),
        enu_m=enu_m,
        ellipse=ErrorEllipse(semi_major_m=error_m, semi_minor_m=error_m, bearing_deg=0.0),
        budget=(("yaw", 0.75), ("pixel", 0.25)),
    )


def make_why() -> Explanation:
    """Why a test finding was flagged; every field filled."""
    return Explanation(
        rule_id="cone-road",
        rule_version=3,
        statute="城市道路管理条例 27, 42",
        event_code="03-02",
        zone_id="Z1",
        zone_name="拱宸桥路",
        hits=9,
        frames_covered=10,
        dwell_s=4.0,
        best_score=0.91,
        permits=(PermitConsidered(permit_id="P7", why_not="elsewhere"),),
    )


def make_sealed(
    finding_id: str,
    *,
    look_id: str = "look-1",
    east_m: float = 0.0,
    north_m: float = 0.0,
    error_m: float = 2.0,
    first_s: float = START_S,
    offence: Offence = Offence.TRAFFIC_CONE,
) -> SealedFinding:
    """A sealed finding; its hashes are those of made-up bytes."""
    hashes = [hashlib.sha256(f"{finding_id} {role}".encode()).hexdigest() for role in ("clip", "masked", "manifest")]
    return SealedFinding(
        finding_id=finding_id,
        look_id=look_id,
        source_id="drone-1",
        source_kind=SourceKind.DRONE,
        offence=offence,
        first_s=first_s,
        last_s=first_s + 4.0,
        fix=make_fix(east_m, north_m, error_m),
        why=make_why(),
        merge_distance_m=10.0,
        merge_window_s=3600.0,
        manifest_sha256=hashes[2],
        items=(
            EvidenceItem(sha256=hashes[0], byte_count=9, role=EvidenceRole.ORIGINAL_CLIP, media_type="video/mp4"),
            EvidenceItem(
                sha256=hashes[1],
                byte_count=5,
                role=EvidenceRole.MASKED,
                media_type="image/jpeg",
                derived_from_sha256=hashes[0],
            ),
        ),
    )


def make_report(look_id: str, *findings: SealedFinding, drill: bool = False) -> LookReport:
    """A look that found these."""
    return LookReport(
        look_id=look_id,
        source_id="drone-1",
        source_kind=SourceKind.DRONE,
        started_s=START_S,
        ended_s=START_S + 60,
        frames_examined=600,
        findings=findings,
        drops=(),
        drill=drill,
    )


@pytest.fixture(scope="session")
def sealed() -> Callable[..., SealedFinding]:
    """`make_sealed`."""
    return make_sealed


@pytest.fixture(scope="session")
def fix() -> Callable[..., GroundFix]:
    """`make_fix`."""
    return make_fix


@pytest.fixture(scope="session")
def report() -> Callable[..., LookReport]:
    """`make_report`."""
    return make_report


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., list[tuple[object, ...]]]:
    """Reads the store's file `cases.db` past the program: rows of a query, or what the statement changed."""

    def read(statement: str, folder: Path = tmp_path) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(folder / "cases.db")) as direct, direct:
            return direct.execute(statement).fetchall()

    return read


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte; skips where this account may not mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True, timeout=10).returncode:  # noqa: S603 - our own words
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["/usr/bin/umount", str(folder)], check=True, timeout=10)  # noqa: S603 - our own words
