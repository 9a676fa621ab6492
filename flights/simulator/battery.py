"""The battery: charge, resting voltage, sag."""

from __future__ import annotations

CAPACITY_MAH = 10_000.0
CELLS = 6
INTERNAL_OHM = 0.030
HOVER_A = 22.0
IDLE_A = 0.6
# Resting volts of one LiPo cell at 0, 10 .. 100 % charge. Source: typical LiPo discharge curve; only its shape matters.
RESTING_V = (3.27, 3.61, 3.69, 3.71, 3.75, 3.80, 3.84, 3.87, 3.95, 4.08, 4.20)


class Battery:
    """A 6-cell LiPo.

    Attributes:
        remaining: share of the charge left, 0..1.
        current_a: drawn now.
    """

    def __init__(self, remaining: float = 1.0) -> None:
        self.remaining = remaining
        self.current_a = IDLE_A

    @property
    def voltage_v(self) -> float:
        """Voltage under the present load."""
        place = self.remaining * (len(RESTING_V) - 1)
        low = min(int(place), len(RESTING_V) - 2)
        cell = RESTING_V[low] + (RESTING_V[low + 1] - RESTING_V[low]) * (place - low)
        return CELLS * cell - INTERNAL_OHM * self.current_a

    def drain(self, *, flying: bool, climb_m_s: float, airspeed_m_s: float, dt_s: float) -> None:
        """Draw hover current, more when climbing or fast against the air; next to nothing on the ground."""
        load = 1.0 + 0.08 * max(0.0, climb_m_s) + 0.0008 * airspeed_m_s**2
        self.current_a = HOVER_A * load if flying else IDLE_A
        self.remaining = max(0.0, self.remaining - self.current_a * dt_s / 3.6 / CAPACITY_MAH)
