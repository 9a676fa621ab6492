"""Errors of the rendered scene.

Tree::

    SceneError
    ├── TruthFileError      a truth file that cannot be read
    └── Unrenderable        a camera or pose the renderer has no picture for
"""

from __future__ import annotations


class SceneError(Exception):
    """Base of every error raised by the scene; `code` is stable and machine readable."""

    code = "scene_error"


class TruthFileError(SceneError):
    """A truth file that is not one."""

    code = "truth_file"


class Unrenderable(SceneError):
    """A distorted lens, or a camera at or under the ground."""

    code = "unrenderable"
