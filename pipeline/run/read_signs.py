"""Signs are read before they are drafted: a permitted one is no case, an unpermitted one says what it reads.

The rule kept here: a sign that cannot be read is judged by its place alone, in favour of a permit that holds there.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from detectors.sign_reading import SignText
from pipeline.domain.judge import Refused, judge_sighting
from pipeline.domain.offence import Offence
from pipeline.domain.sign_match import shop_of
from pipeline.geotag.sight import drop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from detectors.sign_reading import SignReader
    from geofences.zone_index import ZoneIndex
    from pipeline.domain.finding import Drop
    from pipeline.domain.judge import Flagged
    from pipeline.domain.rule import Rule
    from pipeline.domain.sighting import Sighting
    from pipeline.domain.sign_match import Shop
    from pipeline.domain.track import Observation
    from pipeline.ports import FrameSource

# Frames of a sign that are read, the largest surest ones; a second may show what the first hides.
READ_FRAMES = 2
# Reading one look's signs takes this long at most; what is left is judged unread.
BUDGET_S = 20.0

Judged = tuple["Sighting", "Flagged"]


def read_signs(
    flagged: Sequence[Judged],
    source: FrameSource,
    reader: SignReader | None,
    *,
    rules: Sequence[Rule],
    index: ZoneIndex,
    shops: Iterable[Shop],
) -> tuple[list[Judged], tuple[Drop, ...]]:
    """Read every flagged sign in one second reading of the look, and judge it again by what it says.

    Args:
        flagged: what would be drafted; other things than signs are passed on.
        source: the look.
        reader: None: nothing can be read.
        rules: the rule pack.
        index: the site's zones and permits.
        shops: the shop register.

    Returns:
        what stays, signs with their text in the explanation; and those a permit covers.
    """
    signs = [seen for seen, _ in flagged if seen.track.offence is Offence.ILLEGAL_SIGNAGE]
    texts = _texts(signs, source, reader) if signs and reader is not None else {}
    kept: list[Judged] = []
    dropped: list[Drop] = []
    for seen, verdict in flagged:
        if seen.track.offence is not Offence.ILLEGAL_SIGNAGE:
            kept.append((seen, verdict))
            continue
        text = texts.get(seen.track.track_id, SignText()).text
        again = judge_sighting(seen, rules, index, sign_text=text)
        if isinstance(again, Refused):
            dropped.append(drop(seen.track, again.reason, again.detail, seen.fix))
        else:
            shop = shop_of(text, seen.fix, shops)
            kept.append((seen, replace(again, why=replace(again.why, sign_text=text, shop=shop))))
    return kept, tuple(dropped)


def _texts(signs: Sequence[Sighting], source: FrameSource, reader: SignReader) -> dict[int, SignText]:
    """By track, the fullest of its readings."""
    wanted: dict[int, list[tuple[int, Observation]]] = {}
    for seen in signs:
        for look in sorted(seen.track.observations, key=_legible, reverse=True)[:READ_FRAMES]:
            wanted.setdefault(look.frame_id, []).append((seen.track.track_id, look))
    texts: dict[int, SignText] = {}
    spent_s = 0.0
    for frame in source.frames():
        for track_id, look in wanted.pop(frame.frame_id, ()):
            if spent_s >= BUDGET_S:
                return texts
            begun_s = time.monotonic()
            read = reader.read(frame.image_bgr, look.xyxy_px)
            spent_s += time.monotonic() - begun_s
            if read.weight >= texts.get(track_id, SignText()).weight:
                texts[track_id] = read
        if not wanted:
            break
    return texts


def _legible(look: Observation) -> float:
    left, top, right, bottom = look.xyxy_px
    return look.score * (right - left) * (bottom - top)
