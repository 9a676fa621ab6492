"""YOLOv8's loss, with the classification part silent where a class was not looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from ultralytics.utils.loss import v8DetectionLoss

if TYPE_CHECKING:
    from collections.abc import Sequence


class MaskedCrossEntropy(torch.nn.Module):
    """Binary cross-entropy per anchor and class, zero where `mask` is zero and nothing is assigned to the anchor.

    Attributes:
        mask: (batch, anchors, classes) 1 where the class was looked for, or None for no masking.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mask: torch.Tensor | None = None

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Unreduced loss, (batch, anchors, classes)."""
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        if self.mask is None:
            return loss
        assigned = target.sum(dim=-1, keepdim=True) > 0
        return loss * torch.where(assigned, 1.0, self.mask)


class MaskedDetectionLoss(v8DetectionLoss):  # type: ignore[misc]  # ultralytics is not typed
    """YOLOv8's detection loss with masked classification; the network's output is taken to float32 first."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model)
        self.bce = MaskedCrossEntropy()

    def loss(
        self, preds: dict[str, Any], batch: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss times batch size, and its parts, as ultralytics' trainer expects them."""
        looked_for = batch.get("looked_for")
        self.bce.mask = None if looked_for is None else anchor_mask(looked_for, preds["feats"])
        full = {"boxes": preds["boxes"].float(), "scores": preds["scores"].float(), "feats": preds["feats"]}
        result: tuple[torch.Tensor, dict[str, torch.Tensor]] = super().loss(full, batch)
        return result


def anchor_mask(looked_for: torch.Tensor, levels: Sequence[torch.Tensor]) -> torch.Tensor:
    """The mask per anchor: a coarse cell counts as looked at only if all fine cells under it do.

    Args:
        looked_for: (batch, classes, rows, columns) on the finest level's cells.
        levels: feature maps of the detection levels, finest first.

    Returns:
        (batch, anchors, classes) float32, anchors level by level, row by row.
    """
    missing = 1.0 - looked_for.float()
    parts = [
        1.0 - torch.nn.functional.adaptive_max_pool2d(missing, tuple(level.shape[2:])).flatten(2) for level in levels
    ]
    return torch.cat(parts, dim=2).permute(0, 2, 1).contiguous()
