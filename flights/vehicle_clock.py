"""UTC from the autopilot's boot clock: poses are stamped in the vehicle's own time, never in ours."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flights.samples import ClockSample

EARLIEST_UNIX_S = 1_262_304_000.0  # 2010-01-01: before it, the receiver has no time yet and sends zero or nonsense


def utc_minus_boot_s(samples: Iterable[ClockSample]) -> float | None:
    """Seconds to add to the boot clock for UTC: the median, so that one late message does not matter.

    Args:
        samples: of one flight; those from before the receiver knew the time are left out.

    Returns:
        The offset, or None when no sample has a time.
    """
    offsets = [sample.unix_s - sample.boot_s for sample in samples if sample.unix_s >= EARLIEST_UNIX_S]
    return median(offsets) if offsets else None
