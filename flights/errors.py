"""Errors of the flights room.

Tree::

    FlightError
    ├── PlanRefused         a survey plan that may not be flown; names the leg and the remedy
    ├── NotReleased         nobody who may release a flight has done so
    ├── SimulatorError      the simulated autopilot cannot be started as asked
    ├── FileUnusable        names file, row, field and remedy
    │   ├── PlanUnreadable  a file of a plan that cannot be read whole
    │   └── TelemetryError  a log from which nothing can be used
    └── AutopilotError
        ├── LinkLost            nothing was heard from the autopilot in time
        ├── CommandRefused      the autopilot answered, and said no
        └── TransferFailed      a mission, fence or rally list did not arrive whole
"""

from __future__ import annotations


class FlightError(Exception):
    """Base of every error raised by this room; `code` is stable and machine readable."""

    code = "flight_error"


class PlanRefused(FlightError):
    """A plan that may not be flown.

    Attributes:
        leg: which leg is at fault, as the plan names it.
        fault: what is wrong, with the number measured and the number allowed.
        remedy: what to do about it.
    """

    code = "plan_refused"

    def __init__(self, *, leg: str, fault: str, remedy: str) -> None:
        self.leg = leg
        self.fault = fault
        self.remedy = remedy
        super().__init__(f"{leg}: {fault}. {remedy}")


class NotReleased(FlightError):
    """A proposed flight that no pilot on duty has released; the message says who could."""

    code = "not_released"


class FileUnusable(FlightError):
    """A file from which nothing can be used.

    Attributes:
        path: the file, as given by the caller.
        row: the first row at fault, or None when the whole file is.
        field: the field at fault.
        fault: what is wrong.
        remedy: what to do about it.
    """

    code = "file_unusable"

    def __init__(self, *, path: str, row: int | None = None, field: str, fault: str, remedy: str) -> None:
        self.path = path
        self.row = row
        self.field = field
        self.fault = fault
        self.remedy = remedy
        where = path if row is None else f"{path}: row {row}"
        super().__init__(f"{where}: {field}: {fault}. {remedy}")


class PlanUnreadable(FileUnusable):
    """A file of a plan that cannot be read whole; nothing of it is flown."""

    code = "plan_unreadable"


class TelemetryError(FileUnusable):
    """A telemetry log that cannot be used at all."""

    code = "telemetry"


class SimulatorError(FlightError):
    """The simulated autopilot cannot be started as asked; the message names the argument and the remedy."""

    code = "simulator"


class AutopilotError(FlightError):
    """Something between us and the autopilot went wrong."""

    code = "autopilot"


class LinkLost(AutopilotError):
    """Nothing was heard from the autopilot within the time allowed."""

    code = "link_lost"


class CommandRefused(AutopilotError):
    """The autopilot answered a command, and the answer was not yes.

    Attributes:
        command: what was asked.
        result: the autopilot's own result name, or what was read back.
        reason: the autopilot's status texts at that moment, joined.
    """

    code = "command_refused"

    def __init__(self, *, command: str, result: str, reason: str = "") -> None:
        self.command = command
        self.result = result
        self.reason = reason
        super().__init__(f"{command}: {result}" + (f" ({reason})" if reason else ""))


class TransferFailed(AutopilotError):
    """A mission, fence or rally list did not arrive whole, or came back different."""

    code = "transfer_failed"
