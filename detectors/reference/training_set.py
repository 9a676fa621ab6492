"""The picture list of a training run as a torch data set, held in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from detectors.errors import DatasetError
from detectors.reference.augmentation import Easel, LoadedPicture, Sample, draw_long_side
from detectors.reference.synthesis import Synthesis, with_cloud
from detectors.reference.weather import under_weather

if TYPE_CHECKING:
    from detectors.picture_folder import LabelledPicture
    from detectors.reference.recipe import Recipe

RENDERED_LONG_SIDE_PX = (820.0, 1700.0)
"""Rendered frames are seen at 1280 px in use: this is that, a third less to a third more."""

RENDERED_SMALL_SHARE = 0.15
"""Share of rendered samples at the real pictures' scale, so that scale alone never tells the two apart."""

CLOUD_SHARE = 0.25
"""Of the drawn plumes: cloud, fog or a bank of steam instead, which has no source and is no finding."""

FAR_CLASSES = (1, 3)
FAR_LONG_SIDE_PX = (150.0, 380.0)
"""A picture of a plume or of cones shrunk to this looks as if taken from far away."""


class TrainingSet(torch.utils.data.Dataset[Sample]):
    """Real pictures, each as often as the recipe says, then places filled with rendered frames drawn at random."""

    def __init__(
        self, real: tuple[LabelledPicture, ...], rendered: tuple[LabelledPicture, ...], recipe: Recipe
    ) -> None:
        self._recipe = recipe
        self._pictures = [_load(picture) for picture in (*real, *rendered)]
        order = [row for row, picture in enumerate(real) for _ in range(recipe.repeat.get(picture.source, 1))]
        self._order = np.array(order, dtype=np.int64)
        self._rendered = np.arange(len(real), len(self._pictures))
        self._rendered_places = recipe.renderings_per_epoch if len(rendered) else 0
        draws = recipe.sign_share + recipe.plume_share > 0
        self._synthesis = Synthesis(self._pictures[: len(real)], recipe.seed) if draws else None
        self.mosaic = True
        self.labels = [{"cls": picture.class_id[:, None]} for picture in self._pictures]

    def __len__(self) -> int:
        """Samples an epoch."""
        return self._recipe.samples_per_epoch or self._listed

    @property
    def _listed(self) -> int:
        return len(self._order) + self._rendered_places

    def __getitem__(self, place: int) -> Sample:
        """One sample, drawn with the worker's own random numbers."""
        rng = np.random.default_rng(int(torch.randint(2**62, ()).item()))
        sample = self._draw(place, rng)
        return replace(sample, image_bgr=under_weather(sample.image_bgr, rng))

    def _draw(self, place: int, rng: np.random.Generator) -> Sample:
        side = self._recipe.input_px
        if self._recipe.samples_per_epoch:
            place = int(rng.integers(self._listed))
        easel = Easel(side, rng)
        if not (self.mosaic and rng.random() < self._recipe.mosaic_share):
            self._place(easel, place, (0, 0, side, side), rng, 1.0)
            return easel.finish()
        x, y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * side)
        regions = ((0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side))
        for region, at in zip(regions, (place, *rng.integers(self._listed, size=3).tolist()), strict=True):
            self._place(easel, at, region, rng, 0.7)
        return easel.finish()

    def close_mosaic(self, hyp: object) -> None:
        """Called by ultralytics before the last epochs."""
        del hyp
        self.mosaic = False

    def _place(
        self, easel: Easel, place: int, region: tuple[int, int, int, int], rng: np.random.Generator, shrink: float
    ) -> None:
        row = int(self._order[place]) if place < len(self._order) else int(rng.choice(self._rendered))
        low, high = float(self._recipe.long_side_low_px), float(self._recipe.long_side_high_px)
        if row in self._rendered and rng.random() >= RENDERED_SMALL_SHARE:
            low, high = RENDERED_LONG_SIDE_PX
        picture = self._pictures[row]
        if row not in self._rendered:
            if np.isin(picture.class_id, FAR_CLASSES).any() and rng.random() < self._recipe.far_share:
                low, high, shrink = *FAR_LONG_SIDE_PX, 1.0
            picture = self._draw_into(picture, rng)
        easel.place(picture, region, draw_long_side(rng, low, high) * shrink)

    def _draw_into(self, picture: LoadedPicture, rng: np.random.Generator) -> LoadedPicture:
        if self._synthesis is None:
            return picture
        chance = rng.random()
        if chance < self._recipe.sign_share:
            return self._synthesis.with_signs(picture, rng)
        if chance < self._recipe.sign_share + self._recipe.plume_share:
            return with_cloud(picture, rng) if rng.random() < CLOUD_SHARE else self._synthesis.with_plume(picture, rng)
        return picture

    @staticmethod
    def collate_fn(samples: list[Sample]) -> dict[str, object]:
        """A batch in ultralytics' layout, plus `looked_for`."""
        side = samples[0].image_bgr.shape[0]
        xyxy = np.concatenate([sample.xyxy_px for sample in samples]) / side
        xywh = np.concatenate([(xyxy[:, :2] + xyxy[:, 2:]) / 2, xyxy[:, 2:] - xyxy[:, :2]], axis=1)
        images = np.stack([sample.image_bgr[:, :, ::-1].transpose(2, 0, 1) for sample in samples])
        rows = np.repeat(np.arange(len(samples)), [len(sample.class_id) for sample in samples])
        return {
            "img": torch.from_numpy(images),
            "cls": torch.from_numpy(np.concatenate([sample.class_id for sample in samples])).float()[:, None],
            "bboxes": torch.from_numpy(xywh).float(),
            "batch_idx": torch.from_numpy(rows).float(),
            "looked_for": torch.from_numpy(np.stack([sample.looked_for for sample in samples])),
            "im_file": [],
        }


def _load(picture: LabelledPicture) -> LoadedPicture:
    image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{picture.path}: cannot be read as a picture; remove it or restore it"
        raise DatasetError(msg)
    return LoadedPicture(
        image_bgr=image.astype(np.uint8, copy=False),
        class_id=picture.class_id,
        xyxy_share=picture.xyxy_share,
        verified=picture.verified,
    )
