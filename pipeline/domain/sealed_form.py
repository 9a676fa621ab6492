"""Reading back the JSON this program writes for others: exactly the fields of a frozen dataclass, each of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ConfigDict, ValidationError

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# What a dataclass read by `parse_exactly` states as its `__pydantic_config__`.
EXACT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_Form = TypeVar("_Form")


def parse_exactly(form: TypeAdapter[_Form], content: str | bytes, *, name: str, remedy: str) -> _Form:
    """Read one JSON object.

    Args:
        form: of the dataclass.
        content: JSON.
        name: what it is, for the error.
        remedy: what to do when it is not that.

    Raises:
        BadInput: not JSON, or a field is missing, unknown or of the wrong type; names the first such field.
    """
    try:
        return form.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise BadInput(path=name, field=field, fault=first["msg"], remedy=remedy) from error
