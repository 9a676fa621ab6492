"""Errors of the geofences room.

Tree::

    GeofenceError
    ├── InvalidGeometry     a value or outline that cannot be a place
    ├── OutsideTrack        a pose was asked for outside the recorded time span, or in a gap
    ├── UnlocatableRay      a pixel's ray does not meet the ground well enough to be a position
    └── ZoneFileError       a zone or permit file that cannot be used; names feature, field and remedy
"""

from __future__ import annotations


class GeofenceError(Exception):
    """Base of every error raised by this room; `code` is stable and machine readable."""

    code = "geofence_error"


class InvalidGeometry(GeofenceError):
    """A latitude, angle, size or outline out of its domain."""

    code = "invalid_geometry"


class OutsideTrack(GeofenceError):
    """No pose is known for the time asked: poses are interpolated, never extrapolated."""

    code = "outside_track"


class UnlocatableRay(GeofenceError):
    """The viewing ray points above the horizon, or grazes the ground below the accepted depression."""

    code = "unlocatable_ray"


class ZoneFileError(GeofenceError):
    """A zone or permit file is unusable.

    Attributes:
        path: the file, as given by the caller.
        feature: which feature (index or id), or None when the whole file is at fault.
        field: the property or geometry part at fault.
        fault: what is wrong.
        remedy: what to do about it.
    """

    code = "zone_file"

    def __init__(self, *, path: str, feature: str | None, field: str, fault: str, remedy: str) -> None:
        self.path = path
        self.feature = feature
        self.field = field
        self.fault = fault
        self.remedy = remedy
        where = path if feature is None else f"{path}: feature {feature}"
        super().__init__(f"{where}: {field}: {fault}. {remedy}")
