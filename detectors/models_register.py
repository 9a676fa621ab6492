"""The models register: a folder of model versions and, line by line, who put which into service, when and why.

The rule kept here: lines are only added, each states the sha256 of the line before, and the model in service is what
they lead to. A model that was not promoted has a line too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from detectors.errors import ModelUnusable
from detectors.model_folder import MANIFEST_NAME, load_manifest, verify_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REGISTER_NAME = "register.jsonl"
PROMOTED, REFUSED, ROLLED_BACK = "promoted", "refused", "rolled_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line.

    Attributes:
        what: `promoted`, `refused` or `rolled_back`.
        model: folder in the register that is meant: the new version, or the one put back ("" = the site's first model).
        at_s: when, UTC.
        who: account or person.
        why: their words.
        lineage: of a new version: where it comes from, as text by topic.
        figures: what was measured of it beside the model in service, as JSON.
        previous_sha256: of the line before, "" for the first.
    """

    what: str
    model: str
    at_s: float
    who: str
    why: str
    lineage: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, object] = field(default_factory=dict)
    previous_sha256: str = ""


def read_register(folder: Path) -> tuple[Entry, ...]:
    """Every line, oldest first; none where there is no register yet.

    Raises:
        ModelUnusable: a line cannot be read or does not follow from the one before.
    """
    path = folder / REGISTER_NAME
    lines = path.read_bytes().splitlines() if path.exists() else []
    entries, before = [], ""
    for number, line in enumerate(lines, start=1):
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError) as error:
            msg = f"{path} line {number}: {error}; restore the file from a backup"
            raise ModelUnusable(msg) from error
        if entry.previous_sha256 != before:
            msg = f"{path} line {number}: does not follow from the line before; restore the file from a backup"
            raise ModelUnusable(msg)
        entries.append(entry)
        before = hashlib.sha256(line).hexdigest()
    return tuple(entries)


def in_service(folder: Path, first: Path) -> Path:
    """The folder of the model in service; `first` before anything was promoted.

    Raises:
        ModelUnusable: the register cannot be read.
    """
    model = _stack(read_register(folder))[-1]
    return folder / model if model else first


def enter(folder: Path, candidate: Path, entry: Entry) -> Path:
    """Keep a candidate as a new version and write its line; in service from then on if it says `promoted`.

    Args:
        folder: the register.
        candidate: the model folder; it is copied.
        entry: its line; `model` is filled in.

    Returns:
        the version's folder.

    Raises:
        ModelUnusable: a file of the candidate is not as its manifest says, or the register cannot be read.
    """
    manifest, number = load_manifest(candidate), len(read_register(folder)) + 1
    part = folder / ".part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in manifest.sha256:
        shutil.copyfile(verify_file(candidate, manifest, name), part / name)
    shutil.copyfile(candidate / MANIFEST_NAME, part / MANIFEST_NAME)
    version = folder / f"v{number:04d}-{manifest.name}"
    part.rename(version)
    _add(folder, entry, model=version.name)
    return version


def roll_back(folder: Path, first: Path, *, at_s: float, who: str, why: str) -> Path:
    """Put the model back that was in service before, checked file by file; returns its folder.

    Raises:
        ModelUnusable: nothing was promoted, or the model's files are not as they were.
    """
    stack = _stack(read_register(folder))
    if len(stack) < 2:
        msg = f"{folder}: nothing was promoted, so there is nothing to go back to"
        raise ModelUnusable(msg)
    back = folder / stack[-2] if stack[-2] else first
    manifest = load_manifest(back)
    for name in manifest.sha256:
        verify_file(back, manifest, name)
    _add(folder, Entry(what=ROLLED_BACK, model="", at_s=at_s, who=who, why=why), model=stack[-2])
    return back


def _stack(entries: tuple[Entry, ...]) -> list[str]:
    """Models in service, the present one last; the first is the site's own."""
    stack = [""]
    for entry in entries:
        if entry.what == PROMOTED:
            stack.append(entry.model)
        elif entry.what == ROLLED_BACK:
            stack.pop()
    return stack


def _add(folder: Path, entry: Entry, *, model: str) -> None:
    path = folder / REGISTER_NAME
    last = path.read_bytes().splitlines()[-1] if path.exists() else b""
    chained = {"model": model, "previous_sha256": hashlib.sha256(last).hexdigest() if last else ""}
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(entry) | chained, ensure_ascii=False) + "\n")
