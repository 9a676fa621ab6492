"""Finds pictures of a test set that training has seen in nearly the same form, by a perceptual hash.

Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1 (DCT).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors.picture_folder import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MOST_BITS = 6
"""Differing bits of 63 up to which two pictures are near duplicates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A picture and the training picture it nearly repeats, with the number of differing bits."""

    file: str
    train_file: str
    bits: int


def hash_of(path: Path) -> NDArray[np.bool_] | None:
    """(63,) low DCT frequencies above their median; None where the picture cannot be read."""
    grey = cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_4)
    if grey is None:
        return None
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()[1:]
    return np.asarray(low > np.median(low))


def find_twins(paths: Sequence[Path], train: Path) -> tuple[Twin, ...]:
    """The nearest training picture of each picture, where it is near enough.

    Args:
        paths: pictures of the test set.
        train: a picture folder with images/.
    """
    images = sorted(p for p in (train / "images").glob("*") if p.suffix.lower() in PICTURE_SUFFIXES)
    known = {path.name: bits for path in images if (bits := hash_of(path)) is not None}
    if not known:
        return ()
    names, table = list(known), np.array(list(known.values()))
    twins = []
    for path in paths:
        bits = hash_of(path)
        if bits is not None:
            apart = (table != bits).sum(axis=1)
            nearest = int(np.argmin(apart))
            if apart[nearest] <= MOST_BITS:
                twins.append(Twin(file=path.name, train_file=names[nearest], bits=int(apart[nearest])))
    return tuple(twins)
