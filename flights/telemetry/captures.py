"""Which picture is which CAMERA_FEEDBACK: by order where both sides are whole, else by time, and never by a guess."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from flights.telemetry.log import TelemetryFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.telemetry.log import Capture

# A shutter's delay and a camera clock set by hand over radio. Source: our choice; at 1 picture a second the neighbours
# are still told apart.
WITHIN_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a join found.

    Attributes:
        pairs: number of the picture (from 0) and its feedback, in the order of the pictures.
        faults: a count that differs (row 1), pictures without feedback (their number from 1), feedbacks without picture
            (their row in the log).
    """

    pairs: tuple[tuple[int, Capture], ...]
    faults: tuple[TelemetryFault, ...]


def join_captures(captures: Sequence[Capture], taken_s: Sequence[float | None]) -> Joined:
    """Join pictures to what the autopilot reported of them.

    By order where there are as many pictures as feedbacks, no number is missing among these, and the times (where both
    sides have them) are apart by one constant, the error of the camera's clock. Else by time, within `WITHIN_S`.

    Args:
        captures: as the log has them; one that is repeated with its number counts once.
        taken_s: when each picture was taken, UTC, in the camera's order; None where it does not say.
    """
    shots = [
        shot for before, shot in pairwise([None, *captures]) if shot and (not before or before.index != shot.index)
    ]
    if _in_step(shots, taken_s):
        return Joined(pairs=tuple(enumerate(shots)), faults=())
    pairs = _by_time(shots, taken_s)
    used = {shot.row for shot in pairs.values()}
    said = f"{len(taken_s)} pictures, {len(shots)} camera feedbacks: joined by time, not by order"
    faults = [TelemetryFault(row=1, field="pictures", reason=said)]
    lone = f"no feedback within {WITHIN_S} s"
    faults += [TelemetryFault(row=n + 1, field="picture", reason=lone) for n in range(len(taken_s)) if n not in pairs]
    spare = f"no picture within {WITHIN_S} s"
    faults += [TelemetryFault(row=s.row, field="feedback", reason=spare) for s in shots if s.row not in used]
    return Joined(pairs=tuple(sorted(pairs.items(), key=lambda pair: pair[0])), faults=tuple(faults))


def _in_step(shots: Sequence[Capture], taken_s: Sequence[float | None]) -> bool:
    if len(shots) != len(taken_s) or any(b.index != a.index + 1 for a, b in pairwise(shots)):
        return False
    apart = [
        at_s - shot.at_s
        for at_s, shot in zip(taken_s, shots, strict=True)
        if at_s is not None and shot.at_s is not None
    ]
    return all(abs(one - median(apart)) <= WITHIN_S for one in apart)


def _by_time(shots: Sequence[Capture], taken_s: Sequence[float | None]) -> dict[int, Capture]:
    """The nearest of each other, the nearest pairs first."""
    timed = sorted((shot.at_s, i) for i, shot in enumerate(shots) if shot.at_s is not None)
    near: list[tuple[float, int, int]] = []
    for n, at_s in enumerate(taken_s):
        if at_s is not None:
            first, last = bisect_left(timed, (at_s - WITHIN_S,)), bisect_left(timed, (at_s + WITHIN_S, len(shots)))
            near += [(abs(shot_s - at_s), n, i) for shot_s, i in timed[first:last]]
    pairs: dict[int, Capture] = {}
    used: set[int] = set()
    for _, n, i in sorted(near):
        if n not in pairs and i not in used:
            pairs[n] = shots[i]
            used.add(i)
    return pairs
