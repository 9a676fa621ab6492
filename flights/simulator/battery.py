"""The battery: charge, resting voltage, sag. Pure arithmetic on a small state."""

from __future__ import annotations

from dataclasses import dataclass

CELLS = 6
INTERNAL_OHM = 0.030
HOVER_A = 22.0
IDLE_A = 0.6
# Resting volts of one LiPo cell at 0, 10 .. 100 % charge. Source: typical LiPo discharge curve; only its shape matters.
RESTING_V = (3.27, 3.61, 3.69, 3.71, 3.75, 3.80, 3.84, 3.87, 3.95, 4.08, 4.20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """State of a 6-cell LiPo.

    Attributes:
        capacity_mah: full charge.
        used_mah: drawn since full.
        current_a: drawn now.
    """

    capacity_mah: float = 10_000.0
    used_mah: float = 0.0
    current_a: float = IDLE_A

    @property
    def remaining(self) -> float:
        """Share of the charge left, 0..1."""
        return max(0.0, 1.0 - self.used_mah / self.capacity_mah)

    @property
    def voltage_v(self) -> float:
        """Voltage under the present load."""
        place = self.remaining * (len(RESTING_V) - 1)
        low = min(int(place), len(RESTING_V) - 2)
        cell = RESTING_V[low] + (RESTING_V[low + 1] - RESTING_V[low]) * (place - low)
        return CELLS * cell - INTERNAL_OHM * self.current_a


def drained(battery: Battery, *, flying: bool, climb_m_s: float, airspeed_m_s: float, dt_s: float) -> Battery:
    """The battery `dt_s` later: hover current, more when climbing or fast against the air."""
    current = IDLE_A
    if flying:
        current = HOVER_A * (1.0 + 0.08 * max(0.0, climb_m_s) + 0.0008 * airspeed_m_s**2)
    used = min(battery.capacity_mah, battery.used_mah + current * dt_s / 3.6)
    return Battery(capacity_mah=battery.capacity_mah, used_mah=used, current_a=current)


def drained_to(battery: Battery, remaining: float) -> Battery:
    """The same battery with only a share of its charge left (a worn or cold cell)."""
    return Battery(
        capacity_mah=battery.capacity_mah, used_mah=battery.capacity_mah * (1 - remaining), current_a=battery.current_a
    )
