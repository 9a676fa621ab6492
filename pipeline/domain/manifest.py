"""The evidence manifest: what was sealed, from what, by what, and the one byte form that is hashed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from pipeline.domain.sealed_form import EXACT

if TYPE_CHECKING:
    from pydantic import ConfigDict


_ABSENT_IF_EMPTY = ("sign_text", "boxes_px")


class EvidenceRole(StrEnum):
    """What an item is. Originals are the source's own bytes; all else is derived and says from what."""

    ORIGINAL_CLIP = "original_clip"
    ORIGINAL_STILL = "original_still"
    FRAME = "frame"
    ANNOTATED = "annotated"
    MASKED = "masked"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem:
    """One sealed file.

    Attributes:
        sha256: hex hash of its bytes, which is also its name in the vault.
        byte_count: its length.
        role: what it is.
        media_type: such as image/jpeg.
        derived_from_sha256: the item it was made from, or None for an original.
    """

    sha256: str
    byte_count: int
    role: EvidenceRole
    media_type: str
    derived_from_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything an offline verifier needs to check one finding of one look.

    Attributes:
        finding_id: deterministic id of the finding.
        look_id: the look it comes from.
        source_id: aircraft or camera.
        device: make, model or description of the device.
        offence: detector class.
        captured_from_s: first sight, UTC seconds.
        captured_until_s: last sight, UTC seconds.
        clock_offset_s: what was added to the source's clock.
        lat_deg: WGS 84.
        lon_deg: WGS 84.
        datum: always "WGS84".
        error_semi_major_m: 95 % ellipse.
        error_semi_minor_m: 95 % ellipse.
        error_bearing_deg: of the major axis, clockwise from north.
        rule_id: rule applied.
        rule_version: its version.
        software: name and version of this program.
        model_name: detector.
        model_sha256: its weights.
        items: what was sealed.
        sign_text: what a sign reads, or ""; absent from the bytes when empty, so that older seals stay as they are.
        boxes_px: what was marked in the frame, left, top, right, bottom; absent from the bytes when empty, as above.
    """

    finding_id: str
    look_id: str
    source_id: str
    device: str
    offence: str
    captured_from_s: float
    captured_until_s: float
    clock_offset_s: float
    lat_deg: float
    lon_deg: float
    error_semi_major_m: float
    error_semi_minor_m: float
    error_bearing_deg: float
    rule_id: str
    rule_version: int
    software: str
    model_name: str
    model_sha256: str
    items: tuple[EvidenceItem, ...]
    datum: str = "WGS84"
    sign_text: str = ""
    boxes_px: tuple[tuple[float, float, float, float], ...] = ()
    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    def to_bytes(self) -> bytes:
        """The canonical form: UTF-8 JSON, sorted keys, no spaces, numbers as Python writes them (1.0 is not 1).

        Like RFC 8785 but for its numbers; a verifier hashes the stored bytes and need not write them again.

        Raises:
            ValueError: a number is not finite.
        """
        body = {name: value for name, value in asdict(self).items() if value or name not in _ABSENT_IF_EMPTY}
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
