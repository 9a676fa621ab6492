"""Assembly: the one place that chooses adapters for a site. Everything heavy is imported when it is needed."""

from __future__ import annotations

import os
from importlib import metadata
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.delivery.case_system import CaseSystemAddress, CaseSystemClient
from pipeline.domain.frame import SourceKind
from pipeline.errors import BadInput
from pipeline.evidence.vault import FolderVault
from pipeline.store.case_store import SqlCaseStore

if TYPE_CHECKING:
    from pathlib import Path

    from detectors.detections import Engine
    from pipeline.run.examine import Examiner
    from pipeline.site import Site

# A thing not seen for this long, or for this many looks if they are slow, is another thing when it comes back.
LOST_AFTER_S = 3.0
LOST_AFTER_LOOKS = 5
# A decision is held back from delivery this long, so that it can be taken back.
UNDO_S = 20.0
SOFTWARE = f"offsite-enforcement {metadata.version('offsite-enforcement')}"


def open_store(site: Site) -> SqlCaseStore:
    """The site's case store, migrated to this program's version."""
    (site.folder / "store").mkdir(exist_ok=True)
    return SqlCaseStore(site.store_url, timezone=ZoneInfo(site.settings.site.timezone), undo_s=UNDO_S)


def open_vault(site: Site) -> FolderVault:
    """The site's evidence vault."""
    return FolderVault(site.vault_folder)


def model_folder(site: Site) -> Path:
    """The site's model: what its register has in service, else its own, else the one shipped.

    Raises:
        ModelUnusable: the register cannot be read.
    """
    from detectors.models_register import in_service  # noqa: PLC0415 - OpenCV is not in the CLI's import path

    return in_service(models_register(site), first_model(site)) if site.settings.model.models else first_model(site)


def models_register(site: Site) -> Path:
    """Where the site keeps its models.

    Raises:
        BadInput: it names no such folder.
    """
    if not site.settings.model.models:
        where, remedy = str(site.folder / "site.toml"), 'Name a folder for it, such as models = "models"'
        raise BadInput(path=where, field="model.models", fault="is empty", remedy=remedy)
    return site.folder / site.settings.model.models


def first_model(site: Site) -> Path:
    """The model a site starts with."""
    from detectors.model_folder import SHIPPED  # noqa: PLC0415 - OpenCV is not in the CLI's import path

    return site.folder / site.settings.model.folder if site.settings.model.folder else SHIPPED


def open_engine(site: Site, kind: SourceKind, *, long_side_px: int | None = None) -> Engine:
    """The site's detector, at the input size for that kind of source or at the given one.

    Raises:
        ModelUnusable: the weights are missing or altered, or the site names a GPU that cannot be used.
    """
    model = site.settings.model
    usual_px = model.camera_long_side_px if kind is SourceKind.CITY_EYE else model.drone_long_side_px
    if model.device != "cpu":
        return _open_on_gpu(model_folder(site), long_side_px=long_side_px or usual_px, device=model.device)
    from detectors.openvino_engine import OpenVinoEngine  # noqa: PLC0415 - OpenVINO is not in the CLI's import path

    return OpenVinoEngine(
        model_folder(site),
        long_side_px=long_side_px or usual_px,
        threads=model.threads,
        precision=model.precision or None,
    )


def _open_on_gpu(folder: Path, *, long_side_px: int, device: str) -> Engine:
    from detectors.errors import ModelUnusable  # noqa: PLC0415 - with the engine

    try:
        from detectors.torch_engine import open_torch_engine  # noqa: PLC0415 - torch only where a GPU is asked for
    except ImportError as error:
        msg = f'[model] device is {device!r}, which needs torch and ultralytics ({error}); install them or say "cpu"'
        raise ModelUnusable(msg) from error
    return open_torch_engine(folder, long_side_px=long_side_px, device=device)


def make_examiner(site: Site, kind: SourceKind, *, drill: bool = False) -> Examiner:
    """All that examining a look by that kind of source takes.

    Args:
        site: whose model, rules and vault.
        kind: how the source looks.
        drill: mark everything as an exercise.
    """
    from detectors.sign_reading import RapidOcrReader  # noqa: PLC0415 - OpenCV is not in the CLI's import path
    from detectors.tracker import ByteTracker  # noqa: PLC0415 - scipy is not in the CLI's import path
    from pipeline.geotag.tiles import TILE_PX  # noqa: PLC0415 - OpenCV is not in the CLI's import path
    from pipeline.run.examine import Examiner  # noqa: PLC0415 - the same
    from pipeline.run.look_close import Closely  # noqa: PLC0415 - the same

    return Examiner(
        engine=open_engine(site, kind),
        new_tracker=lambda look_hz: ByteTracker(
            look_hz,
            lost_after_s=max(LOST_AFTER_S, LOST_AFTER_LOOKS / look_hz),
            # Photographs are seconds apart: a thing need not be in two neighbouring ones to be a track.
            looks_until_tracked=1 if kind is SourceKind.STILLS else 2,
        ),
        ground=site.ground,
        index=site.index,
        rules=site.rules,
        vault=open_vault(site),
        software=SOFTWARE,
        drill=drill,
        reader=RapidOcrReader(),
        shops=site.shops,
        closely=Closely(
            new_native=lambda: open_engine(site, kind, long_side_px=TILE_PX),
            long_side_px=site.settings.model.drone_long_side_px,
        ),
    )


def make_sender(site: Site, *, url: str = "") -> CaseSystemClient:
    """The way to the site's case system.

    Args:
        site: whose settings are used.
        url: an address instead of the site's.

    Raises:
        BadInput: the site names none, or its token variable is unset.
    """
    delivery = site.settings.delivery
    where = str(site.folder / "site.toml")
    address = url or delivery.url
    if not address:
        raise BadInput(path=where, field="delivery.url", fault="is empty", remedy="Name the case system's address")
    token = os.environ.get(delivery.token_env, "") if delivery.token_env else ""
    if delivery.token_env and not token:
        raise BadInput(
            path=where,
            field="delivery.token_env",
            fault=f"the variable {delivery.token_env} is not set",
            remedy="Export the case system's token under that name",
        )
    return CaseSystemClient(CaseSystemAddress(url=address, token=token), timeout_s=delivery.timeout_s)
