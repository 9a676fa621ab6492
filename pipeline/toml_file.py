"""The one way our TOML files are read: parsed, checked against a typed model, faults named by file and field."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


class Entry(BaseModel):
    """Base of every table in our TOML files: immutable, unknown keys refused, every number finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


EntryT = TypeVar("EntryT", bound=Entry)


def read_toml(model: type[EntryT], path: Path) -> EntryT:
    """Read one TOML file into its typed model.

    Raises:
        BadInput: missing, not TOML, or a field is missing, unknown or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(
            path=str(path), field="file", fault="does not exist", remedy="Make a site with `offsite init FOLDER`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            path=str(path), field="file", fault=f"cannot be read as text ({error})", remedy="Give a UTF-8 TOML file"
        ) from error
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(
            path=str(path), field="syntax", fault=f"is not TOML: {error}", remedy="Mend the line named"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        known = f" (got {first['input']!r})" if not isinstance(first["input"], dict) else ""
        raise BadInput(
            path=str(path), field=field, fault=f"{first['msg']}{known}", remedy="See docs/site.md for this field"
        ) from error
