"""Errors of the detectors room.

Tree::

    DetectorError
    ├── ModelUnusable       a model folder, weights file or manifest that is missing, altered or of the wrong kind
    ├── InvalidDetections   arrays that are no set of detections
    └── DatasetError        a training or evaluation folder that cannot be used
"""

from __future__ import annotations


class DetectorError(Exception):
    """Base of every error raised by this room; `code` is stable and machine readable."""

    code = "detector_error"


class ModelUnusable(DetectorError):
    """A model cannot be loaded; the message names the file, the fault and the remedy."""

    code = "model_unusable"


class InvalidDetections(DetectorError):
    """Shapes or values that are no detections."""

    code = "invalid_detections"


class DatasetError(DetectorError):
    """A picture set cannot be used; the message names the file and the fault."""

    code = "dataset"
