"""The offences the product looks for; names are the detectors' class names."""

from __future__ import annotations

from enum import StrEnum


class Offence(StrEnum):
    """What kind of thing was seen. Whether it is unlawful is decided by rules, never by the detector."""

    DUST = "dust"
    TRAFFIC_CONE = "traffic_cone"
    ILLEGAL_SIGNAGE = "illegal_signage"
    COOKING_FUMES = "cooking_fumes"
