"""Averages a fine-tuned checkpoint with its start: `python -m detectors.reference.averaging START TUNED SHARE OUT`.

What fine-tuning on drawn pictures gains on new sources and loses on known ones mostly adds up linearly between the two.
Source: Wortsman et al., Robust fine-tuning of zero-shot models (CVPR 2022).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import detectors.reference.training  # noqa: F401 - silences ultralytics and brings the classes that checkpoints name

if TYPE_CHECKING:
    from collections.abc import Mapping


def average(
    first: Mapping[str, torch.Tensor], second: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """The second's floating tensors, `share` of them and the rest of the first's; other tensors as they are."""
    return {
        name: first[name] * (1 - share) + own * share if own.is_floating_point() else own
        for name, own in second.items()
    }


def main(argv: list[str] | None = None) -> int:
    """Average from the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m detectors.reference.averaging", description=__doc__.splitlines()[0]
    )
    parser.add_argument("start", type=Path, help="weights the training started from (.pt)")
    parser.add_argument("tuned", type=Path, help="checkpoint after training (.pt)")
    parser.add_argument("share", type=float, help="of the tuned weights, 0 to 1")
    parser.add_argument("out", type=Path, help="checkpoint to write (.pt)")
    choice = parser.parse_args(argv)
    loaded: list[dict[str, Any]] = [
        torch.load(path, map_location="cpu", weights_only=False) for path in (choice.start, choice.tuned)
    ]
    start, tuned = ((held.get("ema") or held["model"]).float() for held in loaded)
    tuned.load_state_dict(average(start.state_dict(), tuned.state_dict(), choice.share))
    torch.save({**loaded[1], "ema": tuned.half(), "model": None}, choice.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
