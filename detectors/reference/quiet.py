"""Keeps ultralytics on this machine: no downloads, no installs, no telemetry, no settings in the home folder.

The rule kept here: `silence_ultralytics` runs before the first import of ultralytics. Source: stack.md, trap 4.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image

_PILLOW_OPEN = Image.open
FONT_NAMES = ("Arial.ttf", "Arial.Unicode.ttf")
"""Files ultralytics looks for before it would download them."""


def silence_ultralytics(settings_dir: Path | None = None) -> Path:
    """Set the environment that keeps ultralytics offline, and lay fonts where it looks for them.

    Args:
        settings_dir: where ultralytics may write its settings; a folder under the system's temporary one by default.

    Returns:
        The settings folder.
    """
    folder = settings_dir or Path(os.environ.get("YOLO_CONFIG_DIR", Path(tempfile.gettempdir()) / "offsite-yolo"))
    (folder / "Ultralytics").mkdir(parents=True, exist_ok=True)
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(folder), DO_NOT_TRACK="1")
    font = next(iter(sorted(Path("/usr/share/fonts").rglob("DejaVuSans.ttf"))), None)
    for name in FONT_NAMES:
        place = folder / "Ultralytics" / name
        if font is not None and not place.exists():
            shutil.copyfile(font, place)
    return folder


def give_back_pillow() -> None:
    """Undo ultralytics' replacement of `PIL.Image.open`, which would install plugins and hides Pillow's own errors.

    It replaces it for the whole process when it is imported, so this is called after each import of it.
    """
    Image.open = _PILLOW_OPEN
