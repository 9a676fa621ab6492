"""False drafts per camera-day: clips without any offence through the real rules, with and without the check of plumes.

`python benchmarks/false_drafts.py [MODEL_FOLDER]`. Mountings and zones are invented (12 m pole, the whole picture in
zones of every kind), so nothing is saved by a zone. Little film makes wide intervals: they are printed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

from scipy.stats import chi2

from flows.assembly import make_examiner
from flows.ingest import clip_source
from flows.site_folder import init_site
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.rule import Persistence
from pipeline.site import read_site
from pipeline.sources.camera_file import CameraEntry, Lens, Mounting
from pipeline.sources.media import read_facts

CLIPS = Path(__file__).resolve().parents[2] / "shared" / "data" / "clips"
NEGATIVE = ("andrew_highway_cctv1.avi", "intel_car-detection_topdown.mp4")
LAT_DEG, LON_DEG, START_S, LOOK_HZ = 30.3195, 120.1390, 1_793_584_800.0, 2.0
EASED = Persistence(min_hits=2, min_share=0.1, min_dwell_s=0.0)
WATCHED_S_A_DAY = 288 * 30.0
"""A window of 30 s every five minutes, as a camera is watched where its entry says nothing else."""


def interval(count: int, watched_s: float) -> str:
    """Drafts per camera-day of so many watched seconds, with the exact 95 % Poisson interval."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    low, mean, high = (float(n) * WATCHED_S_A_DAY / watched_s for n in (low, count, chi2.ppf(0.975, 2 * count + 2) / 2))
    return f"{mean:.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    """Print a row a rule set: drafts with the check of plumes and without, and tracks left alone by reason."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "site"
        init_site(folder)
        model = f'folder = "{Path(sys.argv[1]).resolve()}"\n' if len(sys.argv) > 1 else ""
        with (folder / "site.toml").open("a") as text:
            text.write(f"\n[model]\nthreads = 2\n{model}")
        ring = [[LON_DEG + e * 0.004, LAT_DEG + n * 0.003] for e, n in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
        features = [
            {"type": "Feature", "properties": {"zone_id": kind, "name": kind, "kind": kind},
             "geometry": {"type": "Polygon", "coordinates": [ring]}}
            for kind in ("road", "construction_site", "signage_control", "catering_control")
        ]  # fmt: skip
        (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        examiner = make_examiner(read_site(folder), SourceKind.CITY_EYE)
        eased = replace(examiner, rules=tuple(replace(rule, fixed=EASED) for rule in examiner.rules))
        for name, asked in (("rule pack as it is", examiner), ("two sights, no dwell", eased)):
            watched_s, kept, dropped, alone = 0.0, Counter[str](), Counter[str](), Counter[str]()
            for clip in NEGATIVE:
                facts = read_facts(CLIPS / clip)
                mounting = Mounting(
                    lat_deg=LAT_DEG, lon_deg=LON_DEG, alt_ellipsoid_m=27.0, yaw_deg=30.0, pitch_deg=-35.0
                )
                lens = Lens(width_px=facts.size_px[0], height_px=facts.size_px[1], hfov_deg=50.0)
                camera = CameraEntry(
                    id="pole", name="pole", kind="city_eye", lens=lens, mounting=mounting, look_hz=LOOK_HZ
                )
                source = clip_source(
                    CLIPS / clip, telemetry=None, camera=camera, start_s=START_S, look_hz=None, geoid_separation_m=9.0
                )
                report = asked.examine(source)
                watched_s += facts.duration_s
                kept.update(finding.offence for finding in report.findings)
                alone.update(drop.reason for drop in report.drops)
                dropped.update(drop.offence for drop in report.drops if drop.reason is DropReason.PLUME_STATIC)
            on, off = kept.total(), kept.total() + dropped.total()
            print(
                f"{name}: {len(NEGATIVE)} clips, {watched_s:.0f} s; drafts {on} ({dict(kept)}), without the check of "
                f"plumes {off}; per camera-day of 288 windows of 30 s: {interval(on, watched_s)}, "
                f"without {interval(off, watched_s)}; left alone: {dict(alone)}"
            )


if __name__ == "__main__":
    main()
