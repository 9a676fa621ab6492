"""Checklist results, and the audit of the autopilot's own safety settings, on which a patrol relies.

Our process may die at any moment; those parameters are what then brings the aircraft home.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flights.plan_checks import MAX_HEIGHT_AGL_M

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Rule = tuple[Callable[[float], bool], str]

CIRCLE_FENCE = 2  # bit of FENCE_TYPE

# Source: ArduCopter 4.5 parameter reference; the choice of values is the flights design, section 4.
REQUIRED: dict[str, Rule] = {
    "FS_GCS_ENABLE": (lambda v: v in {1, 3, 4, 5}, "1, 3, 4 or 5: come home or land when the ground station is lost"),
    "FS_THR_ENABLE": (lambda v: v in {1, 3, 4, 5}, "1, 3, 4 or 5: come home or land when the remote control is lost"),
    "FS_EKF_ACTION": (lambda v: v in {1, 3}, "1 or 3: land when the position is lost"),
    "FS_EKF_THRESH": (lambda v: 0 < v <= 1, "above 0, which is off, to 1"),
    "FS_OPTIONS": (lambda v: not int(v) & 0b111, "bits 0 to 2 clear: no failsafe is ignored in AUTO or GUIDED"),
    "BATT_LOW_VOLT": (lambda v: v > 0, "above 0: a low voltage is acted on"),
    "BATT_CRT_VOLT": (lambda v: v > 0, "above 0: a critical voltage is acted on"),
    "BATT_FS_LOW_ACT": (lambda v: v in {2, 3, 4}, "2, 3 or 4: come home"),
    "BATT_FS_CRT_ACT": (lambda v: v in {1, 2, 3, 4}, "1 to 4: land or come home"),
    "FENCE_ENABLE": (lambda v: v == 1, "1"),
    "FENCE_TYPE": (lambda v: int(v) & 0b101 == 0b101, "bits 0 and 2: height and polygons"),
    "FENCE_ACTION": (lambda v: v in {1, 2, 3, 4, 5}, "1 to 5: a breach is acted on"),
    "MIS_RESTART": (lambda v: v == 0, "0: a mission that was paused goes on where it was"),
    "ARMING_CHECK": (lambda v: v == 1, "1: all checks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One result.

    Attributes:
        name: stable identifier.
        ok: met.
        measured: what was found.
        required: what must be.
        waivable: whether a named reason may stand in for it.
        waived: the reason given, or empty.
        waived_by: who gave it.
    """

    name: str
    ok: bool
    measured: str
    required: str
    waivable: bool = False
    waived: str = ""
    waived_by: str = ""

    @property
    def passes(self) -> bool:
        """Met, or waived where that is allowed."""
        return self.ok or (self.waivable and bool(self.waived))


def audited_parameters() -> tuple[str, ...]:
    """Names of all parameters that the audit looks at."""
    return (*REQUIRED, "FENCE_ALT_MAX", "FENCE_RADIUS", "RTL_ALT")


def audit_parameters(parameters: Mapping[str, float], *, height_m: float, reach_m: float) -> list[Check]:
    """Compare parameters read from the autopilot with the required ones; a missing one fails.

    Args:
        parameters: by name.
        height_m: greatest planned height above home.
        reach_m: greatest planned distance from home.
    """
    rules: dict[str, Rule] = {
        **REQUIRED,
        "FENCE_ALT_MAX": (
            lambda v: height_m + 2 <= v <= MAX_HEIGHT_AGL_M + 2,
            f"{height_m + 2:.0f} to {MAX_HEIGHT_AGL_M + 2:.0f} m: above the planned height, no higher than legal",
        ),
        "RTL_ALT": (lambda v: 1000 <= v <= 12000, "1000 to 12000 cm: above trees, below the legal height"),
    }
    if int(parameters.get("FENCE_TYPE", 0)) & CIRCLE_FENCE:
        radius = f"above {reach_m:.0f} m: FENCE_TYPE has a circle round home, and the plan reaches so far"
        rules["FENCE_RADIUS"] = (lambda v: v > reach_m + 2, radius)
    low, critical = parameters.get("BATT_LOW_VOLT", math.nan), parameters.get("BATT_CRT_VOLT", math.nan)
    ordered = Check(
        name="parameter_battery_order",
        ok=critical < low,
        measured=f"critical {critical:g}, low {low:g}",
        required="the critical voltage is below the low one",
    )
    return [*(_audit(name, parameters.get(name), rule) for name, rule in rules.items()), ordered]


def _audit(name: str, value: float | None, rule: Rule) -> Check:
    is_met, required = rule
    ok, measured = (False, "missing") if value is None else (is_met(value), f"{value:g}")
    return Check(name=f"parameter_{name}", ok=ok, measured=measured, required=required)
