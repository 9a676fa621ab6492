"""Gives torchvision a box suppression operator where its compiled one does not fit the installed torch.

torchvision 0.28.0 exists only as a CUDA build. Beside a CPU torch its operators are absent and every ultralytics call
ends in `operator torchvision::nms does not exist`. `ensure_torchvision` declares `nms` with a plain CPU implementation
and disarms torchvision's own check. Where torchvision works natively it does nothing.
"""

from __future__ import annotations

import functools
import importlib

import torch


@functools.cache
def ensure_torchvision() -> torch.library.Library | None:
    """Make `torchvision.ops.nms` callable; idempotent.

    Returns:
        The operator library, which must stay alive as long as torchvision is used (the cache sees to that),
        or None where torchvision needed no help.
    """
    if _works_natively():
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch declares no types here
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]  # as above
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]  # as above
    library.impl("nms", suppress, "CPU")  # type: ignore[no-untyped-call]  # as above
    extension = importlib.import_module("torchvision.extension")
    vars(extension)["_assert_has_ops"] = _no_check
    return library


def suppress(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Greedy non-maximum suppression.

    Args:
        dets: (n, 4) left, top, right, bottom.
        scores: (n,) higher is kept first.
        iou_threshold: boxes overlapping a kept one by more than this are dropped.

    Returns:
        (k,) int64 rows kept, best first.
    """
    order = torch.argsort(scores, descending=True, stable=True)
    boxes = dets[order]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = torch.ones(len(order), dtype=torch.bool)
    kept = []
    for row in range(len(order)):
        if not alive[row]:
            continue
        kept.append(row)
        later = slice(row + 1, None)
        low = torch.maximum(boxes[row, :2], boxes[later, :2])
        high = torch.minimum(boxes[row, 2:], boxes[later, 2:])
        shared = (high - low).clamp(min=0).prod(dim=1)
        alive[later] &= shared <= iou_threshold * (areas[row] + areas[later] - shared)
    return order[torch.tensor(kept, dtype=torch.int64)]


def _works_natively() -> bool:
    try:
        importlib.import_module("torchvision")
        torch.ops.torchvision.nms  # noqa: B018 - the attribute access is the question
    except (RuntimeError, AttributeError, OSError):
        return False
    return True


def _no_check() -> None:
    """Stand in for torchvision's complaint that its compiled operators are absent."""
