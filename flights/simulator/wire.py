"""Names for what goes over the wire."""

from __future__ import annotations

from typing import Any, TypeAlias

Message: TypeAlias = Any  # pymavlink has no types; every message has get_type(), and its fields as attributes
Params: TypeAlias = tuple[float, float, float, float, float, float, float]  # param1 to param7 of a MAV_CMD
