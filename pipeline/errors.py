"""Errors of the pipeline room.

Tree::

    PipelineError
    ├── BadInput            something from outside is unusable; names file, field, fault, remedy (exit code 2)
    ├── StorageFull         the store or the vault has no room left; names the folder (exit code 2)
    ├── VaultCorrupt        bytes in the vault do not have the hash they are filed under
    ├── NotFound            no case, item or look of that id
    ├── IllegalTransition   a case cannot go from its state by that decision
    ├── StaleCase           the case changed since the officer saw it
    └── DeliveryFailed      the case system did not take an event; it stays in the outbox
"""

from __future__ import annotations


class PipelineError(Exception):
    """Base of every error raised by this room; `code` is stable and machine readable."""

    code = "pipeline_error"


class BadInput(PipelineError):
    """Something given from outside is unusable.

    Attributes:
        path: the file, folder, address or setting.
        field: the part of it at fault.
        fault: what is wrong.
        remedy: what to do about it.
    """

    code = "bad_input"

    def __init__(self, *, path: str, field: str, fault: str, remedy: str) -> None:
        self.path = path
        self.field = field
        self.fault = fault
        self.remedy = remedy
        super().__init__(f"{path}: {field}: {fault}. {remedy}")


class StorageFull(PipelineError):
    """No room is left where evidence or cases are kept; nothing half-written was left behind.

    Attributes:
        path: the file or folder that could not be written.
    """

    code = "storage_full"

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path}: no space left on the device. Free space or move the site, then run the same again")


class VaultCorrupt(PipelineError):
    """Stored bytes do not match the hash they are filed under."""

    code = "vault_corrupt"


class NotFound(PipelineError):
    """No such case, evidence item or look."""

    code = "not_found"


class IllegalTransition(PipelineError):
    """The decision is not open from the case's state."""

    code = "illegal_transition"


class StaleCase(PipelineError):
    """The case has moved on since it was shown; look again before deciding."""

    code = "stale_case"


class DeliveryFailed(PipelineError):
    """The case system refused an event or could not be reached; the event stays in the outbox."""

    code = "delivery_failed"
