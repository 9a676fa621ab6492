"""One result of a checklist."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    name: str
    ok: bool
    measured: str
    required: str
    waivable: bool = False
    waived: str = ""

    @property
    def passes(self) -> bool:
        """Met, or waived where that is allowed."""
        return self.ok or (self.waivable and bool(self.waived))
