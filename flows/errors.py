"""Errors of the flows room.

Tree::

    FlowError
    ├── ChildFailed     a process of ours did not start, or ended with an error; carries the end of what it said
    ├── FlightFailed    a patrol did not take off or did not land as it should; names its flight log
    ├── AirspaceBusy    another flight of this site has the aircraft or the airspace
    └── DemoWrong       the demonstration ran, but what it found is not what was planted
"""

from __future__ import annotations

from detectors.errors import DetectorError
from flights.errors import FlightError
from geofences.errors import GeofenceError
from pipeline.errors import PipelineError


class FlowError(Exception):
    """Base of every error raised by this room; `code` is stable and machine readable."""

    code = "flow_error"


class ChildFailed(FlowError):
    """A child process failed; `tail` is the end of its output."""

    code = "child_failed"

    def __init__(self, name: str, tail: str) -> None:
        self.name = name
        self.tail = tail
        super().__init__(f"{name} failed: {tail}" if tail else f"{name} failed without saying why")


class FlightFailed(FlowError):
    """A patrol did not take off, or ended otherwise than landed; it is not tried again by itself."""

    code = "flight_failed"

    def __init__(self, sortie_id: str, what: str, log: str) -> None:
        self.sortie_id = sortie_id
        self.log = log
        super().__init__(f"{sortie_id}: {what}. Its log: {log}")


class AirspaceBusy(FlowError):
    """Another flight has the aircraft or the airspace; this one is neither flown nor kept waiting."""

    code = "airspace_busy"


class DemoWrong(FlowError):
    """The demonstration's result is not right."""

    code = "demo_wrong"


# What a command or a flow says in one line instead of a traceback.
OUR_ERRORS = (FlowError, PipelineError, GeofenceError, FlightError, DetectorError)
