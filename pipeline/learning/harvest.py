"""Writes lessons as a versioned picture set in YOLO layout; a later harvest adds only what is new or judged anew.

The rule kept here: manifest.csv only grows. A file's last row holds, and the rows of a version state the sha256 of the
manifest as it was before them.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from detectors.detections import CLASS_NAMES
from pipeline.errors import BadInput, NotFound, VaultCorrupt
from pipeline.evidence.verify import parse_manifest
from pipeline.learning.lesson import lessons_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.domain.case import Case
    from pipeline.learning.lesson import Lesson
    from pipeline.ports import Vault

COLUMNS = (
    "split", "file", "source", "kind", "boxes", "classes", "verified", "version", "previous_sha256", "sha256",
    "label_sha256", "site", "look", "decision",
)  # fmt: skip
PREFIX = "harvest"
README = """These pictures are sealed originals of an enforcement office: people and number plates can be recognised.
For use inside the office only. Do not publish them, send them on, or keep them longer than the cases they come from.

Column `verified` of manifest.csv: classes an officer judged in the picture. Other classes are unlabelled, not absent:
mask them. Boxes are those an officer judged; more of the class may be there, so look it through before measuring on it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """What a harvest did.

    Attributes:
        version: of the set now.
        added: pictures that are new.
        changed: pictures judged anew since, or judged by nobody any more.
        left_out: finding id to the reason why it teaches nothing.
    """

    version: int
    added: int
    changed: int
    left_out: Mapping[str, str]


def harvest(cases: Iterable[Case], vault: Vault, folder: Path, *, site: str) -> Harvested:
    """Bring a picture set up to what officers have decided.

    Args:
        cases: all of the site's.
        vault: where their evidence is.
        folder: of the set; made if missing.
        site: its name; other sites' rows in the set are left alone.

    Raises:
        BadInput: the folder's manifest is not one that only grew.
    """
    try:
        for place in (f"{split}/{part}" for split in ("train", "val") for part in ("images", "labels")):
            (folder / place).mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise BadInput(path=str(folder), field="folder", fault=str(error), remedy="Name one you may write") from error
    before, known, version = read_harvest(folder)
    lessons, left = lessons_of(cases)
    wanted = _rows(lessons, vault, left)
    for name, row in known.items():
        if row["site"] == site and row["verified"] and name not in wanted:
            wanted[name] = ({**row, "boxes": "0", "classes": "", "verified": "", "kind": "withdrawn"}, b"", "")
    fresh = []
    for name, (row, content, label) in sorted(wanted.items()):
        row |= {"label_sha256": hashlib.sha256(label.encode()).hexdigest(), "site": site}
        if all(known.get(name, {}).get(key) == row[key] for key in ("verified", "label_sha256")):
            continue
        if name not in known:
            (folder / row["split"] / "images" / name).write_bytes(content)
        (folder / row["split"] / "labels" / name).with_suffix(".txt").write_text(label, encoding="utf-8")
        fresh.append(row | {"version": str(version + 1), "previous_sha256": _sha256(before)})
    if fresh:
        _write(folder, before, fresh)
    added = sum(row["file"] not in known for row in fresh)
    return Harvested(version=version + bool(fresh), added=added, changed=len(fresh) - added, left_out=left)


def read_harvest(folder: Path) -> tuple[bytes, dict[str, dict[str, str]], int]:
    """The manifest's bytes, the row that holds for each file, and the version; none of either for a new folder.

    Raises:
        BadInput: the manifest was changed otherwise than by adding rows.
    """
    path = folder / "manifest.csv"
    content = path.read_bytes() if path.exists() else b""
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    lines = content.splitlines(keepends=True)
    for number, row in enumerate(rows):
        if tuple(row) != COLUMNS or not (row["version"] or "").isdigit():
            fault = "is no harvest's manifest"
            raise BadInput(path=str(path), field="columns", fault=fault, remedy="Harvest into a new folder")
        begins = number == 0 or row["version"] != rows[number - 1]["version"]
        if begins and row["previous_sha256"] != _sha256(b"".join(lines[: number + 1]) if number else b""):
            fault = f"the rows before version {row['version']} are not those it was added to"
            raise BadInput(path=str(path), field="previous_sha256", fault=fault, remedy="Harvest into a new folder")
    return content, {row["file"]: row for row in rows}, int(rows[-1]["version"]) if rows else 0


def _rows(
    lessons: Iterable[Lesson], vault: Vault, left_out: dict[str, str]
) -> dict[str, tuple[dict[str, str], bytes, str]]:
    """File name to its row, picture and label text; lessons over one frame share it."""
    frames: dict[str, list[Lesson]] = {}
    for lesson in lessons:
        frames.setdefault(lesson.frame_sha256, []).append(lesson)
    rows = {}
    for sha256, shared in frames.items():
        try:
            content = vault.get(sha256)
            lines = sorted({line for one in shared if one.present for line in _label(one, content, vault)})
        except (NotFound, VaultCorrupt, BadInput) as error:
            left_out.update({one.finding.finding_id: str(error) for one in shared})
            continue
        verified = sorted({CLASS_NAMES.index(one.finding.offence) for one in shared})
        first = min(shared, key=lambda one: one.scene)
        if len({one.split for one in shared}) > 1:
            left_out.update({one.finding.finding_id: "between_scenes" for one in shared})
            continue
        row = {
            "split": first.split,
            "file": f"{PREFIX}__{first.scene}-{sha256[:16]}.jpg",
            "source": ";".join(sorted({one.case_id for one in shared})),
            "kind": "" if lines else "negative",
            "boxes": str(len(lines)),
            "classes": ";".join(sorted({line.split()[0] for line in lines})),
            "verified": ";".join(map(str, verified)),
            "sha256": sha256,
            "look": first.finding.look_id,
            "decision": ";".join(sorted({one.decision for one in shared})),
        }
        rows[row["file"]] = (row, content, "".join(f"{line}\n" for line in lines))
    return rows


def _label(lesson: Lesson, content: bytes, vault: Vault) -> list[str]:
    """YOLO lines of what was marked in the frame.

    Raises:
        NotFound: the seal is older than boxes in manifests.
    """
    boxes_px = parse_manifest(vault.get(lesson.finding.manifest_sha256)).boxes_px
    if not boxes_px:
        raise NotFound("sealed before boxes were kept")
    width, height = Image.open(io.BytesIO(content)).size
    lines = []
    for left, top, right, bottom in boxes_px:
        x0, x1 = (min(max(x / width, 0.0), 1.0) for x in (left, right))
        y0, y1 = (min(max(y / height, 0.0), 1.0) for y in (top, bottom))
        middle = f"{(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}"
        lines.append(f"{CLASS_NAMES.index(lesson.finding.offence)} {middle}")
    return lines


def _write(folder: Path, before: bytes, fresh: list[dict[str, str]]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if not before:
        table.writeheader()
    table.writerows(fresh)
    part = folder / ".manifest.part"
    part.write_bytes(before + text.getvalue().encode())
    part.replace(folder / "manifest.csv")
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASS_NAMES))
    head = "# Originals, for inside use: see README.txt. Classes outside `verified` of manifest.csv are unlabelled.\n"
    yaml = f"{head}# version {fresh[0]['version']}\npath: .\ntrain: train/images\nval: val/images\nnames:\n{names}"
    (folder / "data.yaml").write_text(yaml, encoding="utf-8")
    (folder / "README.txt").write_text(README, encoding="utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest() if content else ""
